"""Pictures from half cells: each character cell shows two dots, «▀» in one colour on another.

Straight from numpy to Textual's strips, a few milliseconds for a whole screen; who shows them
repaints changed rows only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_draggan.arrays import Bytes

Codes = NDArray[np.int32]

UPPER_HALF = "▀"


class Depth(Enum):
    """How many colours the terminal shows."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    STANDARD = "16"


@dataclass(frozen=True)
class TextCell:
    """One character that stands on the picture."""

    text: str
    colour: tuple[int, int, int]
    background: tuple[int, int, int]


TextCells = Mapping[tuple[int, int], TextCell]
"""By (row, column) in cells."""

# The 256-colour palette of xterm: a cube of 6×6×6 from 16 on, a grey ramp from 232 on.
_CUBE = np.array([0, 95, 135, 175, 215, 255])
_CUBE_EDGES = (_CUBE[1:] + _CUBE[:-1]) / 2
_SIXTEEN = np.array(
    [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
        [128, 0, 128],
        [0, 128, 128],
        [192, 192, 192],
        [128, 128, 128],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [0, 0, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ]
)
# Ordered dithering (Bayer, 4×4): a fixed pattern, so that dots at rest do not flicker.
_BAYER = (
    np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 15 - 0.5
)
_DITHER = {Depth.EIGHT_BIT: 26.0, Depth.STANDARD: 72.0}


def depth_of(colour_system: str | None) -> Depth:
    """The depth behind Rich's name for a terminal's colours."""
    return {"truecolor": Depth.TRUE, "256": Depth.EIGHT_BIT}.get(
        colour_system or "", Depth.STANDARD
    )


def colour_codes(dots: Bytes, depth: Depth) -> Codes:
    """Dots (H, W, 3) → what the terminal is told for each (H, W): 0xRRGGBB or a palette index."""
    if depth is Depth.TRUE:
        wide = dots.astype(np.int32)
        return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    height, width = dots.shape[:2]
    pattern = np.tile(_BAYER, (-(-height // 4), -(-width // 4)))[:height, :width, None]
    values = np.clip(dots + pattern * _DITHER[depth], 0, 255)
    if depth is Depth.EIGHT_BIT:
        return _eight_bit(values)
    distances = ((values[..., None, :] - _SIXTEEN) ** 2).sum(-1)
    return distances.argmin(-1).astype(np.int32)


def _eight_bit(values: NDArray[np.floating]) -> Codes:
    cube = np.searchsorted(_CUBE_EDGES, values)
    grey = np.clip(np.rint((values.mean(-1) - 8) / 10), 0, 23)
    cube_error = ((_CUBE[cube] - values) ** 2).sum(-1)
    grey_error = ((8 + 10 * grey[..., None] - values) ** 2).sum(-1)
    index = 16 + 36 * cube[..., 0] + 6 * cube[..., 1] + cube[..., 2]
    return np.where(grey_error < cube_error, 232 + grey, index).astype(np.int32)


def to_grey(dots: Bytes) -> Bytes:
    """The same in grey, for those who want no colours."""
    luma = dots @ np.array([0.299, 0.587, 0.114])
    return np.repeat(np.rint(luma)[..., None], 3, axis=-1).astype(np.uint8)


def grey_text(cell: TextCell) -> TextCell:
    """A character in grey."""
    both = to_grey(np.array([[cell.colour, cell.background]], np.uint8))[0].tolist()
    return TextCell(cell.text, tuple(both[0]), tuple(both[1]))


class PictureStrip(Strip):
    """A row of 24-bit cells that goes straight to escape sequences.

    Its segments, one object or three for every cell, are made only for those who ask: a dialog
    above the picture, a screenshot.
    """

    __slots__ = ("_lower", "_made", "_upper")

    def __init__(self, upper: Codes, lower: Codes) -> None:
        self._upper, self._lower = upper, lower
        self._made: list[Segment] | None = None
        super().__init__((), len(upper))

    @property
    def _segments(self) -> list[Segment]:
        if self._made is None:
            self._made = _segments(self._upper, self._lower, Depth.TRUE)
        return self._made

    @_segments.setter
    def _segments(self, segments: list[Segment]) -> None:
        """Strip sets it when it is made."""

    def render(self, console: Console) -> str:
        """The escape sequences, kept."""
        if self._render_cache is None:
            runs = [
                _true_codes(upper if upper != lower else None, lower)
                + (UPPER_HALF if upper != lower else " ") * length
                for upper, lower, length in _runs(self._upper, self._lower)
            ]
            self._render_cache = "".join(runs) + "\x1b[0m"
        return self._render_cache


def row_strip(
    upper: Codes, lower: Codes, depth: Depth, row: int = 0, texts: TextCells | None = None
) -> Strip:
    """One row of cells from two lines of codes (W,)."""
    width = len(upper)
    here = {column: cell for (y, column), cell in (texts or {}).items() if y == row}
    if depth is Depth.TRUE and not here:
        return PictureStrip(upper, lower)
    strip = Strip(_segments(upper, lower, depth), width)
    for column, cell in sorted(here.items()):
        if 0 <= column < width:
            strip = _with_text(strip, column, cell, depth)
    return strip


def _runs(upper: Codes, lower: Codes) -> Iterator[tuple[int, int, int]]:
    """Neighbouring cells that look the same: (upper code, lower code, how many)."""
    breaks = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1
    starts = np.concatenate([[0], breaks]) if len(upper) else breaks
    lengths = np.diff(np.append(starts, len(upper)))
    return zip(upper[starts].tolist(), lower[starts].tolist(), lengths.tolist(), strict=True)


def _segments(upper: Codes, lower: Codes, depth: Depth) -> list[Segment]:
    return [_segment(*run, depth) for run in _runs(upper, lower)]


def _segment(upper: int, lower: int, length: int, depth: Depth) -> Segment:
    if upper == lower:
        return Segment(" " * length, _style(None, lower, depth))
    return Segment(UPPER_HALF * length, _style(upper, lower, depth))


def _with_text(strip: Strip, column: int, cell: TextCell, depth: Depth) -> Strip:
    colours = np.array([[cell.colour, cell.background]], np.uint8)
    front, back = colour_codes(colours, depth)[0].tolist()
    style = _style(front, back, depth) + Style(bold=True)
    middle = Strip([Segment(cell.text, style)], 1)
    return Strip.join([strip.crop(0, column), middle, strip.crop(column + 1)])


def _style(front: int | None, back: int, depth: Depth) -> Style:
    if depth is Depth.TRUE:
        return _true_style(front, back)
    return _palette_style(front, back, depth)


@lru_cache(maxsize=16384)
def _palette_style(front: int | None, back: int, depth: Depth) -> Style:
    kind = ColorType.EIGHT_BIT if depth is Depth.EIGHT_BIT else ColorType.STANDARD
    colours = [None if code is None else Color("", kind, number=code) for code in (front, back)]
    return Style.from_color(*colours)


@lru_cache(maxsize=32768)
def _true_colour(code: int) -> Color:
    triplet = ColorTriplet(code >> 16, (code >> 8) & 255, code & 255)
    return Color("", ColorType.TRUECOLOR, triplet=triplet)


def _true_style(front: int | None, back: int) -> Style:
    """A style that knows its escape sequence: Rich would work it out and keep it in `_ansi`."""
    style = Style.from_color(None if front is None else _true_colour(front), _true_colour(back))
    style._ansi = _true_codes(front, back)[2:-1]
    return style


def _true_codes(front: int | None, back: int) -> str:
    ansi = f"48;2;{back >> 16};{(back >> 8) & 255};{back & 255}m"
    if front is None:
        return f"\x1b[{ansi}"
    return f"\x1b[38;2;{front >> 16};{(front >> 8) & 255};{front & 255};{ansi}"
