"""How the latent of a photograph is searched: stages, rates, weights.

First W, one w for all rows: of everything the model draws, what is nearest to the photograph. Then
W+, where each row takes what the others cannot, and a pull keeps them together: rows that differ
much make pictures that cannot be edited (Tov et al., "Designing an Encoder for StyleGAN Image
Manipulation", SIGGRAPH 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui_draggan.errors import UsageError

SPACES = ("w", "w+")
W_STEPS, W_PLUS_STEPS = 60, 40
"""Steps of the two stages."""
W_RATE, W_PLUS_RATE = 0.15, 0.05
"""Their step sizes, in standard deviations of w."""
TUNING_STEPS, TUNING_RATE = 40, 1e-3
"""Steps of a pivotal tuning, and Adam's step size for the convolutions' weights: three times that
breaks pictures."""
WARM_UP = 0.05
"""Share of a stage's steps in which its rate grows to its size."""
MOST_STEPS = 100_000


@dataclass(frozen=True)
class Stage:
    """So many steps in one space."""

    w_plus: bool
    """Whether each row of w+ is searched by itself; else all are one w."""
    steps: int
    rate: float
    """Step size of Adam in whitened coordinates."""

    def rate_at(self, step: int) -> float:
        """The step size of update `step`, from 0: warm-up, then constant, then a half cosine."""
        share = (step + 0.5) / self.steps
        grown = min(1.0, share / WARM_UP)
        fallen = 0.5 + 0.5 * math.cos(math.pi * max(0.0, 2 * share - 1))
        return self.rate * grown * fallen


@dataclass(frozen=True)
class Recipe:
    """All that a search does."""

    stages: tuple[Stage, ...]
    prior: float = 0.002
    """Weight of the mean square of whitened coordinates: how much rather a usual picture is found
    than a near one."""
    spread: float = 0.02
    """Weight of the mean square of what rows of w+ differ by, in whitened coordinates."""
    trial_steps: int = 8
    """Steps in W that each class gets, where none is named; the nearest is taken."""

    @property
    def steps(self) -> int:
        """Of all stages, without trials."""
        return sum(stage.steps for stage in self.stages)


def recipe_for(space: str = "w+", steps: int | None = None) -> Recipe:
    """The recipe for a space, with its steps in the usual proportion. Raises UsageError."""
    if space not in SPACES:
        raise UsageError(f"no latent space {space!r} for inversion; expected {' or '.join(SPACES)}")
    if steps is not None and not 2 <= steps <= MOST_STEPS:
        raise UsageError(f"steps is {steps}; expected 2 to {MOST_STEPS}")
    usual = W_STEPS + W_PLUS_STEPS
    whole = usual if steps is None else steps
    if space == "w":
        return Recipe((Stage(False, whole, W_RATE),))
    first = max(1, round(whole * W_STEPS / usual))
    return Recipe((Stage(False, first, W_RATE), Stage(True, whole - first, W_PLUS_RATE)))
