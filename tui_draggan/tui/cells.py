"""What the terminal shows, cell by cell, so that over a slow line only cells that differ are sent:
words at once, cells of pictures as the line has room for them. What is not sent yet is owed; where
it changes again before its turn comes, only the newest is sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
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

    def due(self, depth: ColorSystem | None, room: int | None) -> str:
        """What is to be written now: all words that differ, and then cells of pictures, in about so
        many bytes, None: all. The rest stays owed."""
        self._catch_up()
        left = math.inf if room is None else room
        pen, written = Pen(depth), list[str]()
        for is_picture in (False, True):
            for y in sorted(self._owing):
                row = self._rows[y]
                for start, end in list(_runs(row, is_picture)):
                    if is_picture and left <= 0:
                        break
                    text = Control.move_to(start, y).segment.text
                    text += pen.draw(row.wanted[start:end])
                    row.shown[start:end] = row.wanted[start:end]
                    left -= len(text.encode())
                    written.append(text)
        self._owing = {y for y in self._owing if self._rows[y].wanted != self._rows[y].shown}
        return "".join((*written, pen.lift()))

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
            yield _whole(row, start, end)
            start = -1
        if wanted is None or wanted == shown or (wanted[0] == UPPER_HALF) is not is_picture:
            continue
        start, end = (x if start < 0 else start), x + 1
    if start >= 0:
        yield _whole(row, start, end)


def _whole(row: Row, start: int, end: int) -> tuple[int, int]:
    """The same with all of a wide character, and of a word: who records the line, or reads it
    aloud, is not given single letters."""
    wanted = row.wanted
    while start > 0 and (_is_half(wanted[start]) or _in_word(wanted[start - 1], wanted[start])):
        start -= 1
    while end < len(wanted) and (_is_half(wanted[end]) or _in_word(wanted[end - 1], wanted[end])):
        end += 1
    return start, end


def _in_word(one: Cell | None, other: Cell | None) -> bool:
    """Whether two neighbours belong to one word or number."""
    return one is not None and other is not None and _is_letter(one[0]) and _is_letter(other[0])


def _is_letter(text: str) -> bool:
    return text.isalnum() or text in (",", ".", ":")


def _is_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


class Pen:
    """Draws cells, and changes only the colours that are others than those of the cell before."""

    def __init__(self, depth: ColorSystem | None) -> None:
        """depth: colours of the terminal; None: none."""
        self._depth = depth
        self._ink = NONE

    def draw(self, cells: Iterable[Cell | None]) -> str:
        """The cells; unknown ones are blank."""
        written: list[str] = []
        last: tuple[Style, bool] | None = None
        for cell in cells:
            character, style = (" ", Style.null()) if cell is None else cell
            is_blank = character == " "
            if last is None or style is not last[0] or is_blank is not last[1]:
                ink = _ink(style, self._depth)
                if is_blank and not ink.attributes:  # the colour of nothing
                    ink = ink._replace(front=self._ink.front)
                written.append(self._change(ink))
                last = style, is_blank
            written.append(character)
        return "".join(written)

    def lift(self) -> str:
        """What leaves the terminal's own colours behind."""
        return self._change(NONE)

    def _change(self, ink: Ink) -> str:
        before, self._ink = self._ink, ink
        if ink == before:
            return ""
        if ink == NONE:
            return "\x1b[0m"
        if ink.attributes != before.attributes:
            codes = ["0", *filter(None, ink)]
        else:
            codes = []
            if ink.front != before.front:
                codes.append(ink.front or "39")
            if ink.back != before.back:
                codes.append(ink.back or "49")
        return f"\x1b[{';'.join(codes)}m"


class Ink(NamedTuple):
    """A style in SGR's numbers, «» for what the terminal has by itself."""

    attributes: str
    front: str
    back: str


NONE = Ink("", "", "")


@lru_cache(maxsize=32768)
def _ink(style: Style, depth: ColorSystem | None) -> Ink:
    parts = (style.without_color, Style(color=style.color), Style(bgcolor=style.bgcolor))
    return Ink(*(_codes(part, depth) for part in parts))


def _codes(style: Style, depth: ColorSystem | None) -> str:
    """What Rich puts between «ESC [» and «m» for a style."""
    text = style.render("x", color_system=depth)
    return text[2 : text.index("m")] if text.startswith("\x1b[") else ""


def plain(pieces: Iterable[Piece], console: Console) -> str:
    """Pieces as the terminal takes them, whatever it shows."""
    return "".join(
        Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in pieces
    )
