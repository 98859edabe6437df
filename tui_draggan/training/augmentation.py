"""Adaptive discriminator augmentation: the discriminator sees real and generated pictures through
the same random changes, each made with probability p, so that few pictures suffice.

Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020), appendix B:
pixel blitting, geometry and colour, without filtering and noise. What the probability is for is
section 3; maps are sampled bilinearly, mirrored at the border.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """Changes of N pictures.

    places (N, 2, 3): where in the old picture a point of the new one lies, both in [-1, 1].
    colours (N, 3, 4): linear map of RGB, and what is added.
    """

    places: Tensor
    colours: Tensor

    def of(self, which: slice) -> Augmentation:
        return Augmentation(self.places[which], self.colours[which])


def draw_augmentation(count: int, p: float, random: torch.Generator) -> Augmentation:
    """Changes for `count` pictures, each kind with probability p; on the CPU."""
    draws = _Draws(count, p, random)
    return Augmentation(_places(draws)[:, :2], _colours(draws)[:, :3])


def augmented(images: Tensor, augmentation: Augmentation | None) -> Tensor:
    """Pictures (N, 3, H, W) in [-1, 1], changed; as they are for None. Differentiable once."""
    if augmentation is None:
        return images
    places = augmentation.places.to(images.device)
    colours = augmentation.colours.to(images.device)
    grid = F.affine_grid(places, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    mixed = torch.einsum("nij,njhw->nihw", colours[:, :, :3], moved)
    return mixed + colours[:, :, 3, None, None]


class _Draws:
    """Random numbers, one a picture, which are neutral where a coin says so."""

    def __init__(self, count: int, p: float, random: torch.Generator) -> None:
        self.count = count
        self.p = p
        self._random = random

    def uniform(self) -> Tensor:
        return torch.rand(self.count, generator=self._random)

    def normal(self) -> Tensor:
        return torch.randn(self.count, generator=self._random)

    def maybe(self, value: Tensor, neutral: float, p: float | None = None) -> Tensor:
        chosen = self.uniform() < (self.p if p is None else p)
        return torch.where(chosen, value, torch.full_like(value, neutral))


def _places(draws: _Draws) -> Tensor:
    """(N, 3, 3), the product of all changes of place."""
    total = torch.eye(3).expand(draws.count, 3, 3)
    # Pixel blitting.
    flip = draws.maybe(1.0 - 2.0 * (draws.uniform() < 0.5).float(), 1.0)
    total = total @ _scaling(flip, torch.ones_like(flip))
    quarters = (draws.uniform() * 4).floor() * (math.pi / 2)
    total = total @ _rotation(draws.maybe(quarters, 0.0))
    x, y = (draws.uniform() * 0.5 - 0.25 for _ in range(2))
    total = total @ _translation(*_both(draws, x, y, 0.0))
    # Geometry.
    scale = draws.maybe(torch.exp2(0.2 * draws.normal()), 1.0)
    total = total @ _scaling(scale, scale)
    # Twice, before and after the stretch, so that one of them happens with probability p.
    once = 1.0 - math.sqrt(1.0 - draws.p)
    total = total @ _rotation(draws.maybe((draws.uniform() * 2 - 1) * math.pi, 0.0, once))
    stretch = draws.maybe(torch.exp2(0.2 * draws.normal()), 1.0)
    total = total @ _scaling(stretch, 1.0 / stretch)
    total = total @ _rotation(draws.maybe((draws.uniform() * 2 - 1) * math.pi, 0.0, once))
    x, y = (draws.normal() * 0.25 for _ in range(2))
    return total @ _translation(*_both(draws, x, y, 0.0))


def _colours(draws: _Draws) -> Tensor:
    """(N, 4, 4), the product of all changes of colour."""
    grey = torch.ones(3) / math.sqrt(3)
    along = torch.outer(grey, grey)
    rest = torch.eye(3) - along
    brightness = draws.maybe(0.2 * draws.normal(), 0.0)
    total = _affine(torch.eye(3).expand(draws.count, 3, 3), brightness)
    zero = torch.zeros(draws.count)
    contrast = draws.maybe(torch.exp2(0.5 * draws.normal()), 1.0)
    total = _affine(contrast[:, None, None] * torch.eye(3), zero) @ total
    flip = draws.maybe(1.0 - 2.0 * (draws.uniform() < 0.5).float(), 1.0)
    total = _affine(flip[:, None, None] * along + rest, zero) @ total
    angle = draws.maybe((draws.uniform() * 2 - 1) * math.pi, 0.0)[:, None, None]
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    total = _affine(along + angle.cos() * rest + angle.sin() * cross, zero) @ total
    saturation = draws.maybe(torch.exp2(draws.normal()), 1.0)
    return _affine(along + saturation[:, None, None] * rest, zero) @ total


def _both(draws: _Draws, x: Tensor, y: Tensor, neutral: float) -> tuple[Tensor, Tensor]:
    """Two values under one coin."""
    chosen = draws.uniform() < draws.p
    other = torch.full_like(x, neutral)
    return torch.where(chosen, x, other), torch.where(chosen, y, other)


def _affine(linear: Tensor, offset: Tensor) -> Tensor:
    matrix = torch.eye(4).repeat(len(offset), 1, 1)
    matrix[:, :3, :3] = linear
    matrix[:, :3, 3] = offset[:, None]
    return matrix


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack((x, y, torch.ones_like(x)), 1))


def _rotation(angle: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(angle), 1, 1)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1], matrix[:, 1, 0] = -angle.sin(), angle.sin()
    return matrix


def _translation(x: Tensor, y: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(x), 1, 1)
    matrix[:, 0, 2], matrix[:, 1, 2] = x, y
    return matrix
