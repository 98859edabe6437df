"""Boundaries of attributes in W, and the directions across them (Shen et al., "InterFaceGAN:
Interpreting the Disentangled Face Representation Learned by GANs", 2020, section 3).

An attribute is read off w by its boundary's normal n. A picture is not moved along n, which runs
through parts of W where no w are, but along Σ·n, Σ being the covariance of w: what w of pictures
with the attribute differ by from those of pictures without. Others are kept by taking off what of
the move they would read, in the same metric: d − ΣNᵀ(NΣNᵀ)⁻¹Nd.

All of it is done in whitened coordinates, w = mean + u·B, where Σ is 1 and n and Σ·n are one vector
a: the boundary is a·u + b = 0, the move a·B, and what others read is taken off by projection.

Symbols: N samples, k whitened coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.directions.direction import Direction
from tui_draggan.latent_statistics import LatentStatistics

METHOD = "boundary"
DECAY = 1.0
"""Weight of ½·Σ aᵢ²/priorᵢ beside the sum of the samples' losses."""
FOLDS = 5
FEWEST = 4
"""Labels of each kind from which there is a boundary."""
NEWTON_STEPS = 50
SETTLED = 1e-8
"""Change of a at which Newton's method has arrived."""

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Whitening:
    """Coordinates u (k,) of W in which w are spread alike in every direction."""

    mean: Floats
    """(w_dim,)"""
    basis: Floats
    """B (k, w_dim); its rows are orthogonal to each other."""

    @classmethod
    def of(cls, statistics: LatentStatistics, label: int | None = None) -> Whitening:
        """Of all w of a model, or of those of a class."""
        of_class = label is not None and label < len(statistics.class_means)
        mean = statistics.class_means[label] if of_class else statistics.mean
        basis = statistics.basis(label)
        return cls(mean, basis[np.square(basis).sum(axis=1) > 0])

    @property
    def prior(self) -> Values:
        """(k,) how much of an attribute is expected in each coordinate before any label is known:
        as much as w vary along it, in the mean 1. Then the penalty is one on the normal in W."""
        variances = np.square(self.basis.astype(np.float64)).sum(axis=1)
        found: Values = variances / variances.mean()
        return found

    @property
    def normals(self) -> Values:
        """(k, w_dim) what reads the coordinates off w."""
        basis = self.basis.astype(np.float64)
        normals: Values = basis / np.square(basis).sum(axis=1, keepdims=True)
        return normals

    def coordinates(self, w: Floats) -> Values:
        """w (N, w_dim) → u (N, k)."""
        u: Values = (w.astype(np.float64) - self.mean) @ self.normals.T
        return u

    def direction(self, name: str, slope: Values, label: int | None = None) -> Direction:
        """The move that changes slope·u, slope (k,), by as much as samples vary in it: 1 σ."""
        unit = slope / np.linalg.norm(slope)
        normal = unit @ self.normals
        return Direction(
            name,
            (unit @ self.basis)[None].astype(np.float32),
            mean=float(normal @ self.mean),
            label=label,
            method=METHOD,
            normal=normal.astype(np.float32),
        )

    def slope(self, direction: Direction) -> Values:
        """(k,) of unit length: what a direction is read by, in these coordinates. The inverse of
        `direction`; for one that has no normal, its vector as a normal of its own."""
        if direction.normal is not None:
            read = self.basis.astype(np.float64) @ direction.normal
        else:
            read = self.normals @ direction.vector.mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(read))
        return read / length if length else read


@dataclass(frozen=True, eq=False)
class Boundary:
    """Where an attribute changes: slope·u + offset = 0, positive on the side that has it."""

    slope: Values
    """(k,) in whitened coordinates."""
    offset: float

    def margins(self, u: Values) -> Values:
        """u (N, k) → (N,) how far on the side that has it; by labels: the log odds."""
        margins: Values = u @ self.slope + self.offset
        return margins


Fit = Callable[[Values, Values, Values], Boundary]
"""Takes u (N, k), labels or scores (N,), and a prior (k,)."""


