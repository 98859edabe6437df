"""One run: what lives from its first step to its last, what a step is asked and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.progress import Progress
from tui_draggan.engines.base import StepRequest, StepResult


@dataclass(eq=False)
class Run:
    """Compared by identity: a result belongs to the run that asked for it, or to nothing."""

    begun: bool = False
    iteration: int = -1
    """Of the newest frame; frame 0 shows the start."""
    progress: Progress = field(default_factory=Progress)

    def frame(self, document: Document, result: StepResult) -> Frame:
        """The newest step, for the document that has already taken it over."""
        return Frame(
            iteration=self.iteration,
            ws=document.latent.ws,
            handles={pair.id: pair.handle for pair in document.pairs},
            image=result.image,
            loss=result.loss,
            motion_loss=result.motion_loss,
            mask_loss=result.mask_loss,
            distance=float(np.mean([pair.distance for pair in document.pairs])),
            milliseconds=result.milliseconds,
        )


def coordinates(points: Sequence[Point]) -> Floats:
    """Points as an array (N, 2)."""
    return np.asarray(points, dtype=np.float32).reshape(-1, 2)


def step_request(pairs: Sequence[Pair], params: DragParams) -> StepRequest:
    """What the engine is asked for pairs that all have their template."""
    templates = [pair.template for pair in pairs if pair.template is not None]
    return StepRequest(
        handles=coordinates([pair.handle for pair in pairs]),
        targets=coordinates([pair.target for pair in pairs]),
        templates=np.stack(templates),
        r1=params.r1,
        r2=params.r2,
        mask_weight=params.mask_weight,
        learning_rate=params.learning_rate,
        anchor=params.anchor,
    )


def is_finite(result: StepResult) -> bool:
    """Whether loss, gradient and latent of a step are all finite numbers."""
    numbers = (result.loss, result.gradient_norm)
    return bool(np.isfinite(numbers).all() and np.isfinite(result.ws).all())
