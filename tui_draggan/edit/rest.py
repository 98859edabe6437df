"""Hold the rest: pins all over the picture, except where points are dragged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tui_draggan.edit.document import Document
from tui_draggan.edit.points import Pair, Point, coordinates
from tui_draggan.size import Size

ALONG = 4
"""Pins along the picture's shorter side: as few as hold it, so that what is dragged can still take
its surroundings along."""
APART = 3 / 32
"""Distance from the way of a dragged point within which nothing is held, as a share of that side;
from pins that are there already too."""


def with_rest_held(document: Document, size: Size, numbers: Iterator[int]) -> Document:
    """With those pins, whose ids are the next of these numbers; the same document where there is
    no room for any."""
    for place in rest_of(size, document.pairs):
        document = document.adding(Pair.placed(next(numbers), place, place))
    return document


def rest_of(size: Size, pairs: Sequence[Pair]) -> list[Point]:
    """Where pins hold what those pairs leave alone: a square grid, without the places near any."""
    step = size.shorter / ALONG
    across, down = (round(side / step) for side in (size.width, size.height))
    grid = [
        (int((column + 0.5) * size.width / across), int((row + 0.5) * size.height / down))
        for row in range(down)
        for column in range(across)
    ]
    return [place for place in grid if _is_free(place, pairs, APART * size.shorter)]


def _is_free(place: Point, pairs: Sequence[Pair], apart: float) -> bool:
    return all(_from_way(place, pair) > apart for pair in pairs)


def _from_way(place: Point, pair: Pair) -> float:
    """Pixels from the line between handle and target."""
    here, start, end = coordinates([place, pair.handle, pair.target])
    way = end - start
    share = np.clip((here - start) @ way / max(float(way @ way), 1e-9), 0, 1)
    return float(np.linalg.norm(start + share * way - here))
