"""Handle and target points, in image pixels (x, y), origin at the top left, whole numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.wording import quoted

Point = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Pair:
    """One handle point, where it has been tracked to, and the target it is to reach. Where both are
    set in one place it is a pin: what is under it stays there while other points are dragged."""

    id: int
    """Number by which people know it; stays the same while the pair lives, whatever is moved or
    deleted beside it."""
    handle: Point
    target: Point
    template: Floats | None = None
    """(C,) f0, the handle's feature where and when it was placed; None until it has been taken."""
    contrast: float | None = None
    """Mean absolute difference between f0 and the features a little off the handle, then and there;
    None until it has been taken, and in files of earlier versions."""
    pin: bool = False
    """Whether it is a pin; a handle that a drag has brought to its target is none."""

    @classmethod
    def placed(cls, number: int, handle: Point, target: Point) -> Pair:
        """A new pair; a pin where both are in one place."""
        return cls(number, handle, target, pin=handle == target)

    @property
    def distance(self) -> float:
        """Pixels still to go."""
        return math.dist(self.handle, self.target)


def free_ids(taken: Container[int]) -> Iterator[int]:
    """The ids that new pairs have beside those, one after another."""
    return (number for number in count(1) if number not in taken)


def coordinates(points: Sequence[Point]) -> Floats:
    """Points as an array (N, 2)."""
    return np.asarray(points, dtype=np.float32).reshape(-1, 2)


def check_inside(point: Point, size: Size, what: str = "point") -> Point:
    """Raises UsageError if the point is not a pixel of a picture of that size."""
    x, y = point
    if not size.holds(x, y):
        right, bottom = size.width - 1, size.height - 1
        ranges = f"x goes from 0 to {right}, y from 0 to {bottom}"
        if right == bottom:
            ranges = f"x and y go from 0 to {right}"
        raise UsageError(f"{what} {x},{y} lies outside the picture; {ranges}")
    return point


def moved_inside(x: int, y: int, size: Size) -> Point:
    """The pixel of a picture of that size that is nearest to (x, y)."""
    return min(size.width - 1, max(0, x)), min(size.height - 1, max(0, y))


def parse_point(text: str) -> Point:
    """«60,40» → (60, 40). Raises UsageError."""
    match = re.fullmatch(r"\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*", text)
    if match is None:
        raise UsageError(
            f"{quoted(text)} is not a point; expected x,y in whole pixels, as in 60,40"
        )
    return int(match[1]), int(match[2])


def parse_pair(text: str) -> tuple[Point, Point]:
    """«60,40:60,28» → handle (60, 40), target (60, 28). Raises UsageError."""
    handle, colon, target = text.partition(":")
    if not colon:
        raise UsageError(
            f"{quoted(text)} is not a pair of points; expected handle:target, as in 60,40:60,28"
        )
    return parse_point(handle), parse_point(target)
