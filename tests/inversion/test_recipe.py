"""Stages, steps and rates of a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.errors import UsageError
from tui_draggan.inversion.recipe import Stage, recipe_for


@given(st.sampled_from(["w", "w+"]), st.integers(2, 1000))
def test_a_recipe_takes_the_steps_it_was_given(space: str, steps: int) -> None:
    recipe = recipe_for(space, steps)
    assert recipe.steps == steps and all(stage.steps > 0 for stage in recipe.stages)
    assert [stage.w_plus for stage in recipe.stages] == ([False] if space == "w" else [False, True])


def test_the_usual_recipe() -> None:
    first, second = recipe_for().stages
    assert (first.steps, first.rate) == (60, 0.15) and (second.steps, second.rate) == (40, 0.05)


@given(st.integers(2, 500))
def test_the_rate_grows_stays_and_falls(steps: int) -> None:
    stage = Stage(False, steps, 0.1)
    rates = [stage.rate_at(step) for step in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert min(rates) > 0 and max(rates) <= 0.1
    if steps >= 40:
        assert rates[steps // 4] == pytest.approx(0.1), "constant before the half"
        assert rates[0] < 0.1 and rates[-1] < 0.01


@pytest.mark.parametrize(
    ("space", "steps", "words"),
    [
        ("z", None, "no latent space 'z'"),
        ("w", 1, "steps is 1; expected 2"),
        ("w+", 10**9, "100000"),
    ],
)
def test_what_cannot_be_is_refused(space: str, steps: int | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        recipe_for(space, steps)
