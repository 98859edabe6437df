"""The measures of an evaluation: a generator's samples beside real pictures, and their floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.stylegan.pixels import from_bytes, to_bytes
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.metrics.distances import (
    frechet,
    kernel_distance,
    precision_recall,
    sliced_wasserstein,
)
from tui_draggan.training.metrics.generators import EvaluatedModel
from tui_draggan.training.metrics.landmarks.network import FoundLandmarks, find_landmarks
from tui_draggan.training.metrics.path_length import path_length
from tui_draggan.training.metrics.real import Progress, RealHalves

MOST_SLICED = 512
"""Most pictures of each set for the sliced Wasserstein distance: all of their patches count."""
_TOGETHER = 16
"""Pictures that are made or looked at together."""

Features = Callable[[Tensor], Tensor]
"""Pictures (N, 3, H, H) in [-1, 1] → (N, D)."""


@dataclass(frozen=True)
class Measure:
    """One row of the table: of the samples beside real pictures, and as the floor of real pictures
    beside others."""

    name: str
    value: float
    floor: float | None
    note: str = ""


@dataclass(frozen=True)
class CritterMeasures:
    """What the landmark network sees.

    error: mean distance in pixels from a render's landmarks; share: the same in the picture's
    width. accuracy_samples is None where the model's classes are not the species.
    """

    error: float
    share: float
    accuracy_renders: float
    accuracy_samples: float | None
    confidence_renders: float
    confidence_samples: float


def labels_for(model: EvaluatedModel, real: RealHalves) -> Tensor:
    """Classes (N,) of the samples: those of the real pictures, by name where both have names;
    all alike where the model's are others, or the pictures have none."""
    count = len(real.first)
    if not model.c_dim or not len(real.labels):
        return torch.arange(count) % max(model.c_dim, 1)
    names = model.classes or real.classes
    if set(names) == set(real.classes) and len(names) == model.c_dim:
        return torch.tensor([names.index(name) for name in real.classes])[real.labels]
    return torch.arange(count) % model.c_dim


def sampled(
    model: EvaluatedModel, labels: Tensor, seed: int, progress: Progress | None = None
) -> Tensor:
    """Pictures (N, 3, H, H) uint8, one for each label (where the model has classes).

    progress(done, total) is called as they are made.
    """
    made: list[Tensor] = []
    for some in _drawn_w(model, labels, seed).split(_TOGETHER):
        made.append(to_bytes(model.pictures(some)).cpu())
        if progress:
            progress(sum(map(len, made)), len(labels))
    return torch.cat(made)


def measures(
    model: EvaluatedModel,
    real: RealHalves,
    fake: Tensor,
    labels: Tensor,
    features: Features | None,
    lines: int,
    seed: int,
) -> list[Measure]:
    """All measures; without features, the sliced Wasserstein distance alone.

    fake (N, 3, H, H) uint8: samples of the classes `labels` (N,). lines: number of lines in w along
    which the path length is measured. `features` looks at 3 · N + 2 · lines pictures.
    """
    few = min(len(fake), MOST_SLICED)
    first, second, made = (from_bytes(x[:few]) for x in (real.first, real.second, fake))
    sliced = Measure(
        "sliced Wasserstein · 1000",
        sliced_wasserstein(first, made, seed),
        sliced_wasserstein(first, second, seed),
        f"{few} pictures",
    )
    if features is None:
        return [sliced]
    real_a, real_b, found = (_of_bytes(features, x) for x in (real.first, real.second, fake))
    precision, recall = precision_recall(real_a, found)
    best_precision, best_recall = precision_recall(real_a, real_b)
    spread = float(real_a.double().var(dim=0).sum())
    length = path_length(
        lambda w: torch.cat([features(model.pictures(some)) for some in w.split(_TOGETHER)]),
        _ends(model, labels, lines, seed + 1),
        spread,
        seed,
    )
    return [
        Measure("Fréchet distance", frechet(real_a, found), frechet(real_a, real_b)),
        Measure(
            "kernel distance · 1000",
            1000 * kernel_distance(real_a, found),
            1000 * kernel_distance(real_a, real_b),
        ),
        Measure("precision", precision, best_precision),
        Measure("recall", recall, best_recall),
        sliced,
        Measure("path length", length, None, f"{lines} lines in w"),
    ]


def critter_measures(
    model: EvaluatedModel, real: RealHalves, fake: Tensor, labels: Tensor
) -> CritterMeasures:
    """Measures by the landmark network: of renders (the first half), and of samples (N, 3, H, H)
    uint8 of the classes `labels`."""
    assert real.landmarks is not None
    on_renders, on_samples = (find_in_bytes(x) for x in (real.first, fake))
    apart = (on_renders.places - real.landmarks).norm(dim=2).mean()
    known = set(model.classes or SPECIES) == set(SPECIES) and model.c_dim == len(SPECIES)
    return CritterMeasures(
        error=float(apart),
        share=float(apart) / model.size.width,
        accuracy_renders=_accuracy(on_renders, real.labels),
        accuracy_samples=_accuracy(on_samples, _species(model, labels)) if known else None,
        confidence_renders=float(on_renders.confidence.mean()),
        confidence_samples=float(on_samples.confidence.mean()),
    )


def find_in_bytes(image: Tensor) -> FoundLandmarks:
    """`find_landmarks` on pictures (N, 3, H, H) uint8, a few at a time."""
    parts = [find_landmarks(from_bytes(some)) for some in image.split(_TOGETHER)]
    names = FoundLandmarks.__dataclass_fields__
    return FoundLandmarks(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def _species(model: EvaluatedModel, labels: Tensor) -> Tensor:
    """Numbers of SPECIES of a model's classes, by name where it has names."""
    return torch.tensor([SPECIES.index(name) for name in model.classes or SPECIES])[labels]


def _accuracy(found: FoundLandmarks, species: Tensor) -> float:
    return float((found.species.argmax(dim=1) == species).float().mean())


def _drawn_w(model: EvaluatedModel, labels: Tensor, seed: int) -> Tensor:
    z = torch.randn(len(labels), model.z_dim, generator=torch.Generator().manual_seed(seed))
    return model.w(z, labels if model.c_dim else None)


def _ends(model: EvaluatedModel, labels: Tensor, count: int, seed: int) -> Tensor:
    """Ends (count, 2, w_dim) of lines in w, both of one class."""
    which = labels[torch.arange(count) % len(labels)]
    return torch.stack([_drawn_w(model, which, seed + i) for i in (0, 1)], dim=1)


def _of_bytes(features: Features, image: Tensor) -> Tensor:
    return torch.cat([features(from_bytes(some)) for some in image.split(_TOGETHER)])
