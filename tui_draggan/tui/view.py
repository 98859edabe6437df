"""Which part of a picture a panel shows, and where: image pixels ↔ dots ↔ cells.

A panel of C×R cells has C×2R *dots*: half blocks, square on usual terminals. Image coordinates are
as everywhere outside an engine: (x, y), pixel centres at whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True)
class View:
    """A square window of the picture in a panel."""

    resolution: int
    """Side of the picture in pixels."""
    columns: int
    rows: int
    zoom: float = 1.0
    """1 shows the whole picture."""
    centre: tuple[float, float] = (0.0, 0.0)
    """Image point that should be in the middle, as far as the edges allow; without zoom: none."""

    @property
    def side(self) -> int:
        """Side of the drawn square in dots."""
        return max(1, min(self.columns, 2 * self.rows))

    @property
    def left(self) -> int:
        """Dots to the left of the drawn square."""
        return max(0, self.columns - self.side) // 2

    @property
    def top(self) -> int:
        """Dots above the drawn square."""
        return max(0, 2 * self.rows - self.side) // 2

    @property
    def span(self) -> float:
        """Side of the shown window in image pixels."""
        return self.resolution / self.zoom

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge of what is shown; the picture's own are 0 and H."""
        x, y = (self._edge(along) for along in self.centre)
        return x, y, x + self.span, y + self.span

    @property
    def dots_per_pixel(self) -> float:
        return self.side / self.span

    def to_dots(self, x: float, y: float) -> tuple[float, float]:
        """The dot (column, line) of an image point; dot centres at whole numbers, as for pixels."""
        x0, y0, _, _ = self.window
        scale = self.dots_per_pixel
        return (
            self.left + (x + 0.5 - x0) * scale - 0.5,
            self.top + (y + 0.5 - y0) * scale - 0.5,
        )

    def to_image(self, across: float, down: float) -> tuple[int, int]:
        """The pixel nearest to a place in the panel, in dots from the panel's top left corner.

        Dot 0 covers 0 to 1, so the middle of the top left cell is (0.5, 1).
        """
        x0, y0, _, _ = self.window
        x = x0 + (across - self.left) / self.dots_per_pixel
        y = y0 + (down - self.top) / self.dots_per_pixel
        last = self.resolution - 1
        return min(last, max(0, math.floor(x))), min(last, max(0, math.floor(y)))

    def holds(self, across: float, down: float) -> bool:
        """Whether a place in the panel, in dots, lies on the drawn square."""
        return 0 <= across - self.left < self.side and 0 <= down - self.top < self.side

    def zoomed(self, steps: int, x: float, y: float) -> View:
        """Zoomed in by so many levels, with image point (x, y) staying where it is."""
        nearest = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - self.zoom))
        zoom = ZOOMS[min(len(ZOOMS) - 1, max(0, nearest + steps))]
        x0, y0, _, _ = self.window
        share = self.zoom / zoom
        middle = self.resolution / zoom / 2
        centre = (
            x + 0.5 - (x + 0.5 - x0) * share + middle,
            y + 0.5 - (y + 0.5 - y0) * share + middle,
        )
        return replace(self, zoom=zoom, centre=centre)

    def showing(self, x: float, y: float) -> View:
        """Shifted as little as needed for (x, y) to be well inside."""
        margin = min(self.span / 6, 12.0)
        x0, y0, x1, y1 = self.window
        dx = min(0.0, x + 0.5 - margin - x0) + max(0.0, x + 0.5 + margin - x1)
        dy = min(0.0, y + 0.5 - margin - y0) + max(0.0, y + 0.5 + margin - y1)
        if not dx and not dy:
            return self
        return replace(self, centre=((x0 + x1) / 2 + dx, (y0 + y1) / 2 + dy))

    def _edge(self, centre: float) -> float:
        return min(self.resolution - self.span, max(0.0, centre - self.span / 2))
