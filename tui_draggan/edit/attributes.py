"""From labels or scores of a model's pictures to a boundary, and the picture to ask about next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.directions.boundary import (
    Boundary,
    Values,
    Whitening,
    accuracy,
    by_labels,
    by_scores,
    cross_validated,
    enough,
    explained,
    keeping,
)
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.labels import Sample
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import Engine
from tui_draggan.errors import UsageError
from tui_draggan.wording import counted, number, percent, quoted

FEWEST_SCORES = 20


class Latents:
    """The w of pictures, each mapped once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[Sample, Floats] = {}

    def of(self, samples: Iterable[Sample]) -> Floats:
        """(N, w_dim). Raises EngineError, and UsageError for a sample that is none of the
        model's."""
        rows = []
        for one in samples:
            if one not in self._known:
                latent = latent_from_seed(self._engine, one.seed, one.psi, one.label)
                self._known[one] = latent.ws[0]
            rows.append(self._known[one])
        return np.stack(rows) if rows else np.zeros((0, self._engine.info.w_dim), np.float32)


@dataclass(frozen=True, eq=False)
class Found:
    """The boundary of an attribute, and how good it is."""

    name: str
    boundary: Boundary
    whitening: Whitening
    labels: tuple[int, int] | None
    """How many pictures have the attribute and how many do not; None for scores."""
    samples: int
    accuracy: float
    """Balanced, on labels that the boundary has not seen; of scores: above or below their
    median."""
    explained: float | None
    """R² of scores, likewise; None for labels."""

    def direction(self, kept: Sequence[Values] = (), label: int | None = None) -> Direction:
        """The move across it that changes none of the kept slopes. label: class that it is meant
        for. Raises UsageError where nothing is left of it."""
        slope = keeping(self.boundary.slope, kept)
        if not slope.any():
            raise UsageError(f"nothing is left of {quoted(self.name)} beside what is kept")
        return self.whitening.direction(self.name, slope, label)

    @property
    def words(self) -> str:
        """«12 with, 13 without · accuracy 81 %», for a line."""
        if self.labels is None:
            fits = "" if self.explained is None else f" · R² {number(self.explained)}"
            return f"{counted(self.samples, 'score')} · accuracy {percent(self.accuracy)}{fits}"
        ones, zeros = self.labels
        return f"{ones} with, {zeros} without · accuracy {percent(self.accuracy)}"


def found_by_labels(
    name: str, answers: Mapping[Sample, bool | None], latents: Latents, whitening: Whitening
) -> Found | None:
    """From yes and no; None while there are not enough of both. Raises EngineError."""
    asked = {sample: answer for sample, answer in answers.items() if answer is not None}
    labels = np.array(list(asked.values()), np.float64)
    if not enough(labels):
        return None
    u = whitening.coordinates(latents.of(asked))
    margins = cross_validated(u, labels, whitening.prior, by_labels)
    ones = int(labels.sum())
    return Found(
        name,
        by_labels(u, labels, whitening.prior),
        whitening,
        (ones, len(labels) - ones),
        len(labels),
        accuracy(margins, labels),
        None,
    )


def found_by_scores(
    name: str, scores: Mapping[Sample, float], latents: Latents, whitening: Whitening
) -> Found:
    """From numbers; those that are 0 or 1 all are labels. Raises UsageError where there are too
    few, EngineError."""
    values = np.array(list(scores.values()), np.float64)
    if len(values) and np.isin(values, (0.0, 1.0)).all():
        answers: dict[Sample, bool | None] = {one: bool(value) for one, value in scores.items()}
        found = found_by_labels(name, answers, latents, whitening)
        if found is None:
            raise UsageError(f"too few labels for {quoted(name)}; expected 4 of each kind")
        return found
    if len(values) < FEWEST_SCORES or not values.std():
        raise UsageError(
            f"{counted(len(values), 'score')} for {quoted(name)}, or all are alike; expected "
            f"{FEWEST_SCORES} that differ"
        )
    u = whitening.coordinates(latents.of(scores))
    margins = cross_validated(u, values, whitening.prior, by_scores)
    halves = (values > np.median(values)).astype(np.float64)
    return Found(
        name,
        by_scores(u, values, whitening.prior),
        whitening,
        None,
        len(values),
        accuracy(margins, halves),
        explained(margins, values),
    )


def least_sure(
    found: Found | None, pool: Sequence[Sample], latents: Latents, count: int
) -> list[Sample]:
    """The pictures of a pool that a boundary is least sure of, the least first; without a boundary
    the first ones (uncertainty sampling: Lewis and Gale, "A Sequential Algorithm for Training Text
    Classifiers", 1994)."""
    if found is None:
        return list(pool[:count])
    u = found.whitening.coordinates(latents.of(pool))
    order = np.argsort(np.abs(found.boundary.margins(u)), kind="stable")
    return [pool[number] for number in order[:count]]
