"""Pairs of latents and renders, drawn while training: no pair is ever seen twice.

Half of the pairs are mixed: where things are comes from one z, what colours they have from
another. The generator makes them from two w, so its rows learn what they are for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import PARTS
from tui_draggan.training.critters.parameters import (
    SPECIES,
    Z_DIM,
    parameters_from_z,
    recoloured,
)
from tui_draggan.training.critters.renderer import TOGETHER, render_parts

_PART_WEIGHTS = {"eyes": 4.0, "nose": 4.0, "mouth": 4.0, "muzzle": 4.0, "ears": 2.0}
"""Weight of a part's pixels: eyes and mouth are few and decide how a face looks, ears end in tips
that are dragged."""


@dataclass(frozen=True)
class RenderPairs:
    """N latents, each with the picture that the renderer draws from it.

    z, z_colour (N, Z_DIM): of shapes and of colours, mostly the same. species (N,) int64.
    image (N, 3, H, W) in [-1, 1]. weight (N, 1, H, W), at least 1: how much a pixel counts; a
    part's weight reaches one pixel beyond it, where sharpness is decided.
    """

    z: Tensor
    z_colour: Tensor
    species: Tensor
    image: Tensor
    weight: Tensor

    def of(self, which: slice) -> RenderPairs:
        """Some of the pairs."""
        return RenderPairs(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def to(self, device: torch.device) -> RenderPairs:
        return RenderPairs(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def draw_pairs(
    count: int,
    resolution: int,
    seed: tuple[int, int],
    mixed: float = 0.0,
    device: torch.device | str = "cpu",
    share: slice = slice(None),
) -> RenderPairs:
    """Draw `share` of `count` pairs; the same seed gives the same pairs.

    mixed: share of pairs whose colours come from another z of the same species.
    """
    random = np.random.default_rng(seed)
    z, other = (_gaussian(random, count) for _ in range(2))
    species = torch.from_numpy(random.integers(len(SPECIES), size=count))
    is_mixed = torch.from_numpy(random.random(count) < mixed)
    z_colour = torch.where(is_mixed[:, None], other, z)
    z, z_colour, species = (x[share].to(device) for x in (z, z_colour, species))
    parameters = recoloured(parameters_from_z(z, species), parameters_from_z(z_colour, species))
    together = TOGETHER if z.device.type == "cpu" else count
    renders = list(render_parts(parameters, resolution, together))
    weight = _pixel_weights(torch.cat([one.mask for one in renders]))
    return RenderPairs(z, z_colour, species, torch.cat([one.image for one in renders]), weight)


def species_labels(species: Tensor) -> Tensor:
    """One-hot labels (N, len(SPECIES)) of species (N,)."""
    return torch.nn.functional.one_hot(species, len(SPECIES)).float()


def _pixel_weights(mask: Tensor) -> Tensor:
    """Weights (N, 1, H, W) of the pixels of masks (N, H, W)."""
    by_part = torch.tensor([_PART_WEIGHTS.get(name, 1.0) for name in PARTS], device=mask.device)
    return torch.nn.functional.max_pool2d(by_part[mask.long()][:, None], 3, stride=1, padding=1)


def _gaussian(random: np.random.Generator, count: int) -> Tensor:
    return torch.from_numpy(random.standard_normal((count, Z_DIM), dtype=np.float32))
