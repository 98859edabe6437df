"""Where a search may begin: the mean picture of each class, or of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.engines.base import Engine

SAMPLES = 64
"""Number of w whose mean a class begins with, where the model's statistics do not know it."""


@dataclass(frozen=True, eq=False)
class Start:
    """A centre of whitened coordinates."""

    label: int | None
    """Number of its class."""
    centre: Floats
    """(w_dim,)"""
    basis: Floats
    """B (k, w_dim) of all classes: with that of one, what looks like another class is not found."""


def starts(engine: Engine, label: int | None = None) -> tuple[Start, ...]:
    """That of a class; without one, those of all classes, among which a search chooses; a single
    one where the model has no classes, or too many for its statistics to know each."""
    known = engine.statistics
    if label is not None and label >= len(known.class_means):
        z = np.random.RandomState(0).randn(SAMPLES, engine.info.z_dim).astype(np.float32)
        centre: Floats = np.stack([engine.map(one, label) for one in z]).mean(axis=0)
        return (Start(label, centre, known.basis()),)
    if label is None and not len(known.class_means):
        return (Start(None, known.mean, known.basis()),)
    labels = range(len(known.class_means)) if label is None else [label]
    return tuple(Start(one, known.class_means[one], known.basis()) for one in labels)