def by_labels(u: Values, labels: Values, prior: Values) -> Boundary:
    """Logistic regression on labels (N,), 0 or 1, both there, by Newton's method."""
    x = np.concatenate([u, np.ones((len(u), 1))], axis=1)
    penalty = np.append(DECAY / prior, 0.0)
    a = np.zeros(x.shape[1])
    loss = _logistic_loss(x, labels, penalty, a)
    for _ in range(NEWTON_STEPS):
        p = 0.5 * (1 + np.tanh(0.5 * (x @ a)))
        gradient = x.T @ (p - labels) + penalty * a
        curvature = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(a)), gradient)
        # Halved until it is one downhill: far from the minimum the loss is no parabola.
        share = 1.0
        while (new := _logistic_loss(x, labels, penalty, a - share * step)) > loss and share > 1e-6:
            share /= 2
        a, loss = a - share * step, min(new, loss)
        if np.abs(share * step).max() < SETTLED:
            break
    return Boundary(a[:-1], float(a[-1]))


def _logistic_loss(x: Values, labels: Values, penalty: Values, a: Values) -> float:
    margins = x @ a
    return float((np.logaddexp(0, margins) - labels * margins).sum() + 0.5 * penalty @ a**2)


def by_scores(u: Values, scores: Values, prior: Values) -> Boundary:
    """Ridge regression on scores (N,), in their standard deviations; the boundary is at their
    median. In closed form."""
    spread = float(scores.std())
    middle = u.mean(axis=0)
    apart = u - middle
    wanted = (scores - scores.mean()) / spread
    slope = np.linalg.solve(apart.T @ apart + np.diag(DECAY / prior), apart.T @ wanted)
    return Boundary(slope, float((scores.mean() - np.median(scores)) / spread - middle @ slope))


def cross_validated(
    u: Values, values: Values, prior: Values, fit: Fit, folds: int = FOLDS
) -> Values:
    """(N,) the margin of each sample, by a boundary that has not seen it.

    Folds have labels of each kind in proportion; samples of a kind go to folds in their order.
    """
    order = np.argsort(values, kind="stable")
    fold = np.empty(len(values), np.int64)
    fold[order] = np.arange(len(values)) % folds
    margins = np.empty(len(values))
    for one in range(folds):
        held = fold == one
        if held.any():
            margins[held] = fit(u[~held], values[~held], prior).margins(u[held])
    return margins


def accuracy(margins: Values, labels: Values) -> float:
    """Share of labels (N,), 0 or 1, that margins agree with: the mean of both kinds' shares, so
    that guessing is 0.5 however many there are of each."""
    right = (margins > 0) == (labels > 0.5)
    return float(np.mean([right[labels > 0.5].mean(), right[labels <= 0.5].mean()]))


def explained(margins: Values, scores: Values) -> float:
    """R²: share of the scores' variance that the margins explain, up to scale and offset."""
    if not margins.std():
        return 0.0
    return float(np.corrcoef(margins, scores)[0, 1] ** 2)


def enough(labels: Values, fewest: int = FEWEST) -> bool:
    """Whether there are labels of both kinds enough for a boundary."""
    ones = int((labels > 0.5).sum())
    return min(ones, len(labels) - ones) >= fewest


def keeping(slope: Values, kept: Sequence[Values]) -> Values:
    """A slope (k,) without what the kept slopes (k,) read of it. Zero where nothing is left."""
    if not len(kept):
        return slope
    values, vectors = np.linalg.svd(np.stack(kept), full_matrices=False)[1:]
    span = vectors[values > 1e-6 * max(values[0], 1e-12)]
    left: Values = slope - span.T @ (span @ slope)
    return left if np.linalg.norm(left) > 1e-6 * np.linalg.norm(slope) else np.zeros_like(slope)


def leakage(moves: Sequence[Values], readings: Sequence[Values]) -> Values:
    """(M, R) by how many of its own σ each attribute's reading changes for 1 σ of each move, by
    their slopes (k,)."""
    directions, read = (
        np.stack([one / max(float(np.linalg.norm(one)), 1e-12) for one in slopes])
        for slopes in (moves, readings)
    )
    return directions @ read.T


def class_slopes(whitening: Whitening, statistics: LatentStatistics) -> list[Values]:
    """Slopes along which the means of a model's classes differ; none where it has no classes."""
    if len(statistics.class_means) < 2:
        return []
    means = whitening.coordinates(statistics.class_means)
    return list(means[1:] - means[0])
