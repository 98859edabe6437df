"""What the terminal shows, cell by cell, so that over a slow line only cells that differ are sent:
words at once, cells of pictures as the line has room for them. What is not sent yet is owed; where
it changes again before its turn comes, only the newest is sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tui_draggan.tui.terminal.half_blocks import UPPER_HALF
from tui_draggan.tui.workarounds import Piece

NEAR = 3
"""Cells between two that are written in one go, at most: going round them costs as much."""
REMEMBERED = 4000
"""Pieces that are kept as they came, until somebody asks what the terminal shows."""

Cell = tuple[str, Style]
"""A character, with all that combines with it, in its colours; the second half of a wide one is
empty."""


@dataclass
class Row:
    """One row of the terminal."""

    wanted: list[Cell | None]
    """None: not known."""
    shown: list[Cell | None]


class ShownCells:
    """All rows, as they are wanted and as they have been written. It writes nothing itself."""

    def __init__(self) -> None:
        self._size = Size()
        self._rows: list[Row] = []
        self._late: list[Piece] = []
        """Pieces that have been written, and are not in the rows yet."""
        self._owing: set[int] = set()
        """Rows that differ from what is wanted."""

    @property
    def size(self) -> Size:
        """Of the terminal."""
        return self._size

    @property
    def is_owing(self) -> bool:
        """Whether the terminal lacks something."""
        return bool(self._owing)

    def forget(self, size: Size) -> None:
        """The terminal, of that size, may show anything."""
        self._size = size
        self._rows = [Row([None] * size.width, [None] * size.width) for _ in range(size.height)]
        self._late.clear()
        self._owing.clear()

    def written(self, pieces: Iterable[Piece]) -> None:
        """They have been written, all of them."""
        self._late += pieces
        if len(self._late) > REMEMBERED:  # cheaper written again than looked through
            for x, y, strip in self._late:
                self._put(x, y, [None] * strip.cell_length, shown=True)
            self._late.clear()

    def want(self, pieces: Iterable[Piece]) -> None:
        """They are to be shown."""
        self._catch_up()
        for x, y, strip in pieces:
            self._put(x, y, cells_of(strip), shown=False)

    def due(self, console: Console, room: int | None) -> str:
        """What is to be written now: all words that differ, and then cells of pictures, in about so
        many bytes, None: all. The rest stays owed."""
        self._catch_up()
        left = math.inf if room is None else room
        written: list[str] = []
        for is_picture in (False, True):
            for y in sorted(self._owing):
                row = self._rows[y]
                for start, end in list(_runs(row, is_picture)):
                    if is_picture and left <= 0:
                        break
                    text = Control.move_to(start, y).segment.text
                    text += _drawn(row.wanted[start:end], console)
                    row.shown[start:end] = row.wanted[start:end]
                    left -= len(text.encode())
                    written.append(text)
        self._owing = {y for y in self._owing if self._rows[y].wanted != self._rows[y].shown}
        return "".join(written)

    def _catch_up(self) -> None:
        for x, y, strip in self._late:
            self._put(x, y, cells_of(strip), shown=True)
        self._late.clear()

    def _put(self, x: int, y: int, cells: list[Cell] | list[None], shown: bool) -> None:
        if not 0 <= y < len(self._rows):
            return
        row = self._rows[y]
        fitting = cells[: self._size.width - x]
        _replace(row.wanted, x, fitting)
        if shown:
            _replace(row.shown, x, fitting)
        else:
            self._owing.add(y)


def _replace(row: list[Cell | None], x: int, cells: list[Cell] | list[None]) -> None:
    """Puts cells into a row; of a wide character that they cover in half the rest is blank."""
    end = x + len(cells)
    before, after = row[x - 1] if x else None, row[end] if end < len(row) else None
    if before is not None and _is_half(row[x] if x < len(row) else None):
        row[x - 1] = " ", before[1]
    if after is not None and not after[0]:
        row[end] = " ", after[1]
    row[x:end] = cells


def cells_of(strip: Strip) -> list[Cell]:
    """The cells of a strip, as many as it is long."""
    cells: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        style = _seen(style)
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = cells[-1][0] + character, style
            cells += [(character if part == 0 else "", style) for part in range(width)]
    return cells


@lru_cache(maxsize=32768)
def _seen(style: Style | None) -> Style:
    """What is seen of a style: without what Textual hangs on to it for the mouse."""
    if style is None:
        return Style.null()
    return style.clear_meta_and_links() if style.meta or style.link else style


def _runs(row: Row, is_picture: bool) -> Iterator[tuple[int, int]]:
    """Where the row differs from what is wanted, in words or in cells of pictures: start and
    end."""
    start = end = -1
    for x, (wanted, shown) in enumerate(zip(row.wanted, row.shown, strict=True)):
        if start >= 0 and (wanted is None or x - end > NEAR):
            yield _with_halves(row, start, end)
            start = -1
        if wanted is None or wanted == shown or (wanted[0] == UPPER_HALF) is not is_picture:
            continue
        start, end = (x if start < 0 else start), x + 1
    if start >= 0:
        yield _with_halves(row, start, end)


def _with_halves(row: Row, start: int, end: int) -> tuple[int, int]:
    """The same, without wide characters that are cut in two."""
    while start > 0 and _is_half(row.wanted[start]):
        start -= 1
    while end < len(row.wanted) and _is_half(row.wanted[end]):
        end += 1
    return start, end


def _is_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _drawn(cells: Iterable[Cell | None], console: Console) -> str:
    """Cells as the terminal takes them; unknown ones are blank."""
    segments: list[Segment] = []
    text, style = "", Style.null()
    for cell in cells:
        character, its_style = (" ", Style.null()) if cell is None else cell
        if its_style is not style and text:
            segments.append(Segment(text, style))
            text = ""
        text, style = text + character, its_style
    segments.append(Segment(text, style))
    return Strip(segments).render(console)


def plain(pieces: Iterable[Piece], console: Console) -> str:
    """Pieces as the terminal takes them, whatever it shows."""
    return "".join(
        Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in pieces
    )
