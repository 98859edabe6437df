"""The sample grid in the terminal's own pixels."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip

from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.terminal.pixels import MOST_CELLS
from tui_draggan.tui.terminal.true_pixels import TruePixels
from tui_draggan.tui.watch.picture import GridPicture

LONGEST = 1536


class TrueGridPicture(GridPicture):
    """A grid with all the pixels of its samples."""

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(id)
        self.pixels = TruePixels(self, display, LONGEST)

    def on_mount(self) -> None:
        self.pixels.start()

    def on_unmount(self) -> None:
        self.pixels.stop()

    def paint(self) -> None:
        if self._image is None:
            self.pixels.forget()
            self.refresh()
            return
        x, y, width, height = self.place
        cells = Region(x, y, min(width, MOST_CELLS), min(height, MOST_CELLS))
        self.pixels.show(cells, self.canvas)

    def render_lines(self, crop: Region) -> list[Strip]:
        self.pixels.redraw()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        return super().render_line(y) if self._image is None else self.pixels.line(y)
