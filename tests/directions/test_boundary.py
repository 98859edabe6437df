"""Boundaries against formulas written plainly in W, and against what samples were made of."""

from __future__ import annotations

import numpy as np
import pytest

from tests.directions.test_directions import MEAN, cosine, samples
from tui_draggan.arrays import Floats
from tui_draggan.directions.boundary import (
    DECAY,
    Values,
    Whitening,
    accuracy,
    by_labels,
    by_scores,
    class_slopes,
    cross_validated,
    enough,
    explained,
    keeping,
    leakage,
)
from tui_draggan.directions.direction import Direction
from tui_draggan.errors import UsageError
from tui_draggan.latent_statistics import LatentStatistics

W = samples()
STATISTICS = LatentStatistics.of(W)
WHITENING = Whitening.of(STATISTICS)
PRIOR = WHITENING.prior
COVARIANCE = np.cov(W.T.astype(np.float64))
NORMAL = np.array([0.2, -1.0, 0.5, 2.0, 0.0, 3.0])
"""What an attribute is read by, in W."""


def logistic_loss(a: Values, b: float, u: Values, labels: Values) -> float:
    """Hastie, Tibshirani and Friedman, 2009, 4.4.1 and 4.4.4, with signs for labels."""
    signs = np.where(labels > 0.5, 1, -1)
    losses = np.log(1 + np.exp(-signs * (u @ a + b)))
    return float(losses.sum() + 0.5 * DECAY * (a**2 / PRIOR).sum())


def labelled(count: int, seed: int = 0, noise: float = 0.5) -> tuple[Values, Values]:
    """u (N, 6), and labels (N,) by a boundary that not all of them keep to."""
    random = np.random.default_rng(seed)
    u = WHITENING.coordinates(W[:count])
    margins = (W[:count] - MEAN) @ NORMAL
    noisy = margins + noise * margins.std() * random.standard_normal(count)
    return u, (noisy > 0).astype(np.float64)


@pytest.mark.parametrize("noise", [0.0, 0.5, 5.0], ids=["separable", "some", "mostly noise"])
def test_labels_give_the_minimum_of_the_logistic_loss(noise: float) -> None:
    u, labels = labelled(60, noise=noise)
    found = by_labels(u, labels, PRIOR)
    least = logistic_loss(found.slope, found.offset, u, labels)
    random = np.random.default_rng(1)
    for size in (1e-3, 1e-1, 3.0):
        for _ in range(30):
            a, b = found.slope + size * random.standard_normal(6), size * random.standard_normal()
            assert logistic_loss(a, found.offset + b, u, labels) > least
    steps = np.eye(7) * 1e-4
    slopes = [
        logistic_loss(found.slope + step[:6], found.offset + step[6], u, labels)
        - logistic_loss(found.slope - step[:6], found.offset - step[6], u, labels)
        for step in steps
    ]
    np.testing.assert_allclose(np.array(slopes) / 2e-4, 0, atol=1e-5)


def test_scores_give_the_least_squares() -> None:
    u = WHITENING.coordinates(W[:80])
    scores = W[:80] @ NORMAL * 7 + 3
    found = by_scores(u, scores, PRIOR)
    wanted = (scores - scores.mean()) / scores.std()
    rows = np.concatenate([u - u.mean(axis=0), np.diag(np.sqrt(DECAY / PRIOR))])
    plain = np.linalg.lstsq(rows, np.concatenate([wanted, np.zeros(6)]), rcond=None)[0]
    np.testing.assert_allclose(found.slope, plain, atol=1e-9)
    above = found.margins(u) > 0
    assert abs(above.mean() - 0.5) < 0.06, "the boundary is at the median"


def test_a_picture_moves_along_the_covariance_times_the_normal() -> None:
    """And not along the normal, which is what it is read by."""
    slope = by_scores(WHITENING.coordinates(W), W @ NORMAL, PRIOR).slope
    one = WHITENING.direction("smile", slope)
    assert cosine(one.vector, COVARIANCE @ NORMAL) > 0.9999
    assert cosine(one.vector, NORMAL) < 0.9
    assert one.normal is not None and cosine(one.normal, NORMAL) > 0.999
    assert one.position(np.tile(MEAN, (3, 1))) == pytest.approx(0, abs=0.03)
    moved = np.tile(MEAN, (3, 1)) + 2 * one.vector
    assert one.position(moved) == pytest.approx(2, abs=0.03)
    positions = [one.position(w[None]) for w in W[:2000]]
    assert np.std(positions) == pytest.approx(1, abs=0.05), "σ are those of samples"


def test_few_labels_find_it_too() -> None:
    slope = by_labels(*labelled(1000), PRIOR).slope
    assert cosine(WHITENING.direction("smile", slope).vector, COVARIANCE @ NORMAL) > 0.97


def test_the_penalty_is_one_on_the_normal_in_w() -> None:
    slope = np.arange(1.0, 7)
    in_w = np.square(slope @ WHITENING.normals).sum()
    assert (slope**2 / PRIOR).sum() / in_w == pytest.approx(np.trace(COVARIANCE) / 6, rel=0.02)


