"""Painting a mask: every tool takes a mask (H, W) and gives another, as values do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tui_draggan.arrays import Bytes
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Point
from tui_draggan.size import Size


def everything(size: Size) -> Mask:
    """All of the picture may change."""
    return np.ones(size, np.bool_)


def stroke(mask: Mask, places: Sequence[Point], radius: float, allowed: bool) -> Mask:
    """With what lies within `radius` pixels of a line through the places."""
    painted = mask.copy()
    for start, end in zip(places, places[1:] or places, strict=False):
        left, right = sorted((start[0], end[0]))
        top, bottom = sorted((start[1], end[1]))
        reach = int(radius) + 1
        rows = slice(max(0, top - reach), bottom + reach + 1)
        columns = slice(max(0, left - reach), right + reach + 1)
        y = np.arange(rows.start, min(rows.stop, mask.shape[0]), dtype=np.float32)[:, None]
        x = np.arange(columns.start, min(columns.stop, mask.shape[1]), dtype=np.float32)[None]
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = max(dx * dx + dy * dy, 1)
        along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / length, 0, 1)
        near = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy) <= radius
        painted[rows, columns][near] = allowed
    return painted


def rectangle(mask: Mask, corner: Point, opposite: Point, allowed: bool) -> Mask:
    """With a rectangle, both corners in it."""
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(corner, opposite, strict=True))
    painted = mask.copy()
    painted[top : bottom + 1, left : right + 1] = allowed
    return painted


def polygon(mask: Mask, places: Sequence[Point], allowed: bool) -> Mask:
    """With what lies inside the polygon of those corners, and on its edge."""
    canvas = Image.fromarray(mask.astype(np.uint8))
    if len(places) > 1:
        ImageDraw.Draw(canvas).polygon(list(places), fill=int(allowed), outline=int(allowed))
    return np.asarray(canvas).astype(np.bool_)


def flood(mask: Mask, picture: Bytes, place: Point, tolerance: float, allowed: bool) -> Mask:
    """With what hangs together with a place of the picture (H, W, 3) and differs from it by no
    more than `tolerance` levels of 255, in the mean of the three colours."""
    x, y = place
    differs = np.abs(picture.astype(np.int16) - picture[y, x].astype(np.int16)).mean(axis=-1)
    alike = differs <= tolerance
    found = np.zeros_like(alike)
    found[y, x] = True
    while True:
        spread = _along_rows(_along_rows(found, alike).T, alike.T).T
        if (spread == found).all():
            break
        found = spread
    painted = mask.copy()
    painted[found] = allowed
    return painted


def grow(mask: Mask) -> Mask:
    """A pixel wider, to the four sides."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def shrink(mask: Mask) -> Mask:
    """A pixel narrower; at the picture's border it stays."""
    return ~grow(~mask)


def counts_around(values: Mask, reach: int) -> NDArray[np.int32]:
    """(H, W) how many of the square of 2·reach + 1 around each pixel are True; the border's values
    go on beyond it."""
    counts = np.pad(values, reach, mode="edge").astype(np.int32)
    for axis in (0, 1):
        sums = np.cumsum(counts, axis=axis, dtype=np.int32)
        first = np.zeros_like(sums.take([0], axis=axis))
        sums = np.concatenate([first, sums], axis=axis)
        ends = np.arange(2 * reach + 1, sums.shape[axis])
        counts = sums.take(ends, axis=axis) - sums.take(ends - 2 * reach - 1, axis=axis)
    return counts


def _along_rows(found: Mask, alike: Mask) -> Mask:
    """With every run of a row that holds one of those found."""
    width = alike.shape[1]
    flat = np.pad(alike, ((0, 0), (0, 1))).ravel()  # so that no run goes on in the next row
    starts = np.flatnonzero(flat & ~np.concatenate([[False], flat[:-1]]))
    if not len(starts):
        return found
    ends = np.flatnonzero(flat & ~np.concatenate([flat[1:], [False]]))
    hits = np.concatenate([[0], np.cumsum(np.pad(found, ((0, 0), (0, 1))).ravel())])
    kept = hits[ends + 1] > hits[starts]
    change = np.zeros(len(flat) + 1, np.int8)
    change[starts[kept]] += 1
    change[ends[kept] + 1] -= 1
    runs: Mask = np.cumsum(change[:-1]).astype(np.bool_).reshape(-1, width + 1)[:, :width]
    return runs
