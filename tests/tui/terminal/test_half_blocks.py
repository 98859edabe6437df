"""Half blocks: the colours of dots, and what a terminal is told."""

from __future__ import annotations

import numpy as np

from tui_draggan.tui.terminal.half_blocks import (
    TextCell,
    escape_sequence,
    grey_text,
    runs,
    to_grey,
)


def test_grey_keeps_the_brightness() -> None:
    dots = np.array([[[255, 0, 0], [0, 255, 0], [10, 10, 10]]], np.uint8)
    assert to_grey(dots)[0, :, 0].tolist() == [76, 150, 10]


def test_neighbours_that_look_the_same_are_one_run() -> None:
    upper, lower = np.array([1, 1, 2, 2, 2]), np.array([5, 5, 5, 6, 6])
    assert list(runs(upper, lower)) == [(1, 5, 2), (2, 5, 1), (2, 6, 2)]
    assert list(runs(np.zeros(0, int), np.zeros(0, int))) == []


def test_an_escape_sequence_sets_both_colours_or_the_background_alone() -> None:
    assert escape_sequence(0x010203, 0x0405FF) == "\x1b[38;2;1;2;3;48;2;4;5;255m"
    assert escape_sequence(None, 0x0405FF) == "\x1b[48;2;4;5;255m"


def test_characters_in_grey() -> None:
    assert grey_text(TextCell("7", (255, 0, 0), (10, 10, 10))) == TextCell(
        "7", (76, 76, 76), (10, 10, 10)
    )
