"""Which engine was picked for a model here, by which figures, and whether they can be relied on.

Picks are kept in the cache: a machine that was busy when it was measured must not keep a slow
engine for good, so a pick knows how far its own figures scattered.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tui_draggan import cache, paths

TURNS = 3
"""Turns of every engine in a full measurement."""
BUSY = 0.1
"""Spread from which the machine counts as busy; on a quiet one it is a few hundredths. A low bound
costs a measurement at rest, a high one a slow engine."""
REMEMBERED = 100
"""Number of picks that are kept; the oldest go first."""


@dataclass(frozen=True)
class Pick:
    """The engine with the least median, and how that was found."""

    engine: str
    milliseconds: dict[str, float]
    """Median of the reference step, of each engine that reproduces it."""
    spread: float
    """Half the distance between the quartiles, as a share of the median; the widest engine's."""
    turns: int
    """Turns that every engine had."""
    measured_at: float
    """Seconds since 1970."""

    @classmethod
    def of(cls, steps: Mapping[str, Sequence[float]], turns: int) -> Pick:
        """steps: milliseconds of single steps, by engine; none of them empty."""
        medians = {name: statistics.median(times) for name, times in steps.items()}
        engine = min(medians, key=lambda name: medians[name])
        return cls(engine, medians, max(map(_spread, steps.values())), turns, time.time())

    @property
    def doubt(self) -> str:
        """Why the pick is provisional; empty where it is not."""
        if self.spread > BUSY:
            return "the machine was busy"
        return "it was measured in a hurry" if self.turns < TURNS else ""


@dataclass(frozen=True)
class Memory:
    """The pick for one set of facts (`key`), kept for the next start where that can be written."""

    key: str

    def recall(self) -> Pick | None:
        return _parsed(_entries().get(self.key))

    def keep(self, pick: Pick) -> None:
        self._write({self.key: asdict(pick)})

    def forget(self) -> None:
        self._write({})

    def _write(self, entry: dict[str, Any]) -> None:
        others = {key: value for key, value in _entries().items() if key != self.key}
        entries = [*others.items(), *entry.items()]
        cache.write_own(paths.chosen_engines(), json.dumps(dict(entries[-REMEMBERED:]), indent=2))


def _spread(times: Sequence[float]) -> float:
    if len(times) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return (high - low) / 2 / middle


def _entries() -> dict[str, Any]:
    try:
        known = json.loads(cache.read_own(paths.chosen_engines()) or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _parsed(entry: Any) -> Pick | None:
    """The pick of an entry; None where it is none."""
    try:
        pick = Pick(
            engine=str(entry["engine"]),
            milliseconds={str(k): float(v) for k, v in entry["milliseconds"].items()},
            spread=float(entry["spread"]),
            turns=int(entry["turns"]),
            measured_at=float(entry["measured_at"]),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None
    sound = all(map(math.isfinite, (pick.spread, pick.measured_at))) and all(
        0 < value < math.inf for value in pick.milliseconds.values()
    )
    return pick if sound and pick.engine in pick.milliseconds else None
