"""What the person's hand is doing: the crosshair, what is selected, what is half made.

Values and plain functions, no screen; an edit is what the session is to be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui_draggan.edit.points import Pair, Point

End = Literal["handle", "target"]


@dataclass(frozen=True)
class Grip:
    """One end of one pair."""

    pair_id: int
    end: End


@dataclass(frozen=True)
class Pointer:
    """Where the crosshair is and what Enter would do."""

    cursor: Point
    first: Point | None = None
    """The handle of a pair whose target is being looked for."""
    selected: Grip | None = None
    held: Grip | None = None
    """Picked up, to be dropped elsewhere."""


@dataclass(frozen=True)
class NewPair:
    """Edit: a pair."""

    handle: Point
    target: Point


@dataclass(frozen=True)
class MovePoint:
    """Edit: an end of a pair elsewhere."""

    grip: Grip
    to: Point


Edit = NewPair | MovePoint


def place_of(grip: Grip, pairs: Sequence[Pair]) -> Point | None:
    """Where that point is; None if it is gone."""
    for pair in pairs:
        if pair.id == grip.pair_id:
            return pair.handle if grip.end == "handle" else pair.target
    return None


def point_at(place: Point, pairs: Sequence[Pair], reach: float = 0.0) -> Grip | None:
    """The point within `reach` pixels of a place, the nearest one, a handle before a target."""
    found: list[tuple[float, int, Grip]] = []
    for pair in pairs:
        for order, end in enumerate(("handle", "target")):
            grip = Grip(pair.id, end)  # type: ignore[arg-type]
            distance = math.dist(place, pair.handle if end == "handle" else pair.target)
            if distance <= reach:
                found.append((distance, order, grip))
    return min(found, key=lambda item: item[:2])[2] if found else None


def moved(hand: Pointer, cursor: Point, pairs: Sequence[Pair]) -> Pointer:
    """The crosshair somewhere else; what lies exactly under it is selected."""
    if hand.first is not None or hand.held is not None:
        return replace(hand, cursor=cursor)
    return replace(hand, cursor=cursor, selected=point_at(cursor, pairs))


def nudged(hand: Pointer, dx: int, dy: int, resolution: int, pairs: Sequence[Pair]) -> Pointer:
    """The crosshair moved by so many pixels, stopping at the edge."""
    x, y = hand.cursor
    last = resolution - 1
    return moved(hand, (min(last, max(0, x + dx)), min(last, max(0, y + dy))), pairs)


def entered(hand: Pointer, pairs: Sequence[Pair]) -> tuple[Pointer, Edit | None]:
    """Enter: drops what is next or picks up what is selected."""
    if hand.held is not None:
        edit = MovePoint(hand.held, hand.cursor)
        return replace(hand, held=None, selected=hand.held), edit
    if hand.first is not None:
        if hand.first == hand.cursor:
            return hand, None  # a target on its handle would be no drag
        return replace(hand, first=None), NewPair(hand.first, hand.cursor)
    if hand.selected is not None and place_of(hand.selected, pairs) is not None:
        return replace(hand, held=hand.selected), None
    return replace(hand, first=hand.cursor, selected=None), None


def escaped(hand: Pointer, pairs: Sequence[Pair]) -> Pointer:
    """Escape: takes back what is half made."""
    if hand.held is not None:
        back = place_of(hand.held, pairs)
        return replace(hand, held=None, cursor=back or hand.cursor)
    if hand.first is not None:
        return replace(hand, first=None)
    return replace(hand, selected=None)


def walked(hand: Pointer, step: int, pairs: Sequence[Pair]) -> Pointer:
    """Tab: the next point selected, the crosshair on it; handle, target, handle, …"""
    grips = [Grip(pair.id, end) for pair in pairs for end in ("handle", "target")]
    if not grips:
        return hand
    if hand.selected in grips:
        grip = grips[(grips.index(hand.selected) + step) % len(grips)]
    else:
        grip = grips[0 if step > 0 else -1]
    return Pointer(place_of(grip, pairs) or hand.cursor, selected=grip)


def settled(hand: Pointer, pairs: Sequence[Pair], resolution: int) -> Pointer:
    """The same hand on a document that has changed under it: what is gone is let go."""
    last = resolution - 1
    x, y = hand.cursor
    selected = hand.selected if hand.selected and place_of(hand.selected, pairs) else None
    held = hand.held if hand.held and place_of(hand.held, pairs) else None
    return replace(hand, cursor=(min(last, x), min(last, y)), selected=selected, held=held)
