"""The directions that are offered for a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tui_draggan.directions.classes import class_directions
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.principal import principal_directions
from tui_draggan.latent_statistics import LatentStatistics


def known_directions(
    moved: Iterable[Direction],
    kept: Iterable[Direction],
    statistics: LatentStatistics,
    label: int | None,
    placing: Iterable[Direction] = (),
    classes: Sequence[str] = (),
) -> tuple[Direction, ...]:
    """Those that place the picture, where it can be placed; kept ones for pictures of that class;
    the ways to other classes; the principal ones that have no other name; and whatever the picture
    has been moved along already.

    classes: names of the model's classes.

    A direction has one place, however often it is moved, and one name.
    """
    offered = {one.name: one for one in placing}
    for one in kept:
        if one.label in (None, label):
            offered.setdefault(one.name, one)
    for one in class_directions(statistics, classes, label):
        offered.setdefault(one.name, one)
    named = [one.vector for one in offered.values()]
    for one in principal_directions(statistics, label):
        if not any(_same(one.vector, vector) for vector in named):
            offered.setdefault(one.name, one)
    for one in moved:
        offered[one.name] = one
    return tuple(offered.values())


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-6 * float(np.abs(one).max())))
