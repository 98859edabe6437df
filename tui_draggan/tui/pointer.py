"""The person's pointer on the picture: the crosshair, what is selected, what is half done.

Values and plain functions, no screen. Each function answers a key or a move of the mouse with the
pointer as it is then; an edit is what the session is to be told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui_draggan.edit.points import Pair, Point, moved_inside
from tui_draggan.size import Size

End = Literal["handle", "target"]


@dataclass(frozen=True)
class PointId:
    """One of the two points of a pair."""

    pair_id: int
    end: End


@dataclass(frozen=True)
class Pointer:
    """The place of the crosshair, and what Enter would do there."""

    cursor: Point
    pending: Point | None = None
    """Handle of a pair that has no target yet."""
    selected: PointId | None = None
    grabbed: PointId | None = None
    """Point that has been picked up, to be dropped elsewhere."""
    pressed: Point | None = None
    """Place where the mouse button went down; None while it is up."""

    @property
    def busy(self) -> bool:
        """Something is half done, and Escape cancels it."""
        return self.pending is not None or self.grabbed is not None


@dataclass(frozen=True)
class AddPair:
    """Edit: a new pair."""

    handle: Point
    target: Point


@dataclass(frozen=True)
class MovePoint:
    """Edit: a point elsewhere."""

    point: PointId
    to: Point


Edit = AddPair | MovePoint


def place_of(point: PointId, pairs: Sequence[Pair]) -> Point | None:
    """Where a point is; None if it is gone."""
    return next((place for other, place in _points(pairs) if other == point), None)


def point_at(place: Point, pairs: Sequence[Pair], reach: float = 0.0) -> PointId | None:
    """The point within `reach` pixels of a place: the nearest, a handle before a target."""
    near = [
        (math.dist(place, there), point.end != "handle", point) for point, there in _points(pairs)
    ]
    hits = [hit for hit in near if hit[0] <= reach]
    return min(hits, key=lambda hit: hit[:2])[2] if hits else None


def move_to(pointer: Pointer, cursor: Point, pairs: Sequence[Pair]) -> Pointer:
    """The crosshair somewhere else; what lies exactly under it is selected."""
    if pointer.busy:
        return replace(pointer, cursor=cursor)
    return replace(pointer, cursor=cursor, selected=point_at(cursor, pairs))


def move_by(pointer: Pointer, dx: int, dy: int, size: Size, pairs: Sequence[Pair]) -> Pointer:
    """The crosshair so many pixels further, stopping at the edge."""
    x, y = pointer.cursor
    return move_to(pointer, moved_inside(x + dx, y + dy, size), pairs)


def confirm(pointer: Pointer, pairs: Sequence[Pair]) -> tuple[Pointer, Edit | None]:
    """Enter: sets the handle, then its target, in the same place a pin; picks the selected point
    up, then drops it."""
    if pointer.grabbed is not None:
        edit = MovePoint(pointer.grabbed, pointer.cursor)
        return replace(pointer, grabbed=None, selected=pointer.grabbed), edit
    if pointer.pending is not None:
        return replace(pointer, pending=None), AddPair(pointer.pending, pointer.cursor)
    if pointer.selected is not None and place_of(pointer.selected, pairs) is not None:
        return replace(pointer, grabbed=pointer.selected), None
    return replace(pointer, pending=pointer.cursor, selected=None), None


def cancel(pointer: Pointer, pairs: Sequence[Pair]) -> Pointer:
    """Escape: gives up what is half done."""
    if pointer.grabbed is not None:
        origin = place_of(pointer.grabbed, pairs)
        return replace(pointer, grabbed=None, cursor=origin or pointer.cursor)
    if pointer.pending is not None:
        return replace(pointer, pending=None)
    return replace(pointer, selected=None)


def select_next(pointer: Pointer, step: int, pairs: Sequence[Pair]) -> Pointer:
    """Tab: another point selected, the crosshair on it; handle, target, handle, …"""
    points = [point for point, _ in _points(pairs)]
    if not points:
        return pointer
    if pointer.selected in points:
        point = points[(points.index(pointer.selected) + step) % len(points)]
    else:
        point = points[0 if step > 0 else -1]
    cursor = place_of(point, pairs) or pointer.cursor
    return replace(pointer, cursor=cursor, pending=None, selected=point, grabbed=None)


def select(pointer: Pointer, point: PointId, pairs: Sequence[Pair]) -> Pointer:
    """That point selected, the crosshair on it; nothing where it is gone."""
    place = place_of(point, pairs)
    if place is None:
        return pointer
    return replace(pointer, cursor=place, pending=None, selected=point, grabbed=None)


def select_number(pointer: Pointer, number: int, pairs: Sequence[Pair]) -> Pointer:
    """The handle of the pair of that number; where that is selected already, its target."""
    chosen = pointer.selected == PointId(number, "handle")
    return select(pointer, PointId(number, "target" if chosen else "handle"), pairs)


def press(pointer: Pointer, place: Point, reach: float, pairs: Sequence[Pair]) -> Pointer:
    """The mouse button goes down: picks up a point within `reach` pixels, or sets a handle."""
    pointer = replace(pointer, pressed=place)
    if pointer.busy:
        return replace(pointer, cursor=place)
    point = point_at(place, pairs, reach)
    if point is None:
        return replace(pointer, cursor=place, selected=None, pending=place)
    return replace(pointer, cursor=place_of(point, pairs) or place, selected=point, grabbed=point)


def drag(pointer: Pointer, place: Point) -> Pointer:
    """The mouse moves with its button down; within the pixel it was pressed on that is nothing."""
    return pointer if place == pointer.pressed else replace(pointer, cursor=place)


def release(pointer: Pointer, place: Point, pairs: Sequence[Pair]) -> tuple[Pointer, Edit | None]:
    """The mouse button comes up: drops what is half done, or, where it was only a click, selects
    the point there or moves the crosshair."""
    pressed, pointer = pointer.pressed, replace(pointer, pressed=None)
    dragged = place != pressed
    was_pending = pointer.pending is not None and pointer.pending != pressed
    if dragged or was_pending:
        return confirm(replace(pointer, cursor=place), pairs)
    if pointer.grabbed is not None:
        return replace(pointer, grabbed=None), None
    return move_to(replace(pointer, pending=None), pointer.cursor, pairs), None


def reconcile(pointer: Pointer, pairs: Sequence[Pair], size: Size) -> Pointer:
    """The same pointer on a document that has changed under it: what is gone is let go."""
    points = [point for point, _ in _points(pairs)]
    return replace(
        pointer,
        cursor=moved_inside(*pointer.cursor, size),
        selected=pointer.selected if pointer.selected in points else None,
        grabbed=pointer.grabbed if pointer.grabbed in points else None,
    )


def let_go(pointer: Pointer) -> Pointer:
    """Only the crosshair: the document has become another."""
    return Pointer(pointer.cursor, pressed=pointer.pressed)


def with_grabbed(pointer: Pointer, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs as they are to be seen: the grabbed point at the crosshair."""
    grabbed, cursor = pointer.grabbed, pointer.cursor

    def seen(pair: Pair) -> Pair:
        if grabbed is None or pair.id != grabbed.pair_id:
            return pair
        if pair.pin:
            return replace(pair, handle=cursor, target=cursor)
        if grabbed.end == "handle":
            return replace(pair, handle=cursor)
        return replace(pair, target=cursor)

    return tuple(seen(pair) for pair in pairs)


def _points(pairs: Sequence[Pair]) -> Iterator[tuple[PointId, Point]]:
    """Every point with its place, in the order in which Tab selects them; a pin is one."""
    for pair in pairs:
        yield PointId(pair.id, "handle"), pair.handle
        if not pair.pin:
            yield PointId(pair.id, "target"), pair.target
