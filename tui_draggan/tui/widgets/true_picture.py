"""The picture panel in the terminal's own pixels."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip

from tui_draggan.tui.scene import painted
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.terminal.pixels import MOST_CELLS
from tui_draggan.tui.terminal.true_pixels import TruePixels
from tui_draggan.tui.view import View
from tui_draggan.tui.widgets.picture import PicturePanel

LONGEST = 768


class TruePicture(PicturePanel):
    """A picture panel with all the pixels of its picture, and marks as fine."""

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(id)
        self.pixels = TruePixels(self, display, LONGEST)

    def on_mount(self) -> None:
        self.pixels.start()

    def on_unmount(self) -> None:
        self.pixels.stop()

    @property
    def _target(self) -> Region:
        """The cells the picture covers, in the panel."""
        view = self.view
        side = min(view.side, MOST_CELLS)
        return Region(view.left, view.top // 2, side, max(1, side // 2))

    def _paint(self) -> None:
        columns, rows = self._cells
        self.view = View(self.view.resolution, columns, rows, self.view.zoom, self.view.centre)
        scene, view = self._scene, self.view
        if scene is not None and scene.image is not None:
            self.pixels.show(self._target, lambda *size: painted(scene, view, *size))

    def render_lines(self, crop: Region) -> list[Strip]:
        self.pixels.redraw()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        return self.pixels.line(y)
