"""Directions against what is known of the samples they are found in."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.arrays import Floats
from tui_draggan.directions.classes import class_directions
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.known import known_directions
from tui_draggan.directions.principal import principal_directions
from tui_draggan.directions.sefa import sefa_directions
from tui_draggan.errors import UsageError
from tui_draggan.latent_statistics import LatentStatistics

AXES = np.linalg.qr(np.random.default_rng(1).standard_normal((6, 6)))[0].astype(np.float32)
LENGTHS = np.array([3, 2, 1, 0.5, 0.2, 0.1], np.float32)
MEAN = np.arange(6, dtype=np.float32)


def samples(axes: Floats = AXES, mean: Floats = MEAN, count: int = 40_000) -> Floats:
    u = np.random.default_rng(2).standard_normal((count, 6)).astype(np.float32)
    w: Floats = (mean + (u * LENGTHS) @ axes).astype(np.float32)
    return w


def cosine(one: Floats, other: Floats) -> float:
    return float(abs(one.ravel() @ other.ravel()) / np.linalg.norm(one) / np.linalg.norm(other))


def test_principal_directions_are_the_axes_of_the_samples() -> None:
    found = principal_directions(LatentStatistics.of(samples()), components=4)
    assert [one.name for one in found] == [f"component {number}" for number in (1, 2, 3, 4)]
    for one, axis, length in zip(found, AXES, LENGTHS, strict=False):
        assert one.vector.shape == (1, 6)
        assert cosine(one.vector, axis) > 0.999
        assert np.linalg.norm(one.vector) == pytest.approx(length, rel=0.02)
        assert one.position(np.tile(MEAN, (3, 1))) == pytest.approx(0, abs=0.05)
        assert one.position(np.tile(MEAN, (3, 1)) + one.vector) == pytest.approx(1, abs=0.05)
    share = LENGTHS.astype(np.float64) ** 2
    assert found[0].share == pytest.approx(share[0] / share.sum(), rel=0.03)


def test_a_class_has_its_own() -> None:
    two = AXES[::-1]
    w = np.concatenate([samples(), samples(two, -MEAN)])
    labels = np.repeat(np.arange(2), len(w) // 2)
    statistics = LatentStatistics.of(w, labels)
    first = principal_directions(statistics, 1)[0]
    assert cosine(first.vector, two[0]) > 0.999 and first.label == 1
    assert first.position(np.tile(-MEAN, (3, 1))) == pytest.approx(0, abs=0.05)
    assert principal_directions(statistics)[0].label is None


def test_sefa_finds_what_the_weights_amplify() -> None:
    statistics = LatentStatistics.of(samples())
    strong, weak = AXES[3], AXES[0]
    styles = np.random.default_rng(3).standard_normal((40, 6)) * 0.01
    affine = (strong[:, None] + styles.T).astype(np.float32)
    several = np.stack([(weak[:, None] + styles[:10].T).astype(np.float32)] * 2)
    found = sefa_directions([affine, several], statistics, components=2)
    assert cosine(found[0].vector, strong) > 0.99 and cosine(found[1].vector, weak) > 0.99
    assert np.linalg.norm(found[0].vector) == pytest.approx(LENGTHS[3], rel=0.05)
    assert np.linalg.norm(found[1].vector) == pytest.approx(LENGTHS[0], rel=0.05)
    assert found[0].method == "sefa"


def test_a_kept_direction_takes_the_place_of_the_component_it_names() -> None:
    statistics = LatentStatistics.of(samples())
    first, second = principal_directions(statistics)[:2]
    yaw = Direction("yaw", first.vector.copy())
    elsewhere = Direction("elsewhere", second.vector.copy(), label=3)
    names = [one.name for one in known_directions([], [yaw, elsewhere], statistics, None)]
    assert names[:2] == ["yaw", "component 2"] and "elsewhere" not in names
    assert "component 1" not in names
    moved = Direction("of another file", np.ones((1, 6), np.float32))
    names = [one.name for one in known_directions([moved], [], statistics, None)]
    assert names[-1] == "of another file", "what the picture was moved along stays in reach"


@pytest.mark.parametrize("vector", [np.zeros((1, 6)), np.full((1, 6), np.nan), np.ones(6)])
def test_what_is_no_direction_is_refused(vector: Floats) -> None:
    with pytest.raises(UsageError, match="the direction x has no usable vector"):
        Direction("x", vector.astype(np.float32))


def test_a_picture_goes_from_one_class_to_another() -> None:
    away = np.array([9, -4, 0, 2, 0, 1], np.float32)
    w = np.concatenate([samples(count=4000), samples(mean=MEAN + away, count=4000)])
    statistics = LatentStatistics.of(w, np.repeat(np.arange(2), 4000))
    names = [one.name for one in known_directions([], [], statistics, 0, classes=("cat", "dog"))]
    assert names[:2] == ["to dog", "component 1"]
    (there,) = class_directions(statistics, ("cat", "dog"), 0)
    (back,) = class_directions(statistics, ("cat", "dog"), 1)
    np.testing.assert_allclose(there.vector[0], away, atol=0.3)
    np.testing.assert_array_equal(there.vector, -back.vector)
    assert (there.label, back.label, there.unit.usual) == (0, 1, 1.0)
    assert there.position(np.tile(MEAN, (3, 1))) == 0
    assert class_directions(statistics, ("cat", "dog"), None) == ()
    assert class_directions(statistics, tuple(map(str, range(13))), 0) == ()
    assert class_directions(LatentStatistics.of(samples()), ("cat", "dog"), 0) == ()
