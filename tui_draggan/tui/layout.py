"""The arrangement of the panels, for a terminal of any size."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tui_draggan.size import Size


class Arrangement(Enum):
    """Places of the panels."""

    LARGE = "large"
    """Picture in a frame, all panels beside it."""
    SMALL = "small"
    """Picture without frame, the panels that matter beside it."""
    TALL = "tall"
    """Panels below the picture."""
    TINY = "tiny"
    """Picture and one line."""


class Plan(NamedTuple):
    """An arrangement and the cells its picture gets, frame included."""

    arrangement: Arrangement
    width: int
    height: int


SIDE = 36
"""Columns the panels beside the picture need."""
NARROW_SIDE, NARROW = 26, 80
"""Columns they make do with in a terminal of fewer than so many, unless the picture is wide."""
BELOW = 13
"""Rows the panels below it need."""
FEWEST_BELOW = 9
"""Rows they make do with below a picture wider than high, which would be small beside them."""
MUCH = 1.25
"""Times by which such a picture has to be larger for that."""
BARS = 3
"""Rows of title, status line and key bar."""
NARROWEST = 24
"""Columns a picture gets, be it ever so narrow: zoomed in it fills them."""


def has_timeline(arrangement: Arrangement, steps: bool) -> bool:
    """Whether there is a row for the timeline. steps: whether there are any to show: where room is
    scarce the picture gets the row until then."""
    return arrangement is Arrangement.LARGE or (steps and arrangement is not Arrangement.TINY)


def plan(columns: int, rows: int, picture: Size, steps: bool = False) -> Plan:
    """The arrangement for a terminal of that size and a picture of those proportions.

    steps: whether there are any for the timeline. A cell is twice as high as wide. A picture gets
    no more columns than it fills at its height.
    """
    large = columns >= 112 and rows >= 32
    body = rows - BARS - (steps or large)
    wide = picture.width / picture.height
    if columns < 60 and rows < columns // 2 + BELOW:
        return Plan(Arrangement.TINY, columns, max(1, rows - 1))
    if rows < 16:
        return Plan(Arrangement.TINY, columns, max(1, rows - 1))
    side = NARROW_SIDE if wide <= 1 and columns < NARROW else SIDE
    beside = min(_columns(body, wide), columns - side)
    below = min(int(columns / 2 / wide), body - (BELOW if wide <= 1 else FEWEST_BELOW))
    if columns < 60 or rows > columns * 0.62:
        return Plan(Arrangement.TALL, columns, max(4, below))
    if large:
        return Plan(Arrangement.LARGE, min(_columns(body - 2, wide) + 2, columns - 44), body)
    if wide > 1 and min(below * 2 * wide, columns) >= MUCH * beside:
        return Plan(Arrangement.TALL, columns, max(4, below))
    return Plan(Arrangement.SMALL, beside, body)


def _columns(rows: int, wide: float) -> int:
    """What a picture fills in so many rows; `wide`: its width, in heights."""
    return max(round(2 * rows * wide), min(NARROWEST, 2 * rows))
