"""Statistics of w against a distribution whose principal directions are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tui_draggan.errors import BundleError
from tui_draggan.latent_statistics import MAIN_SHARE, LatentStatistics

DEVIATIONS = np.array([5.0, 3.0, 2.0, 0.5, 0.05, 0.0], np.float32)
MEAN = np.array([1.0, -2.0, 0.5, 3.0, 0.0, 1.0], np.float32)


def samples(count: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """w (count, 6), rows of a rotation, and the rotation (6, 6)."""
    random = np.random.default_rng(0)
    turned, _ = np.linalg.qr(random.standard_normal((6, 6)))
    w = (random.standard_normal((count, 6)) * DEVIATIONS) @ turned + MEAN
    return w.astype(np.float32), turned.astype(np.float32)


def test_directions_and_deviations_are_those_w_were_drawn_with() -> None:
    w, turned = samples()
    found = LatentStatistics.of(w)
    np.testing.assert_allclose(found.mean, MEAN, atol=0.1)
    np.testing.assert_allclose(found.deviations, DEVIATIONS[: len(found.deviations)], rtol=0.02)
    along = np.abs(found.directions[:3] @ turned.T)
    np.testing.assert_allclose(along, np.eye(6)[:3], atol=0.03)
    variance = np.cumsum(DEVIATIONS**2) / np.sum(DEVIATIONS**2)
    assert found.main == int(np.argmax(variance >= MAIN_SHARE)) + 1 == 3


def test_whitened_w_vary_alike_in_all_directions() -> None:
    w, _ = samples()
    found = LatentStatistics.of(w)
    basis = found.basis()
    u = np.linalg.lstsq(basis.T, (w - found.mean).T, rcond=None)[0]
    np.testing.assert_allclose(np.cov(u), np.eye(len(basis)), atol=0.03)


def test_what_lies_outside_the_main_directions() -> None:
    w, turned = samples()
    found = LatentStatistics.of(w)
    inside, beside = 4 * turned[0], 4 * turned[4]
    norms = found.outside(np.stack([MEAN + inside, MEAN + inside + beside]))
    assert norms[0] < 0.1 and norms[1] == pytest.approx(4, abs=0.1)
    assert np.mean(found.outside(w) > found.usual) == pytest.approx(0.01, abs=0.002)


def test_rows_that_no_sample_has_are_strange() -> None:
    w, turned = samples()
    found = LatentStatistics.of(w)
    assert found.strangeness(w) == pytest.approx(1 / 1.4, abs=0.02)
    far_inside = MEAN + 12 * turned[1] + 0 * w[:3]
    far_outside = w[:3] + 40 * found.usual * turned[4]
    for strange in far_inside, far_outside:
        assert found.strangeness(strange) > 1.5
        assert found.lost(strange, w[:100]) and not found.lost(strange, strange)
    assert not found.lost(w[:100], w[100:200])


def test_classes_have_directions_of_their_own() -> None:
    w, _ = samples()
    labels = np.arange(len(w)) % 2
    w[labels == 1] = w[labels == 1, ::-1] + 10
    found = LatentStatistics.of(w, labels)
    np.testing.assert_allclose(found.class_means[1], MEAN[::-1] + 10, atol=0.1)
    own = LatentStatistics.of(w[labels == 1])
    np.testing.assert_allclose(found.basis(1)[:3], own.basis()[:3], atol=0.05)
    assert (found.basis() == found.basis(None)).all()
    few = LatentStatistics.of(w[:40], np.arange(40) % 10)
    assert len(few.class_means) == 0 and (few.basis(3) == few.basis()).all(), "too few of each"


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    w, _ = samples(1000)
    found = LatentStatistics.of(w, np.arange(1000) % 2)
    file = tmp_path / "statistics.safetensors"
    found.save(file)
    again = LatentStatistics.load(file, 6)
    for name in LatentStatistics.__annotations__:
        np.testing.assert_array_equal(getattr(again, name), np.float32(getattr(found, name)))
    pytest.importorskip("safetensors")  # comes with torch
    from safetensors.numpy import load_file

    theirs = load_file(file)
    np.testing.assert_array_equal(theirs["directions"], found.directions)
    for content in (b"", b"{}", file.read_bytes()[:-9], b"\xff" * 40):
        file.write_bytes(content)
        with pytest.raises(BundleError, match="import the model again"):
            LatentStatistics.load(file, 6)
    found.save(file)
    with pytest.raises(BundleError, match="no usable mean"):
        LatentStatistics.load(file, 7)
