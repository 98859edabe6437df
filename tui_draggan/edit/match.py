"""How well what is under a handle still is what was there when it was placed.

Tracking finds the nearest neighbour of a handle's template f0, and there always is one: an ear tip
that has become fur is tracked as fur. So the distance |F − f0| that is left there is set beside
what it is a little off the handle on the picture where it was placed, the pair's `contrast`: a
match of 1 is the same as it was, one of 0 clearly less alike than what was around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_draggan.arrays import Floats
from tui_draggan.edit.points import Pair

FAR = 1.3
"""Contrasts from the template that are a match of 0: of edits that land well some end beyond 1.2,
none beyond this (docs/score.md)."""
LOST = 0.0
"""Match from which down a handle counts as lost."""
STEPS = 3
"""Steps in a row after which a run pauses for it: a single one may be a stumble."""


def matches(pairs: Sequence[Pair], mismatch: Floats | None) -> dict[int, float]:
    """The matches of pairs whose `StepResult.mismatch` (N,) that is, by their ids; of those alone
    whose contrast is known."""
    if mismatch is None:
        return {}
    return {
        pair.id: max(0.0, 1.0 - float(apart) / (FAR * pair.contrast))
        for pair, apart in zip(pairs, mismatch, strict=True)
        if pair.contrast
    }


def is_lost(match: float | None) -> bool:
    """Whether what was under a handle is no longer there, as far as that is known."""
    return match is not None and match <= LOST


class Watch:
    """Watches the matches of one run, step by step."""

    def __init__(self) -> None:
        self.lost = False
        """Whether at least half of the points that are dragged are lost. One among several mostly
        has not gone far (docs/score.md): its neighbours hold it."""
        self._steps = 0
        """For how many steps that has been so."""
        self._told: bool | None = None
        """Whether whoever started the run knows of it."""

    def look(self, pairs: Sequence[Pair], match: Mapping[int, float]) -> None:
        """A step more, of pairs with those matches by their ids."""
        known = [match[pair.id] for pair in pairs if not pair.pin and pair.id in match]
        self.lost = bool(known) and 2 * sum(map(is_lost, known)) >= len(known)
        self._steps = self._steps + 1 if self.lost else 0
        if self._told is None or not self.lost:
            self._told = self.lost

    def alarm(self) -> bool:
        """Whether it has to be told now."""
        new = self._steps >= STEPS and not self._told
        self._told = self._told or new
        return new
