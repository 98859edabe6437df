"""Pivotal tuning as a task: the model's weights move until it draws a photograph as it is.

The latent that a search has found stays; the pictures that the run shows are of the tuned weights,
and pass with it: at rest, every picture of the session is of the model as it was. At the end the
tuned model is written, and the edit goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tui_draggan.arrays import Bytes
from tui_draggan.edit.document import Document
from tui_draggan.edit.inversion import check_photograph
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import Engine, Pivot, StepResult, TuningStep
from tui_draggan.errors import UsageError
from tui_draggan.inversion.recipe import MOST_STEPS, TUNING_RATE, TUNING_STEPS


@dataclass(frozen=True, eq=False)
class TunedModel:
    """The model that a tuning writes."""

    path: Path
    """Folder of its bundle."""
    name: str
    description: str
    replace: bool = False
    """Whether it takes the place of one that is there."""

    def save(self, engine: Engine) -> None:
        """Writes it. Raises BundleError, OutputError, EngineError."""
        engine.save_tuned(self.path, self.name, self.description, self.replace)


@dataclass(frozen=True, eq=False)
class TuningProblem:
    """What is tuned to what, for so many steps."""

    pixels: Bytes
    """(H, W, 3) the photograph as the model sees it."""
    model: TunedModel
    steps: int = TUNING_STEPS

    def __post_init__(self) -> None:
        check_steps(self.steps)


def check_steps(steps: int) -> None:
    """Raises UsageError."""
    if not 1 <= steps <= MOST_STEPS:
        raise UsageError(f"tuning steps are {steps}; expected 1 to {MOST_STEPS}")


def tuned(
    engine: Engine,
    pivots: Sequence[Pivot],
    steps: int,
    model: TunedModel,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> TuningStep:
    """Tunes the model to all these photographs together, in this thread, and writes it; what was
    found at the end. report: told how many steps of how many are done.

    Raises UsageError, BundleError, EngineError, OutputError.
    """
    check_steps(steps)
    engine.begin_tuning()
    for done in range(steps + 1):
        found = engine.tune(pivots, TUNING_RATE)
        report(done, steps)
    model.save(engine)
    return found


class TuningTask:
    """One tuning, around the latent that the document has when it begins."""

    name = "tuning"
    needs_points = False

    def __init__(self, engine: Engine, problem: TuningProblem) -> None:
        self._engine, self._problem = engine, problem

    def limit(self, document: Document) -> int:
        return self._problem.steps

    def check(self, document: Document) -> None:
        """Raises UsageError where the photograph has another size than the model's pictures."""
        check_photograph(self._problem.pixels, self._engine.info)

    def begin(self, document: Document) -> None:
        self._pivot = Pivot(document.latent.ws, self._problem.pixels)
        self._done = 0
        self._engine.begin_tuning()

    def step(self, document: Document, picture: bool = True) -> Advance:
        """The picture costs nothing, so every step has one. The last step writes the model. Raises
        EngineError, BundleError, OutputError."""
        found = self._engine.tune([self._pivot], TUNING_RATE)
        if self._done == self._problem.steps:
            self._problem.model.save(self._engine)
        self._done += 1
        (loss,), (image,) = found.losses, found.images
        result = StepResult(
            ws=self._pivot.ws,
            handles=np.zeros((0, 2), np.float32),
            image=image,
            loss=loss,
            motion_loss=loss,
            mask_loss=0.0,
            gradient_norm=found.gradient_norm,
            milliseconds=found.milliseconds,
        )
        return Advance(result, is_passing=True)

    def edited(self, iteration: int) -> None:
        """Points may be put on the picture while it changes; the tuning does not see them."""

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        return Outcome.TUNED if iteration >= self._problem.steps else None
