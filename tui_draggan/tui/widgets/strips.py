"""Half blocks as Textual's strips: from numpy to escape sequences in a few milliseconds a screen.

Rich and Textual work out a style for every cell and keep it; here a row goes straight to its
sequences. For that a strip sets what they keep to themselves: `Strip._segments` and
`_render_cache`, `Style._ansi`. Wanted: a public strip of ready sequences.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_draggan.tui.terminal.colours import Codes, Depth, colour_codes
from tui_draggan.tui.terminal.half_blocks import (
    UPPER_HALF,
    TextCell,
    TextCells,
    escape_sequence,
    runs,
)


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

    def crop(self, start: int, end: int | None = None) -> Strip:
        """The cells from `start` to before `end`."""
        start = max(0, start)
        end = self.cell_length if end is None else min(self.cell_length, end)
        if start == 0 and end == self.cell_length:
            return self
        if end <= start:
            return Strip([], 0)
        return PictureStrip(self._upper[start:end], self._lower[start:end])

    def render(self, console: Console) -> str:
        """The escape sequences, kept."""
        if self._render_cache is None:
            cells = [
                escape_sequence(upper if upper != lower else None, lower)
                + (UPPER_HALF if upper != lower else " ") * length
                for upper, lower, length in runs(self._upper, self._lower)
            ]
            self._render_cache = "".join(cells) + "\x1b[0m"
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


def _segments(upper: Codes, lower: Codes, depth: Depth) -> list[Segment]:
    return [_segment(*run, depth) for run in runs(upper, lower)]


def _segment(upper: int, lower: int, length: int, depth: Depth) -> Segment:
    if upper == lower:
        return Segment(" " * length, _style(None, lower, depth))
    return Segment(UPPER_HALF * length, _style(upper, lower, depth))


def _with_text(strip: Strip, column: int, cell: TextCell, depth: Depth) -> Strip:
    colours = np.array([[cell.colour, cell.background]], np.uint8)
    front, back = colour_codes(colours, depth, mixed=False)[0].tolist()
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
    style._ansi = escape_sequence(front, back)[2:-1]
    return style
