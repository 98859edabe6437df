"""The picture in the terminal's own pixels: kitty's protocol or sixel."""

from __future__ import annotations

from itertools import count

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tui_draggan.pictures import pixels
from tui_draggan.pictures.graphics import Display
from tui_draggan.pictures.view import View
from tui_draggan.tui.scene import Scene, painted
from tui_draggan.tui.widgets.picture import PicturePanel
from tui_draggan.tui.workarounds import write_through

LONGEST = 768
"""Pixels of the longer side at most; kitty enlarges, and sixels take long."""

FIRST_NUMBER = 0x640000
"""Of kitty's pictures, 24 bits; they count on, and two exist at a time."""
_NUMBERS = count(1)
"""One count for the program: for a moment two models' panels are there."""


class TruePicture(PicturePanel):
    """A picture panel whose pictures are encoded in a thread of their own."""

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(id)
        self._display_as = display
        self._encoder = pixels.Encoder(self._delivered)
        self._next = (0, Region())
        self._number = 0
        self._cells_shown = Region()
        self._sixels = ""

    def on_mount(self) -> None:
        self._encoder.start()

    def on_unmount(self) -> None:
        self._encoder.stop()
        self._encoder.join(5)
        if self._number:
            write_through(self.app, pixels.kitty_deleted(self._number))

    @property
    def _target(self) -> Region:
        """The cells the picture covers, in the panel."""
        view = self.view
        side = min(view.side, pixels.MOST_CELLS)
        return Region(view.left, view.top // 2, side, max(1, side // 2))

    def _paint(self) -> None:
        columns, rows = self._cells
        self.view = View(self.view.resolution, columns, rows, self.view.zoom, self.view.centre)
        scene, view, cells = self._scene, self.view, self._target
        if scene is None or scene.image is None:
            return
        kitty = self._display_as.graphics == "kitty"
        number = FIRST_NUMBER + next(_NUMBERS) % 0xFFFF if kitty else 0
        self._encoder.submit(lambda: self._encoded(scene, view, cells, number))

    def _encoded(self, scene: Scene, view: View, cells: Region, number: int) -> str:
        """In the encoder's thread."""
        width = cells.width * self._display_as.cell_width
        height = cells.height * self._display_as.cell_height
        if number:
            shrink = min(1.0, LONGEST / max(width, height))
            width, height = max(1, round(width * shrink)), max(1, round(height * shrink))
        canvas = painted(scene, view, width, height)
        if number:
            sent = pixels.kitty_sent(canvas, number, cells.width, cells.height)
            self._next = number, cells
            return sent
        self._next = 0, cells
        return pixels.sixel(canvas)

    def _delivered(self, data: str) -> None:
        """In the encoder's thread."""
        number, cells = self._next
        if self.is_attached:
            self.app.call_later(self._take, data, number, cells)

    def _take(self, data: str, number: int, cells: Region) -> None:
        moved = cells != self._cells_shown
        self._cells_shown = cells
        if number:
            old, self._number = self._number, number
            write_through(self.app, data)
            self.refresh()
            if old:
                self.call_after_refresh(write_through, self.app, pixels.kitty_deleted(old))
            return
        self._sixels = data
        if moved:
            self.refresh()  # render_lines draws again
        else:
            self._draw()

    def _draw(self) -> None:
        """Sixels over the cells, unless a dialog lies there."""
        if self._sixels and self.app.screen is self.screen and self.is_attached:
            place = self._cells_shown.offset + self.content_region.offset
            write_through(self.app, pixels.at_place(self._sixels, place.x, place.y))

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._sixels:
            self.call_after_refresh(self._draw)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
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
