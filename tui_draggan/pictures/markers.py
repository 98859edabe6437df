"""Handles, targets, arrows and the crosshair, painted into pictures.

Everything is a signed distance to a shape, in pixels of the canvas, so the same few lines serve
canvases of forty pixels and full-size exports. Handles (filled disc) and targets (ring) differ by
shape and by colour; the colours are two of Okabe and Ito's, told apart by every kind of eye, and a
dark outline keeps them visible on any picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes, Floats

Place = tuple[float, float]
Colour = tuple[int, int, int]

HANDLE: Colour = (230, 159, 0)
TARGET: Colour = (86, 180, 233)
LINE: Colour = (245, 245, 245)
OUTLINE: Colour = (18, 18, 24)
DIM = 0.6
"""Strength of a crosshair that makes itself small."""


@dataclass(frozen=True)
class PairMark:
    """One pair in canvas pixels (x, y), pixel centres at whole numbers."""

    number: int
    handle: Place
    target: Place | None
    """None while it is not set yet."""
    selected: str = ""
    """`handle` or `target` where one of them is selected: drawn with a light rim."""


@dataclass(frozen=True)
class Sizes:
    """Radius of a handle's disc and half widths of lines and outlines, in canvas pixels."""

    disc: float
    line: float
    outline: float

    @property
    def ring(self) -> float:
        """Radius of a target's ring."""
        return 1.5 * self.disc

    @property
    def crosshair(self) -> float:
        """Length of the crosshair's arms."""
        return 2.0 * self.disc + 1.6

    @staticmethod
    def for_canvas(side: int) -> Sizes:
        """For a picture of that side; readable from 40 pixels up."""
        disc = min(max(1.6, side / 48), max(1.6, 4.0 + side / 128))
        return Sizes(disc, max(0.45, disc / 6), max(0.75, disc / 4))


def draw_markers(
    image: Bytes,
    pairs: Sequence[tuple[Place, Place]],
    scale: int = 1,
    numbers: Sequence[int] | None = None,
) -> Bytes:
    """A copy of a picture (H, W, 3 or 4), `scale` times as large, with handle → target pairs on it.

    Points are pixels of the picture as given. numbers: of the pairs; else 1, 2, ….
    """
    if scale > 1:
        height, width = image.shape[:2]
        enlarged = Image.fromarray(image).resize(
            (width * scale, height * scale), Image.Resampling.LANCZOS
        )
        image = np.asarray(enlarged)

    def place(point: Place) -> Place:
        return (point[0] + 0.5) * scale - 0.5, (point[1] + 0.5) * scale - 0.5

    marks = [
        PairMark(number, place(handle), place(target))
        for number, (handle, target) in zip(numbers or count(1), pairs, strict=False)
    ]
    canvas = image.copy()
    paint_pairs(canvas, marks, Sizes.for_canvas(min(canvas.shape[:2])), numbers=True)
    return canvas


def paint_pairs(
    canvas: Bytes, marks: Sequence[PairMark], sizes: Sizes, numbers: bool = False
) -> None:
    """Paints pairs into a canvas (H, W, 3 or 4), in place; `numbers`: also into the discs."""
    for mark in marks:
        if mark.target is not None:
            _paint_arrow(canvas, mark.handle, mark.target, sizes)
    for mark in marks:
        if mark.target is not None:
            _paint_ring(canvas, mark.target, sizes, mark.selected == "target")
    for mark in marks:
        _paint_disc(canvas, mark.handle, sizes, mark.selected == "handle")
        if numbers and sizes.disc >= 3.5:
            _paint_number(canvas, mark.number, mark.handle, sizes.disc)


def paint_line(canvas: Bytes, start: Place, end: Place, sizes: Sizes) -> None:
    """The line from a fresh handle to the cursor, while its target is not set yet."""
    box = _box(canvas, [start, end], sizes.line + sizes.outline + 1)
    distance = _to_segment(box, start, end)
    _blend(canvas, box, distance - sizes.line - sizes.outline, OUTLINE)
    _blend(canvas, box, distance - sizes.line, LINE)


def paint_crosshair(canvas: Bytes, at: Place, sizes: Sizes, small: bool = False) -> None:
    """Four thin arms round an open middle: what lies under it stays visible. small: a dim cross
    inside of a target's ring."""
    x, y = round(at[0]), round(at[1])
    inner, outer = sizes.disc + 0.6, sizes.crosshair
    strokes = [(OUTLINE, 0.8 * sizes.outline, 1.0), (LINE, 0.0, 1.0)]
    if small:
        inner, outer = 0.0, 0.6 * sizes.disc
        strokes = [(LINE, 0.0, DIM)]
    for colour, grow, strength in strokes:
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            start = (x + dx * inner, y + dy * inner)
            end = (x + dx * outer, y + dy * outer)
            box = _box(canvas, [start, end], sizes.line + grow + 1)
            shape = _to_segment(box, start, end) - sizes.line - grow
            _blend(canvas, box, shape, colour, strength)


def paint_brush(canvas: Bytes, at: Place, radius: float, sizes: Sizes) -> None:
    """The rim of a brush of that radius, in canvas pixels."""
    box = _box(canvas, [at], radius + sizes.line + sizes.outline + 1)
    rim = np.abs(_to_point(box, at) - radius) - sizes.line
    _blend(canvas, box, rim - sizes.outline, OUTLINE)
    _blend(canvas, box, rim, LINE)


