"""Rows of half blocks against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from textual.strip import Strip

from tui_draggan.tui.terminal.colours import Depth, colour_codes
from tui_draggan.tui.terminal.half_blocks import TextCell
from tui_draggan.tui.widgets.strips import row_strip

Colour = tuple[int, int, int]


def cells(strip: Strip) -> list[tuple[str, Colour | None, Colour]]:
    """(character, foreground, background) of every cell, colours as RGB."""
    found: list[tuple[str, Colour | None, Colour]] = []
    for text, style, _ in strip:
        assert style is not None and style.bgcolor is not None
        front = None if style.color is None else style.color.get_truecolor()
        back = style.bgcolor.get_truecolor()
        found += [(char, front, back) for char in text]
    return found


def test_each_cell_shows_the_dot_above_and_the_dot_below() -> None:
    rng = np.random.default_rng(0)
    dots = rng.integers(0, 256, (8, 13, 3), dtype=np.uint8)
    dots[2:4, 3:7] = (9, 8, 7)
    codes = colour_codes(dots, Depth.TRUE)
    for row in range(4):
        strip = row_strip(codes[2 * row], codes[2 * row + 1], Depth.TRUE)
        assert strip.cell_length == 13
        for column, (char, front, back) in enumerate(cells(strip)):
            upper, lower = (tuple(dots[2 * row + half, column].tolist()) for half in (0, 1))
            assert back == lower
            assert (char, front) == ("▀", upper) if upper != lower else char == " "


def test_runs_of_one_colour_are_one_segment() -> None:
    dots = np.zeros((2, 20, 3), np.uint8)
    dots[:, 10:] = 200
    codes = colour_codes(dots, Depth.TRUE)
    assert len(list(row_strip(codes[0], codes[1], Depth.TRUE))) == 2


def test_the_escape_sequence_says_the_same_as_the_style() -> None:
    codes = colour_codes(np.array([[[1, 2, 3]], [[4, 5, 6]]], np.uint8), Depth.TRUE)
    (segment,) = row_strip(codes[0], codes[1], Depth.TRUE)
    assert segment.style is not None
    assert segment.style._ansi == "38;2;1;2;3;48;2;4;5;6"


@pytest.mark.parametrize("depth", [Depth.EIGHT_BIT, Depth.STANDARD])
def test_few_colours_are_near_on_average(depth: Depth) -> None:
    y, x = np.mgrid[0:64, 0:64]
    dots = np.stack([2 * x + 60, 2 * y + 60, 128 + 0 * x], axis=-1).astype(np.uint8)
    codes = colour_codes(dots, depth)
    shown = np.array(
        [
            [
                cells(row_strip(codes[i : i + 1, j], codes[i : i + 1, j], depth))[0][2]
                for j in range(64)
            ]
            for i in range(64)
        ]
    )
    error = np.abs(shown.mean(axis=(0, 1)) - dots.mean(axis=(0, 1)))
    assert (error < (8 if depth is Depth.EIGHT_BIT else 30)).all(), error
    assert codes.min() >= 0 and codes.max() < (256 if depth is Depth.EIGHT_BIT else 16)


def test_characters_stand_on_the_picture() -> None:
    codes = colour_codes(np.full((2, 6, 3), 50, np.uint8), Depth.TRUE)
    texts = {
        (0, 2): TextCell("7", (1, 1, 1), (9, 9, 9)),
        (1, 3): TextCell("8", (0, 0, 0), (0, 0, 0)),
    }
    strip = row_strip(codes[0], codes[1], Depth.TRUE, 0, texts)
    assert strip.text == "  7   " and strip.cell_length == 6
    assert cells(strip)[2] == ("7", (1, 1, 1), (9, 9, 9))


def test_a_part_of_a_row_is_that_part() -> None:
    dots = np.random.default_rng(4).integers(0, 3, (2, 20, 3)).astype(np.uint8) * 100
    codes = colour_codes(dots, Depth.TRUE)
    row = row_strip(codes[0], codes[1], Depth.TRUE)
    plain = Strip(list(row), 20)
    for start, end in ((0, 20), (3, 9), (0, 1), (19, 20), (5, 5), (18, 40)):
        assert cells(row.crop(start, end)) == cells(plain.crop(start, end)), (start, end)
