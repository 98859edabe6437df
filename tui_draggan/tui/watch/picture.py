"""The sample grid as half cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal import half_blocks
from tui_draggan.tui.watch.layout import drawn_size

ZOOMS = (1, 2, 4, 8, 16)
STEP = 0.5
"""Of the window, by which it moves."""


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


class GridPicture(Widget):
    """A picture as large as fits, or words where there is none."""

    ALLOW_SELECT = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = Window()
        self._image: Bytes | None = None
        self._words = ""
        self._codes = np.zeros((0, 0), np.int32)

    @property
    def aspect(self) -> float:
        """Width by height."""
        return 2.0 if self._image is None else self._image.shape[1] / self._image.shape[0]

    def show(self, image: Bytes | None, words: str = "") -> None:
        """image (H, W, 3). words: in its place while there is none."""
        if image is self._image and words == self._words:
            return
        self._image, self._words = image, words
        self.paint()

    def look(self, window: Window) -> None:
        """Shows another part."""
        if window != self.window:
            self.window = window
            self.paint()

    def on_resize(self) -> None:
        self.paint()

    def paint(self) -> None:
        """Draws what is to be shown now."""
        place = self.place
        if self._image is None:
            self._codes = np.zeros((0, 0), np.int32)
        else:
            dots = self.canvas(place.width, 2 * place.height)
            if self.app.no_color:
                dots = half_blocks.to_grey(dots)
            self._codes = half_blocks.colour_codes(dots, self._depth)
        self.refresh()

    @property
    def place(self) -> Region:
        """The cells that the picture covers, in the widget."""
        columns, rows = max(1, self.size.width), max(1, self.size.height)
        width, height = drawn_size(columns, rows, self.aspect)
        return Region((columns - width) // 2, (rows - height) // 2, width, height)

    def canvas(self, width: int, height: int) -> Bytes:
        """What is seen through the window, (height, width, 3)."""
        assert self._image is not None
        picture = Image.fromarray(self._image)
        box = self.window.box(picture.width, picture.height)
        return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS, box=box))

    @property
    def _depth(self) -> half_blocks.Depth:
        return half_blocks.depth_of(self.app.console.color_system)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Those for people who want no colours; the others take long and change nothing here."""
        return super().get_line_filters() if self.app.no_color else ()

    def render_line(self, y: int) -> Strip:
        blank = Style(bgcolor=self.background_colors[1].rich_color)
        if self._image is None:
            return self._line_of_words(y)
        place, codes = self.place, self._codes
        row = y - place.y
        if not 0 <= row < place.height or codes.shape != (2 * place.height, place.width):
            return Strip.blank(self.size.width, blank)
        picture = half_blocks.row_strip(codes[2 * row], codes[2 * row + 1], self._depth)
        right = max(0, self.size.width - place.right)
        return Strip.join(
            [Strip.blank(place.x, blank), picture, Strip.blank(right, blank)],
        )

    def _line_of_words(self, y: int) -> Strip:
        style, width = self.visual_style.rich_style, self.size.width
        if y != self.size.height // 2:
            return Strip.blank(width, style)
        return Strip([Segment(self._words[:width].center(width), style)], width)
