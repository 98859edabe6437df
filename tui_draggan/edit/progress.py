"""When a run ends: reached, where nothing pulls, at the step limit, or stuck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tui_draggan.edit.parameters import DragParams

NOTICEABLE = 0.5
"""Pixels by which the sum of the distances must fall to count as progress."""


class Outcome(Enum):
    """Why a run ended."""

    REACHED = "reached"
    LOST = "reached, but off the model"
    HIDDEN = "reached, but outside the mask"
    UNCERTAIN = "reached, but lost"
    POINT_LOST = "point lost"
    FOUND = "found"
    UNLIKE = "found, but unlike the model's pictures"
    TUNED = "tuned"
    ANIMATED = "animated"
    STEP_LIMIT = "step limit"
    STUCK = "stuck"
    NO_GRADIENT = "no gradient"
    STOPPED = "stopped"
    FAILED = "failed"


AT_TARGETS = frozenset({Outcome.REACHED, Outcome.LOST, Outcome.HIDDEN, Outcome.UNCERTAIN})
"""With all handles at their targets."""
PAUSING = frozenset({Outcome.POINT_LOST})
"""With these a run is not over: it pauses, and resumes with its moments when it is told to."""


@dataclass
class Progress:
    """Watches the distances of one run, step by step."""

    best: float = float("inf")
    best_iteration: int = 0

    def judge(
        self,
        iteration: int,
        distances: Sequence[float],
        params: DragParams,
        pulled: bool = True,
        held: bool = True,
    ) -> Outcome | None:
        """Why the run ends at this iteration, or None where it goes on.

        distances: of the points that are dragged. pulled: False where the loss has no gradient
        although a handle has not arrived. held: whether every pin is in its place.
        """
        within = params.reached_within(len(distances))
        if held and all(distance <= within for distance in distances):
            return Outcome.REACHED
        if not pulled:
            return Outcome.NO_GRADIENT
        if iteration >= params.steps:
            return Outcome.STEP_LIMIT
        total = sum(distances)
        if total <= self.best - NOTICEABLE:
            self.best, self.best_iteration = total, iteration
        if iteration - self.best_iteration >= params.patience:
            return Outcome.STUCK
        return None

    def restart(self, iteration: int) -> None:
        """Forgets the best distance: the points have been changed by hand."""
        self.best, self.best_iteration = float("inf"), iteration


ADVICE = {
    Outcome.REACHED: "every handle is within the tolerance",
    Outcome.LOST: "the handles have arrived, but the picture has left what the model knows; undo, "
    "and try a nearer target, a smaller step size or the space whitened-w+",
    Outcome.FOUND: "the photograph's latent; it can be dragged like any picture",
    Outcome.UNLIKE: "this photograph is far from what the model can draw: expect a likeness at "
    "best, and edits that break",
    Outcome.TUNED: "the model draws this photograph now, and is written",
    Outcome.HIDDEN: "the handles have arrived, but a target lies where the picture is held; paint "
    "the mask around it",
    Outcome.UNCERTAIN: "the handles are said to have arrived, but what is under them is not what "
    "was there; undo, and try a nearer target or another point",
    Outcome.POINT_LOST: "what is under a handle is no longer what was there; undo, and try a "
    "smaller step size, a nearer target or another point",
    Outcome.ANIMATED: "an animation of it (.gif, .webp, .mp4) has every step",
    Outcome.STEP_LIMIT: "allow more steps, or start again from here",
    Outcome.STUCK: "no progress; try a larger step size, a nearer target or another point",
    Outcome.NO_GRADIENT: "nothing pulls here: the features around the handle are all alike; put it "
    "where the picture has detail",
    Outcome.STOPPED: "stopped by hand",
    Outcome.FAILED: "kept the last good picture",
}
