"""How well what is under a handle still is what was there when it was placed.

Tracking finds the nearest neighbour of a handle's template f0, and there always is one: an ear tip
that has become fur is tracked as fur. So the distance |F − f0| that is left there is set beside
what it is a little off the handle on the picture where it was placed, the pair's `contrast`: a
match of 1 is the same as it was, one of 0 no more alike than what was around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_draggan.arrays import Floats
from tui_draggan.edit.points import Pair

LOST = 0.0
"""Match from which down a handle counts as lost."""
STEPS = 3
"""Steps in a row after which a run ends for it: a single one may be a stumble."""


def matches(pairs: Sequence[Pair], mismatch: Floats | None) -> dict[int, float]:
    """The matches of pairs whose `StepResult.mismatch` (N,) that is, by their ids; of those alone
    whose contrast is known."""
    if mismatch is None:
        return {}
    return {
        pair.id: max(0.0, 1.0 - float(apart) / pair.contrast)
        for pair, apart in zip(pairs, mismatch, strict=True)
        if pair.contrast
    }


def is_lost(match: float | None) -> bool:
    """Whether what was under a handle is no longer there, as far as that is known."""
    return match is not None and match <= LOST


class Watch:
    """Watches the matches of one run, step by step."""

    def __init__(self) -> None:
        self._lost: dict[int, int] = {}
        """For how many steps each has been lost, by its pair's id."""
        self._from_the_start: frozenset[int] | None = None
        """Those that a run began with: whoever starts it knows."""

    def look(self, match: Mapping[int, float]) -> None:
        """A step more."""
        lost = {number for number, share in match.items() if is_lost(share)}
        self._lost = {number: self._lost.get(number, 0) + 1 for number in lost}
        if self._from_the_start is None:
            self._from_the_start = frozenset(lost)
        self._from_the_start &= lost

    @property
    def any(self) -> bool:
        """Whether one is lost in this step."""
        return bool(self._lost)

    @property
    def new(self) -> bool:
        """Whether one has been lost in this run, and for a while."""
        known = self._from_the_start or frozenset()
        return any(steps >= STEPS for one, steps in self._lost.items() if one not in known)
