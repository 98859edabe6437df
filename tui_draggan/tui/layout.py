"""The arrangement of the panels, for a terminal of any size."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


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
BELOW = 13
"""Rows the panels below it need."""
BARS = 3
"""Rows of title, status line and key bar."""


def plan(columns: int, rows: int) -> Plan:
    """The arrangement for a terminal of that size."""
    body = rows - BARS
    if columns < 60 and rows < columns // 2 + BELOW:
        return Plan(Arrangement.TINY, columns, max(1, rows - 1))
    if rows < 16:
        return Plan(Arrangement.TINY, columns, max(1, rows - 1))
    if columns < 60 or rows > columns * 0.62:
        height = min(columns // 2, body - BELOW)
        return Plan(Arrangement.TALL, columns, max(4, height))
    if columns >= 112 and rows >= 32:
        return Plan(Arrangement.LARGE, min(2 * (body - 2) + 2, columns - 44), body)
    return Plan(Arrangement.SMALL, min(2 * body, columns - SIDE), body)
