"""Marks against expected pixels."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.arrays import Bytes
from tui_draggan.pictures.markers import (
    HANDLE,
    OUTLINE,
    TARGET,
    PairMark,
    Sizes,
    draw_markers,
    paint_crosshair,
    paint_line,
    paint_pairs,
)


def canvas(side: int, value: int = 120) -> Bytes:
    return np.full((side, side, 3), value, np.uint8)


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_handle_is_a_filled_disc_and_a_target_a_ring(value: int) -> None:
    drawn = draw_markers(canvas(256, value), [((60, 60), (180, 180))])
    assert tuple(drawn[64, 60]) == HANDLE and tuple(drawn[60, 63]) == HANDLE
    assert (drawn[180, 180] == value).all(), "a ring leaves its middle free"
    ring = drawn[180, 180:200].astype(int)
    assert (ring == TARGET).all(-1).any()
    assert (np.abs(ring - OUTLINE).max(-1) < 8).any(), "with an outline, on any picture"
    assert (drawn[30, 200] == value).all()


def test_an_arrow_joins_them() -> None:
    drawn = draw_markers(canvas(256), [((60, 60), (180, 60))])
    assert (drawn[60, 120] > 230).all()
    assert (drawn[58, 120] < 60).all() and (drawn[62, 120] < 60).all()


def test_the_number_stands_in_the_disc() -> None:
    one, two = (canvas(512) for _ in range(2))
    sizes = Sizes.for_canvas(512)
    paint_pairs(one, [PairMark(1, (100, 100), None)], sizes, numbers=True)
    paint_pairs(two, [PairMark(2, (100, 100), None)], sizes, numbers=True)
    assert (one != two).any()


def test_the_picture_given_stays_as_it_is_and_the_scale_enlarges() -> None:
    image = canvas(64)
    drawn = draw_markers(image, [((10, 20), (50, 20))], scale=4)
    assert drawn.shape == (256, 256, 3) and (image == 120).all()
    assert tuple(drawn[85, 41]) == HANDLE, "in the middle of the enlarged pixel"
    assert draw_markers(image, []).shape == (64, 64, 3)


@pytest.mark.parametrize("place", [(0, 0), (63, 63), (-30, 10), (200, 200)])
def test_marks_at_the_edge_and_outside_do_no_harm(place: tuple[int, int]) -> None:
    image = canvas(64)
    paint_pairs(image, [PairMark(12, place, (32, 32))], Sizes.for_canvas(64), numbers=True)
    paint_crosshair(image, place, Sizes.for_canvas(64))
    paint_line(image, place, place, Sizes.for_canvas(64))


def test_the_crosshair_leaves_its_middle_free() -> None:
    image = canvas(88)
    paint_crosshair(image, (44, 44), Sizes.for_canvas(88))
    assert (image[44, 44] == 120).all() and image[44, 48:50].max() > 200


def test_marks_on_a_transparent_picture_are_opaque_and_the_rest_stays_transparent() -> None:
    clear = np.zeros((512, 512, 4), np.uint8)
    drawn = draw_markers(clear, [((100, 100), (300, 400))])
    np.testing.assert_array_equal(drawn[100, 94], (*HANDLE, 255))
    assert (drawn[20, 20] == 0).all() and drawn.shape == clear.shape
