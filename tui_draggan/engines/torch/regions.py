"""Rectangles of feature maps, and the memory for them.

A map here is (rows, columns, channels), so that every operator runs along contiguous channels,
and may be only a part of the whole: what a drag step needs of a network lies around its points.
Coordinates are cells of the whole map; a part may reach beyond its border, where it is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tui_draggan.size import Size

CHUNK = 1 << 24
"""Elements an arena grows by at least. Only what is used of them takes memory on the host."""
ALIGNMENT = 64
"""Elements; a multiple of every vector unit's width."""


class Rect(NamedTuple):
    """Rows top ≤ y < bottom and columns left ≤ x < right."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def whole(cls, size: Size) -> Rect:
        """All of a map of that size."""
        return cls(0, 0, size.height, size.width)

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def area(self) -> int:
        return self.height * self.width

    def rows(self, first: int, end: int) -> Rect:
        """Some of its rows, counted from its own top."""
        return Rect(self.top + first, self.left, self.top + end, self.right)

    def grown(self, before: int, after: int) -> Rect:
        return Rect(self.top - before, self.left - before, self.bottom + after, self.right + after)

    def within(self, size: Size) -> Rect:
        """What of it lies in a map of that size; at least one cell of the map."""
        top, left = min(max(self.top, 0), size.height - 1), min(max(self.left, 0), size.width - 1)
        bottom, right = min(self.bottom, size.height), min(self.right, size.width)
        return Rect(top, left, max(bottom, top + 1), max(right, left + 1))

    def hull(self, other: Rect) -> Rect:
        return Rect(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))

    def holds(self, other: Rect) -> bool:
        return self.hull(other) == self


@dataclass(frozen=True)
class Map:
    """The part `rect` of a feature map."""

    rect: Rect
    values: Tensor
    """(rows, columns, channels); a view, rows may lie apart."""

    def at(self, rect: Rect) -> Tensor:
        """The values at `rect`, which lies within."""
        top, left = self.rect[:2]
        return self.values[rect.top - top : rect.bottom - top, rect.left - left : rect.right - left]

    def clear_outside(self, rect: Rect) -> None:
        """Zeroes what lies outside `rect`."""
        rows, columns = self.rect.height, self.rect.width
        top, left = rect.top - self.rect.top, rect.left - self.rect.left
        bottom, right = rect.bottom - self.rect.top, rect.right - self.rect.left
        # Most maps end where `rect` does: an operator on nothing costs as much as a small one.
        if top > 0:
            self.values[:top].zero_()
        if bottom < rows:
            self.values[max(bottom, 0) :].zero_()
        if left > 0:
            self.values[:, :left].zero_()
        if right < columns:
            self.values[:, max(right, 0) :].zero_()


def merged(rects: Iterable[Rect], price: int) -> list[Rect]:
    """Fewer rectangles that hold them all: two become one where that costs no more cells than
    `price`, what a rectangle costs beside its cells."""
    done: list[Rect] = []
    for rect in rects:
        near = True
        while near:
            near = False
            for other in done:
                hull = rect.hull(other)
                if hull.area <= rect.area + other.area + price:
                    done.remove(other)
                    rect, near = hull, True
                    break
        done.append(rect)
    return done


class Arena:
    """Memory that is taken piece by piece and given back at once.

    Fresh memory from the system costs more than most operators take to fill it, so pieces are
    used again and again, and stay where they are.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype, chunk: int = CHUNK) -> None:
        self.device = device
        self.dtype = dtype
        self._chunk = chunk
        self._chunks: list[Tensor] = []
        self._at = (0, 0)

    def clear(self) -> None:
        """Everything taken may be taken again."""
        self._at = (0, 0)

    def release(self) -> None:
        """Gives the memory back to the system; not on a GPU, where captured graphs know it by its
        place."""
        self.clear()
        if self.device.type == "cpu":
            self._chunks = []

    def empty(self, *shape: int) -> Tensor:
        """Values are whatever was there."""
        count = math.prod(shape)
        index, start = self._at
        while index < len(self._chunks) and start + count > len(self._chunks[index]):
            index, start = index + 1, 0
        if index == len(self._chunks):
            size = max(count, self._chunk)
            self._chunks.append(torch.empty(size, device=self.device, dtype=self.dtype))
        self._at = index, start + -(-count // ALIGNMENT) * ALIGNMENT
        return self._chunks[index][start : start + count].view(shape)

    def zeros(self, *shape: int) -> Tensor:
        return self.empty(*shape).zero_()

    def map(self, rect: Rect, channels: int) -> Map:
        return Map(rect, self.empty(rect.height, rect.width, channels))
