"""What is sent to a terminal at the end of a slow line, against one that plays it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tui_draggan.tui.cells import REMEMBERED, ShownCells, cells_of, plain
from tui_draggan.tui.workarounds import Piece

SIZE = Size(12, 4)
DEPTH = ColorSystem.TRUECOLOR
CONSOLE = Console(color_system="truecolor", force_terminal=True)
RED, DARK = Color.from_rgb(200, 0, 0), Color.from_rgb(10, 0, 0)
INKS = [Style(color=DARK), Style(color=RED), Style(color=RED, bgcolor=DARK), Style(bold=True)]
SEQUENCE = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|(.)", re.DOTALL)


class Screen:
    """A terminal that knows how to move, to take colours, and to show narrow and wide letters."""

    def __init__(self) -> None:
        self.cells = {(x, y): ("?", ",,") for x in range(SIZE.width) for y in range(SIZE.height)}

    def take(self, data: str) -> None:
        x = y = 0
        ink = ",,"
        for match in SEQUENCE.finditer(data):
            row, column, colours, letter = match.groups()
            if row:
                x, y = int(column) - 1, int(row) - 1
            elif colours is not None:
                ink = _ink_after(ink, colours)
            else:
                width = 2 if letter == "日" else 1
                self._cut(x, y)
                self._cut(x + width, y)
                self.cells[x, y] = letter, _seen(letter, ink)
                if width == 2:
                    self.cells[x + 1, y] = "", ink
                x += width

    def _cut(self, x: int, y: int) -> None:
        """Half of a wide letter is none."""
        letter, ink = self.cells.get((x, y), ("?", ",,"))
        if not letter:
            self.cells[x - 1, y] = " ", _seen(" ", self.cells[x - 1, y][1])
            self.cells[x, y] = " ", _seen(" ", ink)


def _seen(letter: str, ink: str) -> str:
    """Of a blank only what lies behind it."""
    blank = letter == " " and not ink.endswith("bold")
    return "," + ink.partition(",")[2] if blank else ink


def _ink_after(ink: str, codes: str) -> str:
    """The colours after those codes: «front back bold»."""
    front, back, bold = ink.split(",") if ink else ("", "", "")
    numbers = codes.split(";") if codes else ["0"]
    while numbers:
        code = numbers.pop(0)
        if code == "0":
            front = back = bold = ""
        elif code == "1":
            bold = "bold"
        elif code in ("38", "48"):
            colour, numbers = "-".join(numbers[:4]), numbers[4:]
            front, back = (colour, back) if code == "38" else (front, colour)
        elif code in ("39", "49"):
            front, back = ("", back) if code == "39" else (front, "")
        else:
            raise AssertionError(code)
    return f"{front},{back},{bold}"


def strip(text: str, ink: int) -> Strip:
    return Strip([Segment(text, INKS[ink])])


pieces = st.builds(
    lambda x, y, text, ink: (x, y, strip(text, ink).crop(0, SIZE.width - x)),
    st.integers(0, 9),
    st.integers(0, 3),
    st.text("ab▀日 ", min_size=1, max_size=6),
    st.integers(0, 3),
)
BLANK: list[Piece] = [(0, y, strip(" " * SIZE.width, 0)) for y in range(SIZE.height)]


@given(st.lists(st.lists(pieces, max_size=4), max_size=6), st.integers(0, 200))
def test_in_the_end_the_terminal_shows_what_one_does_that_gets_everything(
    updates: list[list[Piece]], room: int
) -> None:
    everything, sparing, cells = Screen(), Screen(), ShownCells()
    cells.forget(SIZE)
    for update in [BLANK, *updates]:
        cells.want(update)
        everything.take(plain(update, CONSOLE))
        sparing.take(cells.due(DEPTH, room))
    for _ in range(100):
        if not cells.is_owing:
            break
        sparing.take(cells.due(DEPTH, 30))
    assert not cells.is_owing
    assert sparing.cells == everything.cells


def test_words_come_at_once_and_pictures_as_there_is_room() -> None:
    cells = ShownCells()
    cells.forget(SIZE)
    cells.want([(0, 0, strip("▀" * 12, 0)), (0, 1, strip("▀" * 12, 0)), (0, 2, strip("words", 1))])
    first = cells.due(DEPTH, 40)
    assert "words" in first and first.count("▀") == 12, "one row: there is some room"
    assert cells.is_owing
    assert "▀" not in cells.due(DEPTH, 0) and cells.is_owing
    assert cells.due(DEPTH, None).count("▀") == 12 and not cells.is_owing
    assert cells.due(DEPTH, None) == ""


def test_what_is_there_already_is_not_sent_again() -> None:
    cells = ShownCells()
    cells.forget(SIZE)
    cells.written(BLANK)
    box = [(3, 1, strip("a box", 1))]
    cells.want(box)
    assert cells.due(DEPTH, 0) == plain(box, CONSOLE)
    cells.want(BLANK)
    assert cells.due(DEPTH, 0) == "\x1b[2;4H     ", "and blanks need no colour"
    cells.want([(3, 1, Strip([Segment("     ", INKS[0] + Style(meta={"a": 1}))]))])
    assert not cells.due(DEPTH, 0), "what the mouse may find there is not seen"


def test_what_has_grown_too_much_to_be_looked_through_is_unknown() -> None:
    cells = ShownCells()
    cells.forget(SIZE)
    cells.written(BLANK)
    cells.want([])
    cells.written([(0, 0, strip("a", 0))] * (REMEMBERED + 1))
    cells.want([(0, 0, strip("a" + " " * 11, 0))])
    assert cells.due(DEPTH, 0) == plain([(0, 0, strip("a", 0))], CONSOLE)


def test_a_wide_letter_is_two_cells_and_what_combines_none() -> None:
    assert [text for text, _ in cells_of(strip("a日é", 0))] == ["a", "日", "", "é"]
    assert [text for text, _ in cells_of(strip("e\u0301x", 0))] == ["e\u0301", "x"]
