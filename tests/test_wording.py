"""Quantities in words."""

from __future__ import annotations

import pytest

from tui_draggan.wording import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (59, "59 s"), (59.6, "1 min"), (3500, "58 min"), (3599, "1 h 00 min")),
        *((15_000, "4 h 10 min"), (172_800, "2 d 0 h"), (270_000, "3 d 3 h"), (float("inf"), "?")),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
