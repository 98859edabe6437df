"""From one class of a conditional generator to another: the difference of their mean w.

A slider of 1 is all the way. What a picture differs by from the mean of its class stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_draggan.directions.direction import WAY, Direction
from tui_draggan.latent_statistics import LatentStatistics

METHOD = "classes"
OFFERED = 12
"""Classes of a model up to which each is offered as the end of a way."""


def between(
    statistics: LatentStatistics, names: Sequence[str], start: int, end: int
) -> Direction | None:
    """The way from class `start` to class `end`, for pictures of the first; None where the
    statistics know no classes, or they are one."""
    if start == end or max(start, end) >= len(statistics.class_means):
        return None
    way = statistics.class_means[end] - statistics.class_means[start]
    if not way.any():
        return None
    return Direction(f"to {names[end]}", way[None], label=start, method=METHOD, unit=WAY)


def class_directions(
    statistics: LatentStatistics, names: Sequence[str], label: int | None
) -> tuple[Direction, ...]:
    """The ways from a class to every other one; () where there are none, or too many."""
    if label is None or len(names) > OFFERED:
        return ()
    ways = (between(statistics, names, label, end) for end in range(len(names)))
    return tuple(way for way in ways if way is not None)
