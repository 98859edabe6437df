"""A picture in a widget in the terminal's own pixels: kitty's protocol or sixel.

Kitty's placeholders are cells like others. Sixels, and pictures of kitty's protocol where there are
no placeholders, lie over the cells: they are drawn past the compositor, and taken away for dialogs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import count

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal import kitty, sixel
from tui_draggan.tui.terminal.encoder import Encoder
from tui_draggan.tui.terminal.graphics import Display, in_tmux
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.workarounds import write_through

Canvas = Callable[[int, int], Bytes]
"""(width, height) → what is to be seen (height, width, 3)."""
MOST_CELLS = len(kitty.NUMBERS)
"""Rows and columns of a picture that kitty's protocol can number."""

_FIRST = (1 + secrets.randbelow(255)) << 16
"""Number before those of kitty's pictures, which have 24 bits. Programs in the panes of one
terminal share its numbers, and have no way to agree on them."""
_NUMBERS = count(1)
"""One count for the program: for a moment two widgets are there."""


class PixelSurface:
    """The picture of one widget, encoded in a thread of its own; two exist at a time."""

    def __init__(self, widget: Widget, display: Display, longest: int) -> None:
        """longest: pixels of the longer side at most, where kitty can enlarge."""
        self._widget = widget
        self._display = display
        self._longest = longest
        self._encoder = Encoder(self._deliver)
        self._next = (0, Region())
        """Number and cells of the picture that is being encoded."""
        self._number = 0
        """Number of kitty's picture on the screen."""
        self._cells = Region()
        self._overlay = ""
        """Message that draws over the cells: sixels, or where kitty places its picture."""
        self._is_placed = False
        """Whether kitty's picture lies there."""
        self._canvas: Canvas | None = None
        """Picture that was shown last."""
        self._stand_in = HalfBlockSurface(widget)
        """Surface behind a dialog, which lies on cells: sixels would lie on the dialog, and kitty's
        placeholders lose their numbers with their colours when the cells are dimmed."""
        self._stood_in_for: tuple[Canvas, Region] | None = None
        """Picture that the stand-in shows, and its cells."""

    def start(self) -> None:
        """The widget is there."""
        self._encoder.start()

    def stop(self) -> None:
        """The widget goes."""
        self._encoder.stop()
        self._encoder.join(5)
        if self._number:
            self._write(kitty.deleted(self._number))

    def show(self, cells: Region, canvas: Canvas) -> None:
        """Shows a picture on those cells of the widget when it is encoded; what is beyond
        MOST_CELLS stays blank."""
        cells = Region(
            cells.x, cells.y, min(cells.width, MOST_CELLS), min(cells.height, MOST_CELLS)
        )
        self._canvas = canvas
        is_kitty = self._display.graphics == "kitty"
        number = _FIRST + next(_NUMBERS) % 0xFFFF if is_kitty else 0
        self._encoder.submit(lambda: self._encode(cells, canvas, number))

    def forget(self) -> None:
        """There is no picture any more; nothing is drawn over the cells again."""
        self._uncover()
        self._overlay, self._canvas, self._stood_in_for = "", None, None
        self._stand_in.forget()

    def before_lines(self) -> None:
        """The cells below the overlay are about to be written, which takes sixels away."""
        canvas, cells = self._canvas, self._cells
        if self._covered:
            self._uncover()
        if self._covered and canvas is not None and self._stood_in_for != (canvas, cells):
            self._stood_in_for = canvas, cells
            if cells.area:
                self._stand_in.show(cells, canvas(cells.width, 2 * cells.height))
        elif self._overlay and not self._covered:
            self._widget.call_after_refresh(self.draw)

    def _uncover(self) -> None:
        """Takes away a picture that kitty has placed, which no cell can be written over."""
        if self._is_placed:
            self._is_placed = False
            self._write(kitty.removed(self._number))

    @property
    def _covered(self) -> bool:
        """Whether a dialog lies over the widget's screen."""
        return self._widget.app.screen is not self._widget.screen

    def draw(self) -> None:
        """The overlay, unless a dialog lies there."""
        widget = self._widget
        if self._overlay and widget.is_attached and not self._covered:
            self._is_placed = self._number > 0
            place = self._cells.offset + widget.content_region.offset
            self._write(sixel.at_place(self._overlay, place.x, place.y))

    def line(self, y: int) -> Strip:
        """The widget's line: kitty's placeholders, or blank; half blocks behind a dialog."""
        if self._covered:
            return self._stand_in.line(y)
        blank = Style(bgcolor=self._widget.background_colors[1].rich_color)
        width, cells, number = self._widget.size.width, self._cells, self._number
        row = y - cells.y
        if not number or self._display.placed or not 0 <= row < cells.height or cells.right > width:
            return Strip.blank(width, blank)
        colour = Color.from_rgb(number >> 16, (number >> 8) & 255, number & 255)
        return Strip(
            [
                Segment(" " * cells.x, blank),
                Segment(kitty.placeholders(row, cells.width), Style(color=colour)),
                Segment(" " * (width - cells.right), blank),
            ],
            width,
        )

    def _encode(self, cells: Region, canvas: Canvas, number: int) -> str:
        """In the encoder's thread."""
        width = cells.width * self._display.cell_width
        height = cells.height * self._display.cell_height
        if number:
            shrink = min(1.0, self._longest / max(width, height))
            width, height = max(1, round(width * shrink)), max(1, round(height * shrink))
        picture = canvas(width, height)
        self._next = number, cells
        if number:
            return kitty.sent(picture, number, cells.width, cells.height, self._display.placed)
        return sixel.encode(picture)

    def _deliver(self, data: str) -> None:
        """In the encoder's thread."""
        if self._widget.is_attached:
            self._widget.app.call_later(self._take, data, *self._next)

    def _take(self, data: str, number: int, cells: Region) -> None:
        moved, self._cells = cells != self._cells, cells
        if number:
            old, self._number = self._number, number
            self._write(data)
            if self._display.placed:
                self._overlay = kitty.placed(number, cells.width, cells.height)
                self.draw()
            else:
                self._widget.refresh()
            if old:
                self._widget.call_after_refresh(self._write, kitty.deleted(old))
            return
        self._overlay = data
        if moved:
            self._widget.refresh()  # and draws again
        else:
            self.draw()

    def _write(self, data: str) -> None:
        if self._display.graphics == "kitty" and in_tmux():
            data = kitty.through_tmux(data)
        write_through(self._widget.app, data)
