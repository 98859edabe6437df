"""Arrangements, for every size of a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.size import Size
from tui_draggan.tui.layout import BARS, Arrangement, plan

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


@given(st.integers(1, 400), st.integers(1, 150))
def test_the_picture_fits_and_leaves_room_for_what_is_beside_it(columns: int, rows: int) -> None:
    chosen = plan(columns, rows, SQUARE)
    assert chosen.width >= 1 and chosen.height >= 1
    assert chosen.width <= columns
    if chosen.arrangement is Arrangement.TINY:
        assert chosen.height <= max(1, rows - 1)
        return
    assert chosen.height <= rows - BARS
    if chosen.arrangement is not Arrangement.TALL:
        assert columns - chosen.width >= 24, "the panels beside it"


def test_at_80_by_24_the_picture_has_44_by_21_cells() -> None:
    assert plan(80, 24, SQUARE) == (Arrangement.SMALL, 42, 21)
