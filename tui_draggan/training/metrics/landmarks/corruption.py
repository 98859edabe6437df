"""What renders go through before the landmark network learns from them.

Light blur, noise and contrast, since generated pictures are not as clean as renders; heavy ones
and covered parts, since the network must learn when not to be sure; and pictures that are no
critters at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.training.metrics.landmarks.network import SIDE

BROKEN = 1 / 16
"""Share of pictures that are made into none of a critter."""
HEAVY = 1 / 8
"""Share that suffers much."""
LIGHT_BLUR, HEAVY_BLUR = 1.6, 5.0
"""Greatest standard deviation in pixels."""
LIGHT_NOISE, HEAVY_NOISE = 0.12, 0.6
"""Greatest standard deviation; a picture is 2 deep."""
_REACH = 8
"""Radius of the blurring kernel in pixels; the heaviest blurs are cut off there."""


@dataclass(frozen=True)
class Corrupted:
    """image (N, 3, SIDE, SIDE); places (N, K, 2) where the landmarks are now; critter (N,) bool.

    strength (N, 3): blur, noise and contrast in [0, 1] of the heavy ones' greatest.
    """

    image: Tensor
    places: Tensor
    critter: Tensor
    strength: Tensor


def corrupted(image: Tensor, places: Tensor, random: torch.Generator) -> Corrupted:
    """Corrupt pictures (N, 3, SIDE, SIDE) with landmarks at `places` (N, K, 2)."""
    count = len(image)
    broken = max(1, round(count * BROKEN))
    heavy = (torch.rand(count, generator=random) < HEAVY).float()
    image, places = moved(image, places, random)
    image = torch.cat((_no_critters(image[:broken], image[broken:], random), image[broken:]))
    blur = _some(count, random) * (LIGHT_BLUR + (HEAVY_BLUR - LIGHT_BLUR) * heavy)
    noise = _some(count, random) * (LIGHT_NOISE + (HEAVY_NOISE - LIGHT_NOISE) * heavy)
    contrast = _some(count, random)
    image = blurred(image, blur)
    sign = torch.randint(0, 2, (count,), generator=random) * 2.0 - 1.0
    gain = (1.0 + 0.3 * sign * contrast)[:, None, None, None]
    shift = 0.2 * contrast[:, None, None, None] * torch.randn(count, 3, 1, 1, generator=random)
    image = image * gain + shift
    image = image + noise[:, None, None, None] * torch.randn(image.shape, generator=random)
    for i in heavy.nonzero().flatten().tolist():
        _cover(image[i], random)
    strength = torch.stack((blur / HEAVY_BLUR, noise / HEAVY_NOISE, contrast), dim=1)
    return Corrupted(image.clamp(-1.0, 1.0), places, torch.arange(count) >= broken, strength)


def moved(image: Tensor, places: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Half of the pictures turned by up to 0.12 rad, scaled by up to 8 %, shifted by up to 6 px."""
    count = len(image)
    some = (torch.rand(count, generator=random) < 0.5).float()
    angle, size, x, y = (torch.rand(4, count, generator=random) * 2.0 - 1.0) * some
    scale = torch.exp(0.08 * size)
    cos, sin = (0.12 * angle).cos() * scale, (0.12 * angle).sin() * scale
    shift = torch.stack((x, y), 1) * (12.0 / SIDE)
    turn = torch.stack((torch.stack((cos, -sin), 1), torch.stack((sin, cos), 1)), 1)
    matrix = torch.cat((turn, shift[:, :, None]), dim=2)
    grid = F.affine_grid(matrix, list(image.shape), align_corners=False)
    image = F.grid_sample(image, grid, padding_mode="border", align_corners=False)
    # The grid says where a new pixel comes from, so places go the other way.
    unit = (places + 0.5) * (2.0 / SIDE) - 1.0
    unit = torch.linalg.solve(turn, (unit - shift[:, None]).mT).mT
    return image, (unit + 1.0) * (SIDE / 2.0) - 0.5


def blurred(image: Tensor, deviation: Tensor) -> Tensor:
    """Gaussian blur of each picture by its own standard deviation (N,) in pixels."""
    steps = torch.arange(-_REACH, _REACH + 1)
    weights = torch.exp(-0.5 * (steps / deviation.clamp(min=0.2)[:, None]) ** 2)
    weights = (weights / weights.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)
    count, taps = len(image), len(steps)
    x = image.reshape(1, count * 3, *image.shape[2:])
    for kernel, padding in (
        ((1, taps), (_REACH, _REACH, 0, 0)),
        ((taps, 1), (0, 0, _REACH, _REACH)),
    ):
        x = F.pad(x, padding, mode="reflect")
        x = F.conv2d(x, weights.view(count * 3, 1, *kernel), groups=count * 3)
    return x.view_as(image)


def _some(count: int, random: torch.Generator) -> Tensor:
    """Strengths (N,) in [0, 1], half of them 0."""
    drawn = torch.rand(2, count, generator=random)
    return drawn[0] * (drawn[1] < 0.5)


def _no_critters(image: Tensor, others: Tensor, random: torch.Generator) -> Tensor:
    """Of these pictures: shuffled tiles, a mixture with another, upside down, or mere spots."""
    kinds = torch.randint(0, 4, (len(image),), generator=random).tolist()
    made = []
    for i, (picture, kind) in enumerate(zip(image, kinds, strict=True)):
        if kind == 0:
            tiles = F.unfold(picture[None], 16, stride=16)
            order = torch.randperm(tiles.shape[2], generator=random)
            made.append(F.fold(tiles[:, :, order], (SIDE, SIDE), 16, stride=16)[0])
        elif kind == 1:
            made.append(torch.lerp(picture, others[i % len(others)].flip(2), 0.5))
        elif kind == 2:
            made.append(picture.flip(1))
        else:
            size = 2 ** int(torch.randint(1, 7, (1,), generator=random))
            spots = torch.randn(1, 3, size, size, generator=random)
            made.append(F.interpolate(spots, (SIDE, SIDE), mode="bilinear")[0])
    return torch.stack(made)


def _cover(picture: Tensor, random: torch.Generator) -> None:
    """Lay a rectangle of one colour over a part of the picture (3, SIDE, SIDE)."""
    x, y = torch.randint(0, SIDE, (2,), generator=random).tolist()
    width, height = torch.randint(SIDE // 8, SIDE // 2, (2,), generator=random).tolist()
    colour = torch.rand(3, 1, 1, generator=random) * 2.0 - 1.0
    picture[
        :, max(y - height // 2, 0) : y + height // 2, max(x - width // 2, 0) : x + width // 2
    ] = colour
