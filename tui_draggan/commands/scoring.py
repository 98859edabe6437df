"""Where the scores of attributes come from: a table, a classifier, the renderer, a discriminator.

Each takes pictures of the model and gives numbers; what is not in a table is drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_draggan.api import Model
from tui_draggan.commands.progress import Report
from tui_draggan.directions.labels import Sample
from tui_draggan.directions.scores import Scores, read_scores
from tui_draggan.directions.store import checked_name
from tui_draggan.edit.latent import Seed, class_index, recommended_psi
from tui_draggan.errors import UsageError
from tui_draggan.wording import quoted


@dataclass(frozen=True)
class Wanted:
    """An attribute, and what its source calls it."""

    name: str
    column: str

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """«smile», «smile=31». Raises UsageError for what is no name."""
        name, _, column = text.partition("=")
        return cls(checked_name(name), column or name)


def seed_of(sample: Sample) -> Seed:
    return Seed(*sample)


def samples_of(model: Model, count: int, label: int | None) -> list[Sample]:
    """Pictures to score: seeds from 0, not truncated (InterFaceGAN, section 4.1), of that class or
    of all in turn."""
    c_dim = model.info.c_dim
    return [
        Sample(seed, 1.0, (seed % c_dim if label is None else label) if c_dim else None)
        for seed in range(count)
    ]


def scored(
    model: Model,
    wanted: Sequence[Wanted],
    options: argparse.Namespace,
    label: int | None,
    report: Report,
) -> Scores:
    """The scores of each attribute. label: class of the pictures; None for all. Raises UsageError,
    EngineError."""
    if options.scores is not None:
        return _of_table(model, wanted, options, label)
    samples = samples_of(model, options.samples, label)
    if options.renderer:
        return _of_renderer(model, wanted, samples)
    if options.classifier is not None:
        return _of_classifier(model, wanted, options, samples, report)
    return _of_discriminator(model, wanted, options, samples, report)


def _of_table(
    model: Model, wanted: Sequence[Wanted], options: argparse.Namespace, label: int | None
) -> Scores:
    info = model.info

    def class_of(text: str | None) -> int | None:
        return (0 if info.classes else None) if text is None else class_index(text, info)

    table = read_scores(options.scores, class_of, recommended_psi(info))
    found: Scores = {}
    for one in wanted or [Wanted(name, name) for name in table]:
        if one.column not in table:
            raise UsageError(
                f"{options.scores} has no column {quoted(one.column)}; it has {', '.join(table)}"
            )
        column = table[one.column]
        found[one.name] = {
            sample: value
            for sample, value in column.items()
            if label is None or sample.label == label
        }
    return found


def _of_renderer(model: Model, wanted: Sequence[Wanted], samples: Sequence[Sample]) -> Scores:
    """What the generator was asked to draw: its z is the renderer's."""
    from tui_draggan.training.critters.known import NAMES, SPECIES, known_parameters

    if (model.info.z_dim, model.info.classes) != (len(NAMES), SPECIES):
        raise UsageError("--renderer is for critters, whose parameters are known")
    unknown = next((one.column for one in wanted if one.column not in NAMES), None)
    if unknown is not None:
        raise UsageError(f"no parameter {quoted(unknown)}; available: {', '.join(NAMES)}")
    z = np.stack([np.random.RandomState(one.seed).randn(len(NAMES)) for one in samples])
    values = known_parameters(z, np.array([one.label for one in samples]))
    return {
        one.name: dict(zip(samples, values[one.column].tolist(), strict=True))
        for one in wanted or [Wanted(name, name) for name in NAMES]
    }


def _of_classifier(
    model: Model,
    wanted: Sequence[Wanted],
    options: argparse.Namespace,
    samples: Sequence[Sample],
    report: Report,
) -> Scores:
    from tui_draggan.engines.classifier import Classifier

    classifier = Classifier(options.classifier, options.pixels)
    rows = _looked_at(model, samples, classifier.scores, report)
    count = len(rows[0])
    names = wanted or [Wanted(name, name) for name in classifier.names]
    if not names:
        raise UsageError(f"{options.classifier} does not name what it gives; name an attribute")
    return {
        one.name: {
            sample: float(row[classifier.column(one.column, count)])
            for sample, row in zip(samples, rows, strict=True)
        }
        for one in names
    }


def _of_discriminator(
    model: Model,
    wanted: Sequence[Wanted],
    options: argparse.Namespace,
    samples: Sequence[Sample],
    report: Report,
) -> Scores:
    from tui_draggan.training.metrics.realness import Realness

    if len(wanted) > 1:
        raise UsageError(f"a discriminator judges one attribute; {len(wanted)} given")
    judge = Realness.open(options.discriminator, model.info.size, model.info.c_dim)
    name = wanted[0].name if wanted else "quality"
    scores: dict[Sample, float] = {}
    for number, sample in enumerate(samples):
        report("judging pictures", number, len(samples))
        scores[sample] = judge(model.render(model.latent(seed_of(sample))), sample.label)
    return {name: scores}


def _looked_at(
    model: Model, samples: Sequence[Sample], look: Callable[[Any], Any], report: Report
) -> list[Any]:
    """What is seen in each picture."""
    found = []
    for number, sample in enumerate(samples):
        report("looking at pictures", number, len(samples))
        found.append(look(model.render(model.latent(seed_of(sample)))))
    return found
