"""From edits to numbers: errors with intervals, what moved, what left the model's domain."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from tui_draggan.api import Model
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bench.score.edits import Edit
from tui_draggan.bench.score.looking import Seen
from tui_draggan.bench.score.ways import Edited
from tui_draggan.training.critters.displacements import SURE
from tui_draggan.training.metrics.distances import NEIGHBOURS, kernel_distance, precision_recall

RESAMPLES = 2000
"""Resamples of a bootstrap interval."""
INTERVAL = (2.5, 97.5)
"""Its ends, in percent."""


@dataclass(frozen=True, eq=False)
class Result:
    """One edit by one contender, and what is seen of it."""

    edit: Edit
    edited: Edited
    picture: Bytes
    """(H, H, 3) after the edit."""
    seen: Seen | None
    strangeness: float
    """As `LatentStatistics.strangeness`, of the rows that a drag trains."""
    changed: float | None = None
    """Mean grey levels by which pixels changed that should not have."""

    @property
    def tracked(self) -> float:
        """Mean distance from the targets of where the contender believes the handles to be."""
        return float(np.linalg.norm(self.edited.handles - self.edit.targets, axis=1).mean())

    @property
    def error(self) -> float | None:
        """Mean distance from the targets of the dragged landmarks, by the first detector."""
        return None if self.seen is None else self._apart(self.seen.places, self.edit.targets)

    @property
    def error_again(self) -> float | None:
        """The same by the second detector."""
        if self.seen is None or self.edit.targets_again is None:
            return None
        return self._apart(self.seen.again, self.edit.targets_again)

    @property
    def others(self) -> float | None:
        """Mean distance by which landmarks moved that were not dragged; None without any."""
        if self.seen is None or self.edit.before is None:
            return None
        still = self.edit.before.confidence >= SURE
        still[list(self.edit.landmarks)] = False
        moved = np.linalg.norm(self.seen.places - self.edit.before.places, axis=1)
        return float(moved[still].mean()) if still.any() else None

    def _apart(self, places: Floats, targets: ArrayLike) -> float:
        chosen = places[list(self.edit.landmarks)]
        return float(np.linalg.norm(chosen - np.array(targets), axis=1).mean())


@dataclass(frozen=True)
class Score:
    """What came of all edits of one contender. Lengths in pixels of the model's picture; None
    where nothing can be measured."""

    protocol: str
    way: str
    points: int
    n: int
    before: float
    """Mean distance from handles to targets."""
    error: float | None
    """Mean distance of the dragged landmarks from their targets, by the first detector."""
    interval: tuple[float, float] | None
    """95 % of the bootstrap's means of it."""
    median: float | None
    error_again: float | None
    """The same mean by the second detector."""
    tracked: float
    arrived: float
    """Share of edits whose handles are all at their targets, as the contender believes."""
    steps: float
    """Median."""
    seconds: float
    """Mean for an edit."""
    left: float
    """Share of edits that left what the model knows: strangeness above 1."""
    strangeness: float
    """Mean."""
    others: float | None
    """Mean distance by which landmarks moved that were not dragged."""
    confidence: float | None
    """Mean confidence of the first detector."""
    kernel: float | None
    """Kernel distance · 1000 of edited pictures from unedited ones."""
    precision: float | None
    """Share of edited pictures among unedited ones."""
    changed: float | None
    """Mean grey levels by which pixels changed that should not have: outside a mask, or there and
    back."""
    against: tuple[float, float, float] | None = None
    """Mean paired difference of the errors from the last contender's, and its interval."""


def strangeness(model: Model, ws: Floats) -> float:
    """As `Result.strangeness`, of w+ (L, w_dim)."""
    rows = min(model.parameters.rows, model.info.drag.trainable_rows)
    return model.engine.statistics.strangeness(ws[:rows])


def score(protocol: str, way: str, results: Sequence[Result], unedited: Floats) -> Score:
    """unedited (M, D): features of pictures that nobody edited; M may be 0."""
    errors = _known([one.error for one in results])
    features = [one.seen.features for one in results if one.seen is not None]
    kernel = precision = None
    if len(unedited) > NEIGHBOURS and len(features) > NEIGHBOURS:
        real, made = torch.from_numpy(unedited), torch.from_numpy(np.stack(features))
        kernel = 1000 * kernel_distance(real, made)
        precision = precision_recall(real, made)[0]
    apart = [
        np.linalg.norm(np.subtract(one.edit.handles, one.edit.targets), axis=1).mean()
        for one in results
    ]
    return Score(
        protocol=protocol,
        way=way,
        points=round(statistics.mean(len(one.edit.handles) for one in results)),
        n=len(results),
        before=float(np.mean(apart)),
        error=_mean(errors),
        interval=interval(errors) if errors else None,
        median=statistics.median(errors) if errors else None,
        error_again=_mean(_known([one.error_again for one in results])),
        tracked=float(np.mean([one.tracked for one in results])),
        arrived=float(np.mean([one.edited.arrived for one in results])),
        steps=statistics.median(one.edited.steps for one in results),
        seconds=float(np.mean([one.edited.seconds for one in results])),
        left=float(np.mean([one.strangeness > 1 for one in results])),
        strangeness=float(np.mean([one.strangeness for one in results])),
        others=_mean(_known([one.others for one in results])),
        confidence=_mean([float(one.seen.confidence.mean()) for one in results if one.seen]),
        kernel=kernel,
        precision=precision,
        changed=_mean(_known([one.changed for one in results])),
    )


def compared(scores: Sequence[Score], results: Sequence[Sequence[Result]]) -> list[Score]:
    """With `against`: each contender on the same edits beside the last one."""
    last = [one.error for one in results[-1]]
    found = []
    for one, done in zip(scores, results, strict=True):
        pairs = [(a.error, b) for a, b in zip(done, last, strict=True)]
        apart = [a - b for a, b in pairs if a is not None and b is not None]
        if one is not scores[-1] and apart:
            low, high = interval(apart)
            one = replace(one, against=(float(np.mean(apart)), low, high))
        found.append(one)
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean by the percentile bootstrap (Efron and Tibshirani, 1993, 13.3)."""
    random = np.random.default_rng(0)
    array = np.array(values)
    means = array[random.integers(len(array), size=(RESAMPLES, len(array)))].mean(axis=1)
    low, high = np.percentile(means, INTERVAL)
    return float(low), float(high)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
