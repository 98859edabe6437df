"""Arrangements, for every size of a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.size import Size
from tui_draggan.tui.layout import BARS, FEWEST_BELOW, Arrangement, plan

SQUARE = Size.square(64)


@pytest.mark.parametrize(
    ("size", "arrangement"),
    [
        *(((120, 36), "large"), ((160, 50), "large"), ((112, 32), "large")),
        *(((111, 36), "small"), ((120, 31), "small"), ((80, 24), "small"), ((60, 16), "small")),
        *(((50, 44), "tall"), ((80, 60), "tall"), ((59, 43), "tall")),
        *(((59, 20), "tiny"), ((80, 15), "tiny"), ((20, 5), "tiny"), ((1, 1), "tiny")),
    ],
)
def test_the_arrangement_of_a_size(size: tuple[int, int], arrangement: str) -> None:
    assert plan(*size, SQUARE).arrangement is Arrangement(arrangement)


@given(st.integers(1, 400), st.integers(1, 150), st.integers(1, 64), st.integers(1, 64))
def test_the_picture_fits_and_leaves_room_for_what_is_beside_it(
    columns: int, rows: int, height: int, width: int
) -> None:
    chosen = plan(columns, rows, Size(height, width))
    assert chosen.width >= 1 and chosen.height >= 1
    assert chosen.width <= columns
    if chosen.arrangement is Arrangement.TINY:
        assert chosen.height <= max(1, rows - 1)
        return
    assert chosen.height <= rows - BARS
    if chosen.arrangement is Arrangement.TALL:
        assert rows - BARS - chosen.height >= min(FEWEST_BELOW, rows - BARS - 4)
    if chosen.arrangement is not Arrangement.TALL:
        assert columns - chosen.width >= 24, "the panels beside it"


@pytest.mark.parametrize(
    ("size", "picture", "expected"),
    [
        ((100, 30), Size(2, 1), ("small", 27, 27)),
        ((60, 20), Size(2, 1), ("small", 24, 17)),
        ((100, 30), Size(1, 2), ("small", 64, 27)),
        ((60, 20), Size(1, 2), ("tall", 60, 8)),
        ((160, 50), Size(2, 1), ("large", 46, 46)),
        ((160, 50), Size(1, 2), ("large", 116, 46)),
    ],
)
def test_pictures_that_are_no_squares(
    size: tuple[int, int], picture: Size, expected: tuple[str, int, int]
) -> None:
    """High ones leave columns to the panels; wide ones have them below where that shows more."""
    arrangement, width, height = expected
    assert plan(*size, picture) == (Arrangement(arrangement), width, height)


def test_at_60_by_20_the_picture_gets_the_columns_that_it_fills() -> None:
    assert plan(60, 20, SQUARE) == (Arrangement.SMALL, 34, 17)


def test_at_80_by_24_the_picture_has_44_by_21_cells() -> None:
    assert plan(80, 24, SQUARE) == (Arrangement.SMALL, 42, 21)
