"""The pointer: what keys and mouse make of it, without a screen."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.edit.points import Pair
from tui_draggan.size import Size
from tui_draggan.tui import pointer as pointing
from tui_draggan.tui.pointer import AddPair, MovePoint, Pointer, PointId

SIDE = 64
PAIRS = (Pair(1, (10, 10), (10, 20)), Pair(4, (30, 30), (40, 30)))
HANDLE, TARGET = PointId(1, "handle"), PointId(1, "target")


def test_a_point_is_found_within_reach_the_nearest_first() -> None:
    assert pointing.point_at((10, 10), PAIRS) == HANDLE
    assert pointing.point_at((11, 10), PAIRS) is None
    assert pointing.point_at((12, 10), PAIRS, reach=2) == HANDLE
    assert pointing.point_at((10, 14), PAIRS, reach=20) == HANDLE
    assert pointing.point_at((10, 16), PAIRS, reach=20) == TARGET
    assert pointing.point_at((10, 15), PAIRS, reach=20) == HANDLE, "at the same distance"


def test_the_crosshair_selects_what_lies_under_it() -> None:
    there = pointing.move_to(Pointer((0, 0)), (10, 20), PAIRS)
    assert there == Pointer((10, 20), selected=TARGET)
    assert pointing.move_to(there, (11, 20), PAIRS) == Pointer((11, 20))
    pending = Pointer((0, 0), pending=(0, 0))
    assert pointing.move_to(pending, (10, 20), PAIRS) == replace(pending, cursor=(10, 20))


@given(
    st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)),
    st.integers(-100, 100),
    st.integers(-100, 100),
)
def test_the_crosshair_stays_in_the_picture(cursor: tuple[int, int], dx: int, dy: int) -> None:
    x, y = pointing.move_by(Pointer(cursor), dx, dy, Size.square(SIDE), PAIRS).cursor
    assert x == min(SIDE - 1, max(0, cursor[0] + dx)) and y == min(SIDE - 1, max(0, cursor[1] + dy))


def test_confirm_sets_a_handle_then_its_target() -> None:
    pointer, edit = pointing.confirm(Pointer((5, 5)), PAIRS)
    assert pointer == Pointer((5, 5), pending=(5, 5)) and edit is None and pointer.busy
    pinned, edit = pointing.confirm(pointer, PAIRS)
    assert edit == AddPair((5, 5), (5, 5)) and pinned == Pointer((5, 5)), "a target there: a pin"
    pointer, edit = pointing.confirm(replace(pointer, cursor=(5, 9)), PAIRS)
    assert edit == AddPair((5, 5), (5, 9)) and pointer == Pointer((5, 9))


def test_confirm_picks_up_what_is_selected_and_drops_it() -> None:
    pointer, edit = pointing.confirm(Pointer((10, 10), selected=HANDLE), PAIRS)
    assert pointer.grabbed == HANDLE and edit is None
    pointer, edit = pointing.confirm(replace(pointer, cursor=(12, 13)), PAIRS)
    assert edit == MovePoint(HANDLE, (12, 13))
    assert pointer == Pointer((12, 13), selected=HANDLE)
    gone = Pointer((7, 7), selected=PointId(9, "handle"))
    assert pointing.confirm(gone, PAIRS) == (Pointer((7, 7), pending=(7, 7)), None)


def test_cancel_gives_up_one_thing_at_a_time() -> None:
    grabbed = Pointer((12, 13), selected=HANDLE, grabbed=HANDLE)
    back = pointing.cancel(grabbed, PAIRS)
    assert back == Pointer((10, 10), selected=HANDLE), "the crosshair returns to the point"
    assert pointing.cancel(back, PAIRS) == Pointer((10, 10))
    assert pointing.cancel(Pointer((5, 9), pending=(5, 5)), PAIRS) == Pointer((5, 9))


def test_next_goes_round_all_points_both_ways() -> None:
    pointer, places = Pointer((0, 0), pending=(3, 3)), []
    for _ in range(5):
        pointer = pointing.select_next(pointer, 1, PAIRS)
        places.append(pointer.cursor)
    assert places == [(10, 10), (10, 20), (30, 30), (40, 30), (10, 10)] and not pointer.busy
    assert pointing.select_next(pointer, -1, PAIRS).cursor == (40, 30)
    assert pointing.select_next(Pointer((0, 0)), -1, PAIRS).cursor == (40, 30)
    assert pointing.select_next(Pointer((0, 0)), 1, ()) == Pointer((0, 0))


def test_a_drag_with_the_mouse_adds_a_pair() -> None:
    pointer = pointing.press(Pointer((0, 0), selected=HANDLE), (50, 50), 2, PAIRS)
    assert pointer == Pointer((50, 50), pending=(50, 50), pressed=(50, 50))
    pointer = pointing.drag(pointer, (50, 40))
    assert pointing.release(pointer, (50, 41), PAIRS) == (
        Pointer((50, 41)),
        AddPair((50, 50), (50, 41)),
    )


def test_a_drag_of_a_point_moves_it() -> None:
    pointer = pointing.press(Pointer((0, 0)), (11, 11), 2, PAIRS)
    assert pointer.cursor == (10, 10) and pointer.grabbed == HANDLE
    assert pointing.drag(pointer, (11, 11)) == pointer, "not yet moved"
    _, edit = pointing.release(pointing.drag(pointer, (20, 11)), (20, 11), PAIRS)
    assert edit == MovePoint(HANDLE, (20, 11))


def test_a_click_selects_or_moves_the_crosshair() -> None:
    pointer = pointing.press(Pointer((0, 0)), (11, 11), 2, PAIRS)
    assert pointing.release(pointer, (11, 11), PAIRS) == (Pointer((10, 10), selected=HANDLE), None)
    pointer = pointing.press(Pointer((0, 0)), (50, 50), 2, PAIRS)
    assert pointing.release(pointer, (50, 50), PAIRS) == (Pointer((50, 50)), None)


def test_a_click_gives_a_pending_handle_its_target() -> None:
    pointer = pointing.press(Pointer((5, 5), pending=(5, 5)), (9, 9), 2, PAIRS)
    pointer, edit = pointing.release(pointer, (9, 9), PAIRS)
    assert edit == AddPair((5, 5), (9, 9)) and not pointer.busy and pointer.pressed is None


def test_what_is_gone_is_let_go() -> None:
    pointer = Pointer((60, 60), pending=(1, 1), selected=PointId(4, "target"), grabbed=HANDLE)
    left = pointing.reconcile(pointer, PAIRS[:1], Size.square(32))
    assert left == Pointer((31, 31), pending=(1, 1), grabbed=HANDLE)
    assert pointing.reconcile(pointer, PAIRS, Size.square(SIDE)) == pointer
    assert pointing.let_go(pointer) == Pointer((60, 60))


def test_a_grabbed_point_is_seen_at_the_crosshair() -> None:
    assert pointing.with_grabbed(Pointer((1, 2)), PAIRS) == PAIRS
    moved, other = pointing.with_grabbed(Pointer((1, 2), grabbed=TARGET), PAIRS)
    assert (moved.handle, moved.target) == ((10, 10), (1, 2)) and other is PAIRS[1]
    moved, _ = pointing.with_grabbed(Pointer((1, 2), grabbed=HANDLE), PAIRS)
    assert (moved.handle, moved.target) == ((1, 2), (10, 20))
