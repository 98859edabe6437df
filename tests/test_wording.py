"""Quantities and names in words."""

from __future__ import annotations

import pytest

from tui_draggan.wording import counted, duration, in_kimg, number, percent, printable, quoted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (59, "59 s"), (59.6, "1 min"), (3500, "58 min"), (3599, "1 h 00 min")),
        *((15_000, "4 h 10 min"), (172_800, "2 d 0 h"), (270_000, "3 d 3 h"), (float("inf"), "?")),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (0.00001, "less than 0.1 %"), (0.098, "9.8 %"), (0.23, "23 %"), (1, "100 %")],
)
def test_shares(share: float, words: str) -> None:
    assert percent(share) == words


def test_counts_and_quotations() -> None:
    assert (counted(1, "step"), counted(0, "step")) == ("1 step", "0 steps")
    assert quoted("a'b") == '"a\'b"' and len(quoted("9" * 5000)) == 82


def test_names_cannot_move_the_cursor_or_turn_the_line_round() -> None:
    assert printable("a\x1b[2J\n\u202eb\udcff\x07") == r"a\x1b[2J\n\u202eb\udcff\x07"
    assert printable("水 é «x»") == "水 é «x»"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.9123, "0.912"), (31.24, "31.2"), (30, "30"), (1234.5, "1230"), (0.5, "0.5"), (-2, "-2")],
)
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(("value", "words"), [(0.016, "0.016"), (4.4, "4.4"), (12.53, "12.5")])
def test_thousands_of_pictures(value: float, words: str) -> None:
    assert in_kimg(value) == words
