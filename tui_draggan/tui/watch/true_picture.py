"""The sample grid in the terminal's own pixels: kitty's protocol or sixel."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tui_draggan.pictures import pixels
from tui_draggan.pictures.graphics import Display
from tui_draggan.tui.watch.picture import GridPicture
from tui_draggan.tui.workarounds import write_through

LONGEST = 1536
"""Pixels of the longer side at most; kitty enlarges."""
FIRST_NUMBER = 0x650000
"""Of kitty's pictures, 24 bits; two exist at a time."""


class TrueGridPicture(GridPicture):
    """A grid whose pictures are encoded in a thread of their own."""

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(id)
        self._display_as = display
        self._encoder = pixels.Encoder(self._delivered)
        self._next = (0, Region())
        """Number and cells of the picture that is being encoded."""
        self._made = 0
        self._number = 0
        """Of kitty's picture on the screen."""
        self._cells_shown = Region()
        self._sixels = ""

    def on_mount(self) -> None:
        self._encoder.start()

    def on_unmount(self) -> None:
        self._encoder.stop()
        self._encoder.join(5)
        if self._number:
            write_through(self.app, pixels.kitty_deleted(self._number))

    def paint(self) -> None:
        if self._image is None:
            self.refresh()
            return
        place = self.place
        width = min(place.width, pixels.MOST_CELLS)
        cells = Region(place.x, place.y, width, min(place.height, pixels.MOST_CELLS))
        self._made += 1
        kitty = self._display_as.graphics == "kitty"
        number = FIRST_NUMBER + self._made % 0xFFFF if kitty else 0
        self._encoder.submit(lambda: self._encoded(cells, number))

    def _encoded(self, cells: Region, number: int) -> str:
        """In the encoder's thread."""
        width = cells.width * self._display_as.cell_width
        height = cells.height * self._display_as.cell_height
        if number:
            shrink = min(1.0, LONGEST / max(width, height))
            width, height = max(1, round(width * shrink)), max(1, round(height * shrink))
        canvas = self.canvas(width, height)
        self._next = number, cells
        if number:
            return pixels.kitty_sent(canvas, number, cells.width, cells.height)
        return pixels.sixel(canvas)

    def _delivered(self, data: str) -> None:
        """In the encoder's thread."""
        number, cells = self._next
        if self.is_attached:
            self.app.call_later(self._take, data, number, cells)

    def _take(self, data: str, number: int, cells: Region) -> None:
        self._cells_shown = cells
        if number:
            old, self._number = self._number, number
            write_through(self.app, data)
            if old:
                self.call_after_refresh(write_through, self.app, pixels.kitty_deleted(old))
        self._sixels = "" if number else data
        self.refresh()

    def _draw(self) -> None:
        """Sixels over the cells."""
        if self._sixels and self._image is not None and self.is_attached:
            place = self._cells_shown.offset + self.content_region.offset
            write_through(self.app, pixels.at_place(self._sixels, place.x, place.y))

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._sixels:
            self.call_after_refresh(self._draw)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        if self._image is None:
            return super().render_line(y)
        blank = Style(bgcolor=self.background_colors[1].rich_color)
        width, cells = self.size.width, self._cells_shown
        row = y - cells.y
        if not self._number or not 0 <= row < cells.height or cells.right > width:
            return Strip.blank(width, blank)
        number = self._number
        colour = Color.from_rgb(number >> 16, (number >> 8) & 255, number & 255)
        return Strip(
            [
                Segment(" " * cells.x, blank),
                Segment(pixels.kitty_cells(row, cells.width), Style(color=colour)),
                Segment(" " * (width - cells.right), blank),
            ],
            width,
        )
