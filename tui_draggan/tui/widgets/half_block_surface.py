"""A picture in a widget in half blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal import half_blocks
from tui_draggan.tui.terminal.colours import Depth, colour_codes, depth_of
from tui_draggan.tui.terminal.half_blocks import TextCells
from tui_draggan.tui.widgets.strips import row_strip

NEAR = 3
"""Columns between two cells that are written in one go, at most."""


class HalfBlockSurface:
    """The picture of one widget; repaints changed cells only."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._cells = Region()
        self._codes = np.zeros((0, 0), np.int32)
        self._texts: TextCells = {}

    def start(self) -> None:
        """Nothing runs beside the widget."""

    def stop(self) -> None:
        """Nothing runs beside the widget."""

    def show(self, cells: Region, dots: Bytes, texts: TextCells | None = None) -> None:
        """Shows dots (2·rows, columns, 3) on those cells of the widget, characters upon them."""
        texts = texts or {}
        if self._widget.app.no_color:
            dots = half_blocks.to_grey(dots)
            texts = {place: half_blocks.grey_text(cell) for place, cell in texts.items()}
        codes = colour_codes(dots, self._depth)
        old, old_cells, old_texts = self._codes, self._cells, self._texts
        self._codes, self._cells, self._texts = codes, cells, texts
        if cells != old_cells or codes.shape != old.shape:
            self._widget.refresh()
            return
        changed = (old[0::2] != codes[0::2]) | (old[1::2] != codes[1::2])
        for (row, column), _ in old_texts.items() ^ texts.items():
            if row < changed.shape[0] and column < changed.shape[1]:
                changed[row, column] = True
        regions = list(_runs(changed, cells))
        if regions:
            self._widget.refresh(*regions)

    def forget(self) -> None:
        """There is no picture any more."""
        self._codes, self._cells, self._texts = np.zeros((0, 0), np.int32), Region(), {}

    def before_lines(self) -> None:
        """Its lines are all there is to draw."""

    def line(self, y: int) -> Strip:
        """The widget's line."""
        width, cells, codes = self._widget.size.width, self._cells, self._codes
        row = y - cells.y
        if not 0 <= row < len(codes) // 2 or cells.right > width:
            return Strip.blank(width, self._background)
        strip = row_strip(codes[2 * row], codes[2 * row + 1], self._depth, row, self._texts)
        if cells.width == width:
            return strip
        left = Strip.blank(cells.x, self._background)
        right = Strip.blank(width - cells.right, self._background)
        return Strip.join([left, strip, right])

    @property
    def _depth(self) -> Depth:
        return depth_of(self._widget.app.console.color_system)

    @property
    def _background(self) -> Style:
        return Style(bgcolor=self._widget.background_colors[1].rich_color)


def _runs(changed: NDArray[np.bool_], cells: Region) -> Iterator[Region]:
    """Cells (rows, columns) of a picture that changed, as regions of its widget. A few between two
    that did not are taken along: going round them costs as much as writing them again."""
    for row in np.flatnonzero(changed.any(axis=1)).tolist():
        columns = np.flatnonzero(changed[row])
        breaks = np.flatnonzero(np.diff(columns) > NEAR)
        starts = columns[np.append(0, breaks + 1)].tolist()
        ends = columns[np.append(breaks, len(columns) - 1)].tolist()
        for start, end in zip(starts, ends, strict=True):
            yield Region(cells.x + start, cells.y + row, end - start + 1, 1)
