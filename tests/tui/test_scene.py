"""What is drawn on the picture, as dots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.points import Pair
from tui_draggan.pictures import markers
from tui_draggan.size import Size
from tui_draggan.tui.pointer import Pointer, PointId
from tui_draggan.tui.scene import Scene, fitted, number_cells, overlay, painted, pair_marks
from tui_draggan.tui.view import View

SIDE = 64
Y, X = np.mgrid[:SIDE, :SIDE]
IMAGE = np.stack([3 * X, 3 * Y, np.full_like(X, 120)], axis=-1).astype(np.uint8)
PICTURE = Size.square(SIDE)
VIEW = View(PICTURE, 100, 40)
PAIRS = (Pair(1, (10, 12), (10, 40)), Pair(2, (50, 50), (30, 50)))
SCENE = Scene(IMAGE, PICTURE, PAIRS, Pointer((32, 20)))


def test_the_whole_picture_at_its_own_size_is_the_picture() -> None:
    np.testing.assert_array_equal(fitted(IMAGE, View(PICTURE, 64, 32), None, PICTURE), IMAGE)


def test_a_zoomed_picture_shows_its_window_and_single_pixels_as_squares() -> None:
    view = VIEW.zoomed(99, 20, 30)
    x0, y0, x1, y1 = view.window
    dots = fitted(IMAGE, view, None, view.drawn)
    assert dots.shape == (*view.drawn, 3)
    assert len(np.unique(dots.reshape(-1, 3), axis=0)) <= (x1 - x0 + 2) * (y1 - y0 + 2)
    np.testing.assert_allclose(dots[0, 0], IMAGE[int(y0), int(x0)], atol=3)


def test_a_preview_smaller_than_the_picture_covers_it() -> None:
    preview = IMAGE[::2, ::2]
    canvas = Size.square(80)
    near = fitted(preview, VIEW, None, canvas).astype(int) - fitted(IMAGE, VIEW, None, canvas)
    assert np.abs(near).mean() < 4


def test_a_mask_dims_what_may_not_change() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, :32] = True
    plain, dim = (fitted(IMAGE, View(PICTURE, 64, 32), each, PICTURE) for each in (None, mask))
    np.testing.assert_array_equal(dim[:, :31], plain[:, :31])
    np.testing.assert_allclose(dim[:, 33:], 0.35 * plain[:, 33:], atol=1)


def test_pairs_are_numbered_and_the_selected_point_is_marked() -> None:
    selected = replace(SCENE, pointer=Pointer((50, 50), selected=PointId(2, "handle")))
    first, second = pair_marks(selected, VIEW.to_dots)
    assert (first.number, first.selected) == (1, "") and first.target == VIEW.to_dots(10, 40)
    assert (second.number, second.selected) == (2, "handle")


def test_a_grabbed_point_and_a_pending_handle_are_drawn_where_they_would_be() -> None:
    grabbed = Pointer((20, 21), selected=PointId(1, "target"), grabbed=PointId(1, "target"))
    first, _ = pair_marks(replace(SCENE, pointer=grabbed), VIEW.to_dots)
    assert first.target == VIEW.to_dots(20, 21)
    pending = replace(SCENE, next_id=3, pointer=Pointer((20, 21), pending=(5, 6)))
    *_, last = pair_marks(pending, VIEW.to_dots)
    assert (last.number, last.handle, last.target) == (3, VIEW.to_dots(5, 6), None)


@pytest.mark.parametrize("moving", [False, True])
def test_the_crosshair_steps_aside_on_a_point_while_the_picture_moves(moving: bool) -> None:
    def drawn(cursor: tuple[int, int]) -> np.ndarray:
        canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
        scene = replace(SCENE, pointer=Pointer(cursor), moving=moving)
        overlay(canvas, scene, lambda x, y: (x, y), SIDE)
        return canvas

    without = np.zeros((SIDE, SIDE, 3), np.uint8)
    markers.paint_pairs(
        without, pair_marks(SCENE, lambda x, y: (x, y)), markers.Sizes.for_canvas(SIDE), False
    )
    assert (drawn((10, 12)) == without).all() == moving
    assert (drawn((32, 20)) != without).any(), "elsewhere it stays"


def test_numbers_stand_on_their_handles_inside_the_panel() -> None:
    cells = number_cells(SCENE, VIEW)
    for number, (x, y) in ((1, (10, 12)), (2, (50, 50))):
        across, down = VIEW.to_dots(x, y)
        assert cells[int((down + 0.5) // 2), round(across)].text == str(number)
    assert number_cells(SCENE, VIEW.zoomed(99, 32, 20)) == {}, "none of them is in sight"


@pytest.mark.parametrize("size", [(400, 400), (400, 360)])
def test_true_pixels_show_the_picture_in_the_proportions_of_the_cells(
    size: tuple[int, int],
) -> None:
    canvas = painted(SCENE, VIEW, *size)
    assert canvas.shape == (size[1], size[0], 3)
    corner = canvas[-20:, :20].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(corner, IMAGE[-3:, :3].reshape(-1, 3).mean(axis=0), atol=4)


@pytest.mark.parametrize("size", [(200, 400), (200, 380), (300, 500)])
def test_true_pixels_of_a_picture_that_is_no_square(size: tuple[int, int]) -> None:
    """All corners are where they belong, and so is a handle near one of them."""
    picture = Size(SIDE, SIDE // 2)
    view = View(picture, 40, 40)
    image = IMAGE[:, : SIDE // 2]
    pairs = (Pair(1, (28, 58), (10, 40)),)
    canvas = painted(Scene(image, picture, pairs, Pointer((16, 20))), view, *size)
    width, height = size
    assert canvas.shape == (height, width, 3)
    for rows, columns, y, x in (
        (slice(0, 9), slice(0, 9), 0, 0),
        (slice(-9, None), slice(0, 9), SIDE - 1, 0),
        (slice(0, 9), slice(-9, None), 0, SIDE // 2 - 1),
    ):
        corner = canvas[rows, columns].reshape(-1, 3).mean(axis=0)
        np.testing.assert_allclose(corner, image[y, x], atol=5)
    disc = canvas[round(58.5 / SIDE * height), round(28.5 / SIDE * 2 * width) - 4]
    np.testing.assert_allclose(disc, markers.HANDLE, atol=40)
