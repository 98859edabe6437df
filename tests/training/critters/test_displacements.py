"""Where landmarks may go, and that five targets belong to one critter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tui_draggan.training.critters import LANDMARKS, SPECIES
from tui_draggan.training.critters.displacements import (
    LONGEST,
    NEIGHBOURS,
    SHORTEST,
    Displacements,
    Places,
    draw_displacements,
    is_allowed,
    reservoir,
)

SIZE = 128
SURE = np.full(len(LANDMARKS), 0.9, np.float32)
NOSE, CHIN = LANDMARKS.index("nose"), LANDMARKS.index("chin")
TIP, BASE = LANDMARKS.index("left ear tip"), LANDMARKS.index("left ear base")


@pytest.fixture(scope="module")
def places() -> Places:
    return reservoir()


def typical(places: Places, species: int) -> Places:
    """A critter in the middle of its species, in pixels."""
    return np.asarray(np.median(places[species], axis=0) * SIZE - 0.5)


def lengths(drawn: Displacements) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(np.subtract(drawn.targets, drawn.handles), axis=1) / SIZE)


def test_reservoir_is_of_critters(places: Places) -> None:
    assert places.shape[0] == len(SPECIES) and places.shape[2:] == (len(LANDMARKS), 2)
    assert np.isfinite(places).all()
    dog, rabbit = (places[SPECIES.index(name), :, TIP, 1] for name in ("dog", "rabbit"))
    assert dog.mean() > 0.4 > 0.2 > rabbit.mean()


def test_allowed_is_where_enough_critters_have_it() -> None:
    cloud = np.full((20, 2), 0.9, np.float32)
    cloud[: NEIGHBOURS - 1] = 0.5
    assert not is_allowed(np.array([0.5, 0.5]), cloud)
    cloud[NEIGHBOURS - 1] = [0.51, 0.5]
    assert is_allowed(np.array([0.5, 0.5]), cloud)
    assert not is_allowed(np.array([0.5, 0.54]), cloud)


@pytest.mark.parametrize("species", range(len(SPECIES)))
def test_what_may_move_and_what_may_not(places: Places, species: int) -> None:
    """Noses follow the turning head sideways; ears get longer, but no tip sinks into the chin."""
    here = (typical(places, species) + 0.5) / SIZE
    for sign in (-1, 1):
        assert is_allowed(here[NOSE] + [sign * 0.08, 0], places[species, :, NOSE])
    assert is_allowed(here[CHIN] + [0, 0.05], places[species, :, CHIN])
    assert not is_allowed(here[NOSE] + [0, 0.2], places[species, :, NOSE])
    assert not is_allowed(here[CHIN], places[species, :, TIP])


@pytest.mark.parametrize("species", range(len(SPECIES)))
def test_edits_of_one_point(places: Places, species: int) -> None:
    random = np.random.default_rng(species)
    found = typical(places, species)
    drawn_edits = [
        draw_displacements(found, SURE, places[species], 1, SIZE, random) for _ in range(30)
    ]
    edits = [drawn for drawn in drawn_edits if drawn is not None]
    assert len(edits) == len(drawn_edits)
    for drawn in edits:
        (landmark,) = drawn.landmarks
        assert np.abs(np.array(drawn.handles[0]) - found[landmark]).max() <= 0.5
        # Targets are whole pixels.
        assert SHORTEST - 1 / SIZE < lengths(drawn)[0] < LONGEST + 1 / SIZE
        target = (np.array(drawn.targets[0]) + 0.5) / SIZE
        near = np.linalg.norm(places[species, :, landmark] - target, axis=1) < 0.03
        assert near.sum() >= NEIGHBOURS
    assert len({drawn.landmarks for drawn in edits}) >= 4


def test_five_targets_are_those_of_one_critter(places: Places) -> None:
    random = np.random.default_rng(0)
    for species in range(len(SPECIES)):
        drawn = draw_displacements(typical(places, species), SURE, places[species], 5, SIZE, random)
        assert drawn is not None and len(set(drawn.landmarks)) == 5
        assert (lengths(drawn) > SHORTEST - 1 / SIZE).all()
        assert (lengths(drawn) < LONGEST + 1 / SIZE).all()
        targets = (np.array(drawn.targets) + 0.5) / SIZE
        apart = np.abs(places[species][:, list(drawn.landmarks)] - targets).max(axis=(1, 2))
        assert apart.min() <= 0.5 / SIZE + 1e-6


def test_only_landmarks_that_are_found_and_inside_are_dragged(places: Places) -> None:
    random = np.random.default_rng(0)
    found, confidence = typical(places, 0), np.full(len(LANDMARKS), 0.1, np.float32)
    assert draw_displacements(found, confidence, places[0], 1, SIZE, random) is None
    confidence[[NOSE, CHIN]] = 0.9
    found[CHIN] = [SIZE, 5.0]
    for _ in range(10):
        drawn = draw_displacements(found, confidence, places[0], 1, SIZE, random)
        assert drawn is not None and drawn.landmarks == (NOSE,)
    assert draw_displacements(found, confidence, places[0], 5, SIZE, random) is None


def test_the_same_draw_gives_the_same_edits(places: Places) -> None:
    found = typical(places, 2)
    first, second = (
        [draw_displacements(found, SURE, places[2], n, SIZE, random) for n in (1, 5, 1)]
        for random in (np.random.default_rng(7), np.random.default_rng(7))
    )
    assert first == second
