"""Masks that the renderer knows: the part of a critter that a landmark belongs to.

The renderer draws the same critters from the same z as the generator.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tui_draggan.api import Model
from tui_draggan.arrays import Bytes
from tui_draggan.bench.score.edits import Edit, Point
from tui_draggan.edit import brush
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.mask import Mask
from tui_draggan.training.critters import LANDMARKS, PARTS, parameters_from_z, render

PART_OF = dict(
    zip(
        LANDMARKS,
        ("ears", "ears", "ears", "ears", "eyes", "eyes", "nose", "mouth", "muzzle"),
        strict=True,
    )
)
"""Part of each landmark."""
ROOM = 4 / 128
"""How far a mask reaches beyond the part and its way, as a share of the picture's width."""


def drawn_parts(model: Model, latent: Latent) -> Bytes:
    """(H, W) indices into `PARTS`, of a picture with a seed, ψ 1."""
    origin = latent.origin
    assert isinstance(origin, Seed) and origin.label is not None
    z = np.random.RandomState(origin.seed).randn(1, model.info.z_dim).astype(np.float32)
    drawn = render(
        parameters_from_z(torch.from_numpy(z), torch.tensor([origin.label])),
        model.info.size.width,
    )
    parts: Bytes = drawn.mask[0].numpy()
    return parts


def part_at(parts: Bytes, part: str, place: Point) -> Mask:
    """What hangs together of that part, nearest to a place; nothing where there is none."""
    is_part: Mask = parts == PARTS.index(part)
    rows, columns = np.nonzero(is_part)
    if not len(rows):
        return is_part
    nearest = int(((rows - place[1]) ** 2 + (columns - place[0]) ** 2).argmin())
    picture = np.repeat(is_part[..., None], 3, axis=2).astype(np.uint8) * 255
    begin = int(columns[nearest]), int(rows[nearest])
    return brush.flood(np.zeros_like(is_part), picture, begin, 0.0, True)


def with_part_masks(edit: Edit, parts: Bytes) -> Edit:
    """The edit with a mask of the dragged parts and their ways to the targets, with some room."""
    mask = np.zeros(parts.shape, bool)
    reach = max(1, round(ROOM * parts.shape[1]))
    for number, handle, target in zip(edit.landmarks, edit.handles, edit.targets, strict=True):
        part = part_at(parts, PART_OF[LANDMARKS[number]], handle)
        way = np.subtract(target, handle)
        for step in range(int(np.abs(way).max()) + 1):
            dx, dy = np.rint(way * step / max(1, int(np.abs(way).max()))).astype(int)
            mask |= _shifted(part, dx, dy)
        mask = brush.stroke(mask, [handle, target], 0.5, True)
    for _ in range(reach):
        mask = brush.grow(mask)
    return replace(edit, mask=mask)


def _shifted(mask: Mask, dx: int, dy: int) -> Mask:
    """Moved so many pixels; what leaves the picture is gone."""
    height, width = mask.shape
    moved = np.zeros_like(mask)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + dy, columns + dx
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    moved[rows[inside], columns[inside]] = True
    return moved