def paint_corners(canvas: Bytes, places: Sequence[Place], sizes: Sizes) -> None:
    """The edges from corner to corner of what is being drawn."""
    for start, end in itertools.pairwise(places):
        paint_line(canvas, start, end, sizes)


# -- shapes ------------------------------------------------------------------------------------


def _paint_disc(canvas: Bytes, at: Place, sizes: Sizes, selected: bool) -> None:
    box = _box(canvas, [at], 2.2 * sizes.disc + 2)
    distance = _to_point(box, at)
    if selected:
        _blend(canvas, box, distance - sizes.disc - 2 * sizes.outline, LINE)
    _blend(canvas, box, distance - sizes.disc - sizes.outline, OUTLINE)
    _blend(canvas, box, distance - sizes.disc, HANDLE)


def _paint_ring(canvas: Bytes, at: Place, sizes: Sizes, selected: bool) -> None:
    radius, half = sizes.ring, max(0.65, sizes.disc / 3.5)
    box = _box(canvas, [at], 2.6 * sizes.disc + 3)
    distance = _to_point(box, at)
    ring = np.abs(distance - radius) - half
    if selected:
        _blend(canvas, box, np.abs(distance - radius) - half - 2 * sizes.outline, LINE)
    _blend(canvas, box, np.maximum(ring - sizes.outline, radius - distance - half - 0.2), OUTLINE)
    _blend(canvas, box, ring, TARGET)


def _paint_arrow(canvas: Bytes, start: Place, end: Place, sizes: Sizes) -> None:
    length = math.dist(start, end)
    if length < 3 * sizes.disc:
        return
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    stop = 1.5 * sizes.disc + 2 * sizes.outline
    tip = (end[0] - ux * stop, end[1] - uy * stop)
    barb = 1.9 * sizes.disc
    lines = [(start, tip)]
    for side in (-1, 1):
        back = (
            tip[0] - barb * (ux * 0.8 - side * uy * 0.6),
            tip[1] - barb * (uy * 0.8 + side * ux * 0.6),
        )
        lines.append((tip, back))
    box = _box(canvas, [start, end, lines[1][1], lines[2][1]], sizes.outline + sizes.line + 1)
    distance = np.minimum.reduce([_to_segment(box, *line) for line in lines])
    _blend(canvas, box, distance - sizes.line - sizes.outline, OUTLINE)
    _blend(canvas, box, distance - sizes.line, LINE)


# 3×5 digits: each number holds five rows of three bits, from the top.
_DIGITS = (31599, 11415, 29671, 29647, 23497, 31183, 31215, 29257, 31727, 31695)


def _paint_number(canvas: Bytes, number: int, at: Place, radius: float) -> None:
    digits, ink = str(number), _opaque(OUTLINE)[: canvas.shape[2]]
    dot = max(1, int(radius * 1.5 / (5 if len(digits) == 1 else 4 * len(digits) - 1)))
    width = (4 * len(digits) - 1) * dot
    left, top = round(at[0] - (width - 1) / 2), round(at[1] - (5 * dot - 1) / 2)
    for index, digit in enumerate(digits):
        bits = _DIGITS[int(digit)]
        for row in range(5):
            for column in range(3):
                if bits >> (14 - 3 * row - column) & 1:
                    x, y = left + (4 * index + column) * dot, top + row * dot
                    canvas[max(0, y) : max(0, y + dot), max(0, x) : max(0, x + dot)] = ink


# -- distances ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Box:
    """The part of the canvas a shape may touch."""

    rows: slice
    columns: slice

    @property
    def grid(self) -> tuple[Floats, Floats]:
        y = np.arange(self.rows.start, self.rows.stop, dtype=np.float32)[:, None]
        x = np.arange(self.columns.start, self.columns.stop, dtype=np.float32)[None, :]
        return x, y


def _box(canvas: Bytes, places: Sequence[Place], margin: float) -> _Box:
    def clip(values: Sequence[float], end: int) -> slice:
        low = min(end, max(0, math.floor(min(values) - margin)))
        return slice(low, max(low, min(end, math.ceil(max(values) + margin) + 1)))

    height, width = canvas.shape[:2]
    return _Box(clip([y for _, y in places], height), clip([x for x, _ in places], width))


def _to_point(box: _Box, at: Place) -> Floats:
    x, y = box.grid
    distance: Floats = np.hypot(x - np.float32(at[0]), y - np.float32(at[1]))
    return distance


def _to_segment(box: _Box, start: Place, end: Place) -> Floats:
    x, y = box.grid
    dx, dy = end[0] - start[0], end[1] - start[1]
    squared = max(dx * dx + dy * dy, 1e-9)
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / squared, 0, 1)
    distance: Floats = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
    return distance


def _blend(
    canvas: Bytes, box: _Box, distance: Floats, colour: Colour, strength: float = 1.0
) -> None:
    """Covers what lies inside (distance < 0), with an edge one pixel soft. strength: 1 is opaque,
    as marks are."""
    cover = strength * np.clip(0.5 - distance, 0, 1)[..., None]
    part = canvas[box.rows, box.columns]
    paint = _opaque(colour)[: canvas.shape[2]].astype(np.float32)
    canvas[box.rows, box.columns] = np.rint(part + (paint - part) * cover)


def _opaque(colour: Colour) -> Bytes:
    """(4,) with the opacity of a picture that has any."""
    return np.array([*colour, 255], np.uint8)