def test_what_is_kept_is_taken_off_in_the_metric_of_the_data() -> None:
    kept = np.random.default_rng(4).standard_normal((2, 6))
    d = COVARIANCE @ NORMAL
    sigma_n = COVARIANCE @ kept.T
    plain = d - sigma_n @ np.linalg.solve(kept @ sigma_n, kept @ d)
    slopes = [by_scores(WHITENING.coordinates(W), W @ one, PRIOR).slope for one in (NORMAL, *kept)]
    left = WHITENING.direction("smile", keeping(slopes[0], slopes[1:]))
    assert cosine(left.vector, plain) > 0.9999
    read = (
        left.vector[0].astype(np.float64)
        @ kept.T
        / np.sqrt(np.einsum("ij,jk,ik->i", kept, COVARIANCE, kept))
    )
    np.testing.assert_allclose(read, 0, atol=1e-2)
    twice = keeping(slopes[0], [slopes[1], slopes[2], 2 * slopes[1] - slopes[2], slopes[1]])
    np.testing.assert_allclose(twice, keeping(slopes[0], slopes[1:]), atol=1e-9)
    assert not keeping(slopes[1], slopes[1:]).any(), "nothing is left of what is kept itself"
    np.testing.assert_array_equal(keeping(slopes[0], []), slopes[0])


def test_coordinates_of_w_do_not_matter() -> None:
    """In W turned and scaled the same pictures are moved in the same way."""
    other = 3 * np.linalg.qr(np.random.default_rng(5).standard_normal((6, 6)))[0].astype(np.float32)
    changed: Floats = W @ other
    whitening = Whitening.of(LatentStatistics.of(changed))
    labels = (W[:300] @ NORMAL > MEAN @ NORMAL).astype(np.float64)
    here, there = (
        space.direction(
            "smile", by_labels(space.coordinates(w[:300]), labels, space.prior).slope
        ).vector
        for space, w in ((WHITENING, W), (whitening, changed))
    )
    np.testing.assert_allclose(here @ other, there, rtol=0.02, atol=0.02 * np.abs(there).max())


def test_accuracy_is_of_labels_not_seen() -> None:
    """Forty coordinates tell any twenty labels apart, and still know nothing."""
    random = np.random.default_rng(6)
    seen, unseen = [], []
    for _ in range(60):
        u, labels = random.standard_normal((20, 40)), np.tile([0.0, 1.0], 10)
        alike = np.ones(40)
        seen.append(accuracy(by_labels(u, labels, alike).margins(u), labels))
        unseen.append(accuracy(cross_validated(u, labels, alike, by_labels), labels))
    assert np.mean(seen) > 0.99
    assert np.mean(unseen) == pytest.approx(0.5, abs=0.06)
    u, labels = labelled(400, noise=0.0)
    assert accuracy(cross_validated(u, labels, PRIOR, by_labels), labels) > 0.9


def test_accuracy_counts_both_kinds_alike() -> None:
    labels = np.array([1.0] * 9 + [0.0])
    assert accuracy(np.ones(10), labels) == 0.5
    assert accuracy(labels - 0.5, labels) == 1.0
    assert explained(np.zeros(10), labels) == 0.0
    assert explained(3 - 2 * labels, labels) == pytest.approx(1)


def test_what_a_few_labels_need() -> None:
    assert not enough(np.array([]))
    assert not enough(np.array([1.0] * 90 + [0.0] * 3))
    assert enough(np.array([1.0] * 4 + [0.0] * 4))


def test_leakage_is_what_others_read() -> None:
    slopes = [
        by_scores(WHITENING.coordinates(W), W @ one, PRIOR).slope for one in (NORMAL, NORMAL[::-1])
    ]
    found = leakage(slopes, slopes)
    np.testing.assert_allclose(np.diag(found), 1)
    spread = [np.sqrt(one @ COVARIANCE @ one) for one in (NORMAL, NORMAL[::-1])]
    plain = NORMAL @ COVARIANCE @ NORMAL[::-1] / spread[0] / spread[1]
    assert found[0, 1] == pytest.approx(plain, abs=0.01) == found[1, 0]


def test_a_direction_is_read_back() -> None:
    slope = np.arange(1.0, 7)
    one = WHITENING.direction("x", slope)
    np.testing.assert_allclose(WHITENING.slope(one), slope / np.linalg.norm(slope), atol=1e-5)
    bare = Direction("x", one.vector.copy())
    np.testing.assert_allclose(WHITENING.slope(bare), slope / np.linalg.norm(slope), atol=1e-5)


def test_classes_differ_along_their_means() -> None:
    assert class_slopes(WHITENING, STATISTICS) == []
    apart = np.array([3, 0, 0, 0, 0, 1], np.float32)
    w = np.concatenate([W[:3000], W[3000:6000] + apart, W[6000:9000] - apart])
    statistics = LatentStatistics.of(w, np.repeat(np.arange(3), 3000))
    whitening = Whitening.of(statistics)
    slopes = class_slopes(whitening, statistics)
    assert len(slopes) == 2
    assert not np.allclose(keeping(np.ones(6), slopes), np.ones(6))
    move = whitening.direction("x", keeping(np.ones(6), slopes))
    assert move.normal is not None
    assert abs(float(move.normal @ apart)) < 0.05 * float(np.linalg.norm(move.normal)) * 3


@pytest.mark.parametrize("normal", [np.full(6, np.nan), np.ones(5)])
def test_a_normal_that_cannot_be_used_is_refused(normal: Floats) -> None:
    with pytest.raises(UsageError, match="the direction x has no usable normal"):
        Direction("x", np.ones((1, 6), np.float32), normal=normal.astype(np.float32))
