"""The sample grid, as much of it as is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PIL import Image
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.watch.layout import drawn_size
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.widgets.picture import Picture

LONGEST = 1536
"""Pixels of the longer side at most, where the terminal can enlarge."""
ZOOMS = (1, 2, 4, 8, 16)
STEP = 0.5
"""Share of the window by which it moves."""


@dataclass(frozen=True)
class Window:
    """The part of a picture that is shown; it has the picture's proportions."""

    zoom: int = 1
    x: float = 0.0
    y: float = 0.0
    """Its top left corner, in shares of the picture. It stays while the zoom changes, so that the
    window ends where samples end, the numbers of whose rows and columns are powers of two."""

    def zoomed(self, steps: int) -> Window:
        level = ZOOMS.index(self.zoom) + steps
        return replace(self, zoom=ZOOMS[min(len(ZOOMS) - 1, max(0, level))])._inside()

    def moved(self, dx: int, dy: int) -> Window:
        step = STEP / self.zoom
        return replace(self, x=self.x + dx * step, y=self.y + dy * step)._inside()

    def _inside(self) -> Window:
        last = 1 - 1 / self.zoom
        x, y = (min(last, max(0.0, corner)) for corner in (self.x, self.y))
        return replace(self, x=x, y=y)

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels of a picture of that size."""
        side = 1 / self.zoom
        return self.x * width, self.y * height, (self.x + side) * width, (self.y + side) * height


class GridPicture(Picture):
    """A picture as large as fits, or words where there is none."""

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(display, LONGEST, id)
        self.window = Window()
        self.image: Bytes | None = None
        """(H, W, 3)"""
        self._words = ""

    @property
    def aspect(self) -> float:
        """Width by height."""
        return 2.0 if self.image is None else self.image.shape[1] / self.image.shape[0]

    def show(self, image: Bytes | None, words: str = "") -> None:
        """image (H, W, 3). words: in its place while there is none."""
        if image is self.image and words == self._words:
            return
        self.image, self._words = image, words
        self.repaint()

    def look(self, window: Window) -> None:
        """Shows another part."""
        if window != self.window:
            self.window = window
            self.repaint()

    def on_resize(self) -> None:
        self.repaint()

    def repaint(self) -> None:
        place = self.place
        if self.image is None:
            self.surface.forget()
            self.refresh()
        elif isinstance(self.surface, HalfBlockSurface):
            self.surface.show(place, _seen(self.image, self.window, place.width, 2 * place.height))
        else:
            self.surface.show(place, partial(_seen, self.image, self.window))

    @property
    def place(self) -> Region:
        """The cells that the picture covers, in the widget."""
        columns, rows = max(1, self.size.width), max(1, self.size.height)
        width, height = drawn_size(columns, rows, self.aspect)
        return Region((columns - width) // 2, (rows - height) // 2, width, height)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Words with Textual's layer of filters, which a picture does without."""
        return Widget.render_lines(self, crop) if self.image is None else super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        return self._line_of_words(y) if self.image is None else super().render_line(y)

    def _line_of_words(self, y: int) -> Strip:
        style, width = self.visual_style.rich_style, self.size.width
        if y != self.size.height // 2:
            return Strip.blank(width, style)
        return Strip([Segment(self._words[:width].center(width), style)], width)


def _seen(image: Bytes, window: Window, width: int, height: int) -> Bytes:
    """What of an image (H, W, 3) is seen through the window, (height, width, 3)."""
    picture = Image.fromarray(image)
    box = window.box(picture.width, picture.height)
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS, box=box))
