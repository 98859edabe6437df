"""Rows and columns of a page of thumbnails in a terminal of some size."""

from __future__ import annotations

from dataclasses import dataclass

from tui_draggan.size import Size

HEIGHTS = (3, 4, 6, 9, 13, 19, 28)
"""Rows of cells that a thumbnail may have, as a page is zoomed; they grow to fill the page."""
USUAL = 3
"""Which of them at first."""
LOW = 8
"""Rows of cells of a page from which there are two rows of thumbnails, unless it is zoomed in."""
LABEL = 1
"""Rows of cells below a thumbnail."""
GAP = 1
"""Columns between two thumbnails at least."""
NARROWEST = 6
"""Columns a label needs, be a picture ever so narrow."""


@dataclass(frozen=True)
class Grid:
    """A page: thumbnails in rows and columns, each in a box of cells of its own."""

    columns: int
    rows: int
    width: int
    """Columns of cells of a thumbnail's box."""
    height: int
    """Rows of cells of a thumbnail's box, without its label."""
    spread: float
    """Columns of cells from one box to the next."""

    @property
    def count(self) -> int:
        """Thumbnails on a page."""
        return self.columns * self.rows

    def left(self, column: int) -> int:
        """First column of cells of a box."""
        return round(column * self.spread + (self.spread - self.width) / 2)

    @property
    def pitch(self) -> int:
        """Rows of cells from one row of thumbnails to the next."""
        return self.height + LABEL

    def at(self, x: int, y: int) -> int | None:
        """Which thumbnail of the page a cell belongs to; None between them."""
        row, column = y // self.pitch, int(x / self.spread)
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            return None
        inside = 0 <= x - self.left(column) < self.width
        return row * self.columns + column if inside else None


def grid(columns: int, rows: int, picture: Size, zoom: int = USUAL) -> Grid:
    """The page for so many cells and pictures of those proportions.

    zoom: index into `HEIGHTS`. A cell is twice as high as wide.
    """
    wanted = HEIGHTS[zoom] + LABEL
    fewest = 2 if zoom <= USUAL and rows >= LOW else 1
    down = max(fewest, round(rows / wanted))
    height = max(1, rows // down - LABEL)
    wide = picture.width / picture.height
    width = min(columns, max(NARROWEST, round(2 * height * wide)))
    if 2 * height * wide > columns:  # wider than the page: as high as it is then
        height = max(1, min(height, round(columns / wide / 2)))
        down = max(1, rows // (height + LABEL))
    across = max(1, (columns + GAP) // (width + GAP))
    return Grid(across, down, width, height, columns / across)
