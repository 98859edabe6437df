"""A small picture in a dialog, in half blocks on every terminal: pixels of its own would lie over
what comes before it."""

from __future__ import annotations

import numpy as np
from PIL import Image
from textual.geometry import Region

from tui_draggan.arrays import Bytes
from tui_draggan.size import Size
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.view import View
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.widgets.picture import Picture


class Thumbnail(Picture):
    """All of a picture, as large as the widget lets it be; nothing while there is none."""

    surface: HalfBlockSurface

    def __init__(self, id: str | None = None) -> None:
        super().__init__(Display("half"), 0, id)
        self.image: Bytes | None = None
        """The picture (h, w, 3)."""

    def _surface_for(self, display: Display) -> HalfBlockSurface:
        return HalfBlockSurface(self)

    def show(self, image: Bytes | None) -> None:
        """A picture (h, w, 3)."""
        self.image = image
        self.repaint()

    def on_resize(self) -> None:
        self.repaint()

    def repaint(self) -> None:
        columns, rows = self.size
        if self.image is None or not columns or not rows:
            self.surface.forget()
            self.refresh()
            return
        view = View(Size(*self.image.shape[:2]), columns, rows)
        height, width = view.drawn
        dots = np.empty((2 * rows, columns, 3), np.uint8)
        dots[:] = self.background_colors[1].rgb
        small = Image.fromarray(self.image).resize((width, height), Image.Resampling.LANCZOS)
        dots[view.top : view.top + height, view.left : view.left + width] = np.asarray(small)
        self.surface.show(Region(0, 0, columns, rows), dots)
