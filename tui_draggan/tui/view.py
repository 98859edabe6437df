"""Which part of a picture a panel shows, and where: image pixels ↔ dots ↔ cells.

A panel of C×R cells has C×2R *dots*: half blocks, square on usual terminals. Image coordinates are
as everywhere outside an engine: (x, y), pixel centres at whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tui_draggan.edit.points import moved_inside
from tui_draggan.size import Size

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True)
class View:
    """A window of the picture in a panel: without zoom all of it, with zoom as much as fits."""

    picture: Size
    """Size of the picture in pixels."""
    columns: int
    rows: int
    zoom: float = 1.0
    """1 shows the whole picture."""
    centre: tuple[float, float] = (0.0, 0.0)
    """Image point that should be in the middle, as far as the edges allow; without zoom: none."""

    @property
    def span(self) -> tuple[float, float]:
        """Width and height of the shown window in image pixels."""
        (height, width), columns, lines = self.picture, self.columns, 2 * self.rows
        # The panel in image pixels where the whole picture just fits it.
        across, down = float(width), width * lines / columns
        if down < height:
            across, down = height * columns / lines, float(height)
        return min(width, across / self.zoom), min(height, down / self.zoom)

    @property
    def drawn(self) -> Size:
        """Size of what is drawn, in dots."""
        width, height = self.span
        scale = self.zoom * min(
            self.columns / self.picture.width, 2 * self.rows / self.picture.height
        )
        columns, lines = round(width * scale), round(height * scale)
        return Size(min(2 * self.rows, max(1, lines)), min(self.columns, max(1, columns)))

    @property
    def left(self) -> int:
        """Dots to the left of what is drawn."""
        return (self.columns - self.drawn.width) // 2

    @property
    def top(self) -> int:
        """Dots above what is drawn."""
        return (2 * self.rows - self.drawn.height) // 2

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge of what is shown; the picture's own are 0, W and H."""
        (x, y), (width, height) = self._corner, self.span
        return x, y, x + width, y + height

    @property
    def scale(self) -> tuple[float, float]:
        """Dots to an image pixel, across and down: alike but for rounding to whole dots."""
        return self.drawn.width / self.span[0], self.drawn.height / self.span[1]

    @property
    def dots_per_pixel(self) -> float:
        return min(self.scale)

    def to_dots(self, x: float, y: float) -> tuple[float, float]:
        """The dot (column, line) of an image point; dot centres at whole numbers, as for pixels."""
        (x0, y0), (across, down) = self._corner, self.scale
        return (
            self.left + (x + 0.5 - x0) * across - 0.5,
            self.top + (y + 0.5 - y0) * down - 0.5,
        )

    def to_image(self, across: float, down: float) -> tuple[int, int]:
        """The pixel nearest to a place in the panel, in dots from the panel's top left corner.

        Dot 0 covers 0 to 1, so the middle of the top left cell is (0.5, 1).
        """
        (x0, y0), (wide, high) = self._corner, self.scale
        x = x0 + (across - self.left) / wide
        y = y0 + (down - self.top) / high
        return moved_inside(math.floor(x), math.floor(y), self.picture)

    def holds(self, across: float, down: float) -> bool:
        """Whether a place in the panel, in dots, lies on what is drawn."""
        drawn = self.drawn
        return 0 <= across - self.left < drawn.width and 0 <= down - self.top < drawn.height

    def zoomed(self, steps: int, x: float, y: float) -> View:
        """Zoomed in by so many levels, with image point (x, y) staying where it is."""
        nearest = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - self.zoom))
        zoom = ZOOMS[min(len(ZOOMS) - 1, max(0, nearest + steps))]
        (x0, y0), before = self._corner, self.span
        nearer = replace(self, zoom=zoom)
        after = nearer.span
        centre = (
            x + 0.5 - (x + 0.5 - x0) * after[0] / before[0] + after[0] / 2,
            y + 0.5 - (y + 0.5 - y0) * after[1] / before[1] + after[1] / 2,
        )
        return replace(nearer, centre=centre)

    def showing(self, x: float, y: float) -> View:
        """Shifted as little as needed for (x, y) to be well inside."""
        x0, y0, x1, y1 = self.window
        dx, dy = _shift(x + 0.5, x0, x1), _shift(y + 0.5, y0, y1)
        if not dx and not dy:
            return self
        return replace(self, centre=((x0 + x1) / 2 + dx, (y0 + y1) / 2 + dy))

    @property
    def _corner(self) -> tuple[float, float]:
        """The window's left and top edge."""
        (width, height), (x, y) = self.span, self.centre
        return (
            min(self.picture.width - width, max(0.0, x - width / 2)),
            min(self.picture.height - height, max(0.0, y - height / 2)),
        )


def _shift(place: float, start: float, end: float) -> float:
    """By how much a window from `start` to `end` has to move for `place` to be well inside."""
    margin = min((end - start) / 6, 12.0)
    return min(0.0, place - margin - start) + max(0.0, place + margin - end)
