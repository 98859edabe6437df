"""The search where the answer is known: the photograph is a latent, and its distance a formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.inversion.recipe import Recipe, recipe_for
from tui_draggan.inversion.search import ClassSearch, Search
from tui_draggan.inversion.starts import Start

ROWS, WIDTH = 4, 6
RANDOM = np.random.default_rng(3)
BASIS: Floats = (np.array([5, 2, 1, 0.5], np.float32)[:, None] * np.eye(4, WIDTH)).astype(
    np.float32
)
"""Principal directions of very different lengths; two axes of w never vary."""
CENTRE: Floats = RANDOM.standard_normal(WIDTH).astype(np.float32)
FREE = replace(recipe_for("w+", 300), prior=0.0, spread=0.0)


def start(label: int | None = None, centre: Floats = CENTRE) -> Start:
    return Start(label, centre, BASIS)


def distance(ws: Floats, wanted: Floats) -> tuple[float, Floats]:
    """Half the squared distance, and its gradient."""
    apart = ws - wanted
    return 0.5 * float(np.square(apart).sum()), apart


def searched(wanted: Floats, recipe: Recipe) -> Search:
    search = Search(start(), ROWS, recipe)
    while search.stage is not None:
        search.update(distance(search.ws, wanted)[1])
    return search


def known(coordinates: NDArray[np.float64]) -> Floats:
    """w+ of whitened coordinates (L, k)."""
    return CENTRE + coordinates.astype(np.float32) @ BASIS


def test_one_w_for_all_rows_is_found_in_w() -> None:
    u = np.array([[0.5, -1.0, 1.5, 0.3]])
    search = searched(np.repeat(known(u), ROWS, axis=0), replace(FREE, stages=FREE.stages[:1]))
    assert (search.ws == search.ws[0]).all(), "W has one w"
    np.testing.assert_allclose(search.ws[0], known(u)[0], atol=0.1)


def test_in_w_plus_each_row_finds_its_own() -> None:
    u = RANDOM.standard_normal((ROWS, 4))
    wanted = known(u)
    both = searched(wanted, FREE)
    one = searched(wanted, replace(FREE, stages=FREE.stages[:1]))
    assert distance(both.ws, wanted)[0] < 0.01 * distance(one.ws, wanted)[0]


def test_what_the_model_never_draws_is_not_found() -> None:
    wanted = np.repeat(CENTRE[None], ROWS, axis=0)
    wanted[:, -1] += 10  # along no principal direction
    np.testing.assert_allclose(searched(wanted, FREE).ws[:, -1], CENTRE[-1])


def test_prior_and_pull_do_what_they_are_for() -> None:
    wanted = known(2 * RANDOM.standard_normal((ROWS, 4)))
    free = searched(wanted, FREE)
    pulled = searched(wanted, replace(FREE, spread=2000.0))
    held = searched(wanted, replace(FREE, prior=2000.0))

    def apart(search: Search) -> float:
        return float(np.abs(search.ws - search.ws.mean(axis=0)).mean())

    assert apart(pulled) < 0.5 * apart(free)
    length, free_length = (np.linalg.norm(one.ws - CENTRE) for one in (held, free))
    assert length < 0.5 * free_length


def test_the_penalty_is_the_one_whose_gradient_is_taken() -> None:
    """By differences of `penalty` along each whitened coordinate."""
    recipe = replace(recipe_for("w+", 4), prior=0.7, spread=0.3)
    search = Search(start(), ROWS, recipe)
    while search.stage is not None:
        search.update(RANDOM.standard_normal((ROWS, WIDTH)).astype(np.float32))
    gradient, u = search._penalty_gradient(), search._u
    for place in np.ndindex(*u.shape):
        ends = []
        for step in (0.01, -0.01):
            before = u[place]
            u[place] += step
            ends.append(search.penalty)
            u[place] = before
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 0.02, rel=1e-2, abs=1e-5)


def test_of_several_classes_the_nearest_is_searched_to_the_end() -> None:
    centres = [CENTRE + np.float32(shift) for shift in (30, 3, -40)]
    wanted = np.repeat(centres[1][None], ROWS, axis=0)
    recipe = recipe_for("w+", 40)
    search = ClassSearch([start(i, one) for i, one in enumerate(centres)], ROWS, recipe)
    visited: list[int | None] = []
    while not search.done:
        search.move()
        visited.append(search.label)
        search.take(*distance(search.ws, wanted))
    trial = recipe.trial_steps + 1
    assert visited == [0] * trial + [1] * trial + [2] * trial + [1] * (40 - recipe.trial_steps)
    assert len(visited) == search.total + 1, "the first look moves nothing"
    np.testing.assert_allclose(search.ws, wanted, atol=0.3)


def test_what_a_search_says_belongs_to_the_latent_that_was_looked_at() -> None:
    """Also where it goes on to another class after that look."""
    search = ClassSearch([start(0), start(1, CENTRE + 1)], ROWS, recipe_for("w", 20))
    seen: list[Floats] = []
    while not search.done:
        search.move()
        seen.append(search.ws)
        search.take(*distance(search.ws, np.zeros((ROWS, WIDTH), np.float32)))
    assert (search.ws == seen[-1]).all()
    # Nothing is looked at twice.
    assert len({one.tobytes() for one in seen}) == len(seen)


def test_few_steps_leave_something_for_the_nearest() -> None:
    search = ClassSearch([start(0), start(1)], ROWS, recipe_for("w+", 2))
    looks = 0
    while not search.done:
        search.move()
        search.take(*distance(search.ws, known(np.ones((ROWS, 4)))))
        looks += 1
    assert looks == search.total + 1
