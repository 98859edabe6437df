"""Pairs of latents and drawn critters, drawn while training: no pair is ever seen twice.

Half of the pairs are mixed: where things are comes from one z, what colours they have from
another. The generator makes them from two w, so its rows learn what they are for.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tui_draggan.training.critters import (
    PARTS,
    SPECIES,
    Z_DIM,
    parameters_from_z,
    recoloured,
    render,
)

_WEIGHTS = {"eyes": 4.0, "nose": 4.0, "mouth": 4.0, "muzzle": 4.0, "ears": 2.0}
"""How many times the pixels of a part count: eyes and mouth are few and decide how a face looks,
ears end in tips that are dragged."""
_CHUNK = 8
"""Pictures drawn together: more do not fit the processor's cache."""


@dataclass(frozen=True)
class Pairs:
    """Pairs to learn from.

    z, z_colour (N, Z_DIM): of shapes and of colours, mostly the same. species (N,) int64.
    image (N, 3, H, W) in [-1, 1]. weight (N, 1, H, W), at least 1: how much a pixel counts; a
    part's weight reaches one pixel beyond it, where sharpness is decided.
    """

    z: Tensor
    z_colour: Tensor
    species: Tensor
    image: Tensor
    weight: Tensor

    def of(self, which: slice) -> "Pairs":
        return Pairs(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def to(self, device: torch.device) -> "Pairs":
        return Pairs(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def draw_batch(
    count: int,
    resolution: int,
    seed: tuple[int, int],
    mixed: float = 0.0,
    device: torch.device | str = "cpu",
    share: slice = slice(None),
) -> Pairs:
    """Draw ``share`` of ``count`` pairs; the same seed gives the same pairs.

    mixed: share of pairs whose colours come from another z of the same species.
    """
    random = np.random.default_rng(seed)
    z, other = (_gaussian(random, count) for _ in range(2))
    species = torch.from_numpy(random.integers(len(SPECIES), size=count))
    is_mixed = torch.from_numpy(random.random(count) < mixed)
    z_colour = torch.where(is_mixed[:, None], other, z)
    z, z_colour, species = (x[share].to(device) for x in (z, z_colour, species))
    parameters = recoloured(parameters_from_z(z, species), parameters_from_z(z_colour, species))
    chunk = _CHUNK if z.device.type == "cpu" else len(z)
    drawn = [
        render(
            {name: value[start : start + chunk] for name, value in parameters.items()}, resolution
        )
        for start in range(0, len(z), chunk)
    ]
    mask = torch.cat([d.mask for d in drawn])
    of_part = torch.tensor([_WEIGHTS.get(name, 1.0) for name in PARTS], device=mask.device)
    weight = torch.nn.functional.max_pool2d(of_part[mask.long()][:, None], 3, stride=1, padding=1)
    return Pairs(z, z_colour, species, torch.cat([d.image for d in drawn]), weight)


def one_hot(species: Tensor) -> Tensor:
    """Labels (N, len(SPECIES)) of species (N,)."""
    return torch.nn.functional.one_hot(species, len(SPECIES)).float()


def _gaussian(random: np.random.Generator, count: int) -> Tensor:
    return torch.from_numpy(random.standard_normal((count, Z_DIM), dtype=np.float32))
