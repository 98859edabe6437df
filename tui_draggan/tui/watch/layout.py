"""Places of picture and curves, for a terminal of any size."""

from __future__ import annotations

from typing import NamedTuple

BESIDE = 34
"""Columns that curves beside the picture need."""
KEYS_FROM = 16
"""Rows from which there is a line of keys."""
CHART = 9
"""Rows of each curve where there are several."""


class Plan(NamedTuple):
    """Cells of the picture, and where the rest goes."""

    width: int
    height: int
    beside: bool
    """The curves are beside the picture, not below it."""
    keys: bool


def drawn_size(columns: int, rows: int, aspect: float) -> tuple[int, int]:
    """The largest picture of so many times its height in width, in columns and rows of cells."""
    dots = max(1.0, min(columns, 2 * rows * aspect))
    width = max(1, int(dots))
    return width, max(1, min(rows, round(dots / aspect / 2)))


def plan(columns: int, rows: int, aspect: float) -> Plan:
    """The arrangement in which the picture is largest."""
    keys = rows >= KEYS_FROM
    body = max(1, rows - 2 - keys)
    curves = 2 if rows < KEYS_FROM else 4 if rows < 30 else 7
    below = drawn_size(columns, max(1, body - curves), aspect)
    beside = drawn_size(max(1, columns - BESIDE), body, aspect)
    if columns >= 2 * BESIDE and beside[0] >= below[0]:
        return Plan(beside[0], body, True, keys)
    return Plan(columns, below[1], False, keys)
