"""Rows and columns of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.size import Size
from tui_draggan.tui.gallery.grid import HEIGHTS, USUAL, grid

SIDES = st.sampled_from([16, 128, 256, 1024])


@given(st.integers(1, 250), st.integers(2, 80), SIDES, SIDES, st.integers(0, len(HEIGHTS) - 1))
def test_all_boxes_lie_on_the_page_beside_one_another(
    columns: int, rows: int, height: int, width: int, zoom: int
) -> None:
    page = grid(columns, rows, Size(height, width), zoom)
    assert page.rows * page.pitch <= rows and page.height >= 1
    edges = [
        edge for n in range(page.columns) for edge in (page.left(n), page.left(n) + page.width)
    ]
    assert edges[0] >= 0 and edges[-1] <= columns and edges == sorted(edges)
    for row in range(page.rows):
        for column in range(page.columns):
            for x in (page.left(column), page.left(column) + page.width - 1):
                for y in (row * page.pitch, (row + 1) * page.pitch - 1):
                    assert page.at(x, y) == row * page.columns + column
    assert page.at(0, page.rows * page.pitch) is None and page.at(columns, 0) is None


@pytest.mark.parametrize("size", [(120, 33), (80, 21), (60, 13), (160, 47)])
def test_squares_are_square_and_two_rows_or_more(size: tuple[int, int]) -> None:
    page = grid(*size, Size.square(128))
    assert page.width == 2 * page.height
    assert page.rows == max(2, round(size[1] / (HEIGHTS[USUAL] + 1))) and page.columns >= 3


def test_larger_pictures_are_fewer() -> None:
    counts = [grid(120, 33, Size.square(128), zoom).count for zoom in range(len(HEIGHTS))]
    assert counts == sorted(counts, reverse=True) and counts[0] > 60 and counts[-1] <= 2


def test_a_picture_wider_than_the_page_is_as_wide_as_the_page() -> None:
    page = grid(20, 30, Size(128, 512))
    assert page.columns == 1 and page.width == 20 and page.height == 2
