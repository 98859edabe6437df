"""The part of a picture that a place belongs to, by the model's own features.

Features of one part are alike in direction once their mean over the picture is taken off: so a part
is what hangs together with the place and is nearer to its feature than half as far as the picture's
median is. Looked at twice: first from the feature at the place, then from the mean of what that
found, which is less an accident of the place.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes, Floats, cell_means
from tui_draggan.edit import brush
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Point
from tui_draggan.size import Size

NEAR = 0.45
"""Share of the picture's median distance within which features belong together."""
LOOKS = 2


def part_at(features: Floats, place: Point, size: Size) -> Mask:
    """features (C, h, w) of a picture of that size → (H, W) the part at a place of it, smoothed; at
    least what is nearest to the place."""
    apart = features - features.mean(axis=(1, 2), keepdims=True)
    lengths = np.linalg.norm(apart, axis=0)
    height, width = features.shape[1:]
    x, y = place
    sought = apart[:, y * height // size.height, x * width // size.width]
    part = brush.stroke(np.zeros(size, bool), [place], size.shorter / 32, True)
    for _ in range(LOOKS):
        scale = np.maximum(lengths * np.linalg.norm(sought), np.float32(1e-12))
        distance = _enlarged(1 - np.tensordot(sought, apart, axes=1) / scale, size)
        found = _hanging_together(distance <= NEAR * np.median(distance), place)
        if not found.any():
            break
        part = found
        inside = cell_means(part, Size(height, width))
        sought = (apart * inside).sum(axis=(1, 2)) / max(float(inside.sum()), 1e-6)
    return _smoothed(part, max(1, round(size.shorter / 128)))


def known_part_at(parts: Bytes, place: Point) -> Mask:
    """parts (H, W), numbers of parts → (H, W) what hangs together of the part at a place."""
    x, y = place
    return _hanging_together(parts == parts[y, x], place)


def _enlarged(values: Floats, size: Size) -> Floats:
    """(h, w) → (H, W), bilinear."""
    picture = Image.fromarray(np.asarray(values, np.float32))
    return np.asarray(picture.resize((size.width, size.height), Image.Resampling.BILINEAR))


def _hanging_together(alike: Mask, place: Point) -> Mask:
    """What of it hangs together with the place; nothing where that is not alike."""
    nothing = np.zeros_like(alike)
    if not alike[place[1], place[0]]:
        return nothing
    picture = np.repeat(alike[..., None], 3, axis=2).astype(np.uint8) * np.uint8(255)
    return brush.flood(nothing, picture, place, 0.0, True)


def _smoothed(mask: Mask, reach: int) -> Mask:
    """What most of the square around each pixel is; the mask where nothing would be left."""
    smooth: Mask = 2 * brush.counts_around(mask, reach) > (2 * reach + 1) ** 2
    return smooth if smooth.any() else mask
