"""Whether an engine reproduces a model's reference step, and how fast."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import Engine, Problem, StepRequest, StepResult
from tui_draggan.errors import EngineError

TOLERANCE = 0.02
"""Share by which loss and gradient may differ: what rounding to bfloat16 costs, and no mistake."""
OFF = 1.0
"""Pixels by which a tracked handle may differ."""
STEPS, SECONDS = 3, 0.3
"""Timing ends after the first of these."""


def step_times(engine: Engine, reference: ReferenceStep) -> list[float]:
    """Milliseconds of a few steps. Raises EngineError where the step before is not as exported."""
    request = _request(engine, reference)
    first = _first(engine, request)
    for what, value, expected in (
        ("a loss", first.loss, reference.loss),
        ("a gradient", first.gradient_norm, reference.gradient_norm),
    ):
        if not abs(value - expected) <= TOLERANCE * abs(expected):
            raise EngineError(
                f"{engine.name} gives {what} of {value:.5g} instead of {expected:.5g}"
            )
    off = float(np.abs(first.handles - np.array(reference.points, np.float32)).max())
    if off > OFF:
        raise EngineError(f"{engine.name} tracks {off:.0f} px beside the handles")

    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while not times or (len(times) < STEPS and time.perf_counter() < end):
        times.append(engine.step(request).milliseconds)
    return times


def renewed(engine: Engine, reference: ReferenceStep) -> ReferenceStep:
    """The same step with the numbers that this engine gives: those of a model with other weights.
    Raises EngineError where they are not finite."""
    first = _first(engine, _request(engine, reference))
    if not np.isfinite([first.loss, first.gradient_norm]).all():
        raise EngineError("the first step of a drag is not finite")
    return replace(reference, loss=first.loss, gradient_norm=first.gradient_norm)


def _request(engine: Engine, reference: ReferenceStep) -> StepRequest:
    return StepRequest(
        handles=np.array(reference.handles, np.float32),
        targets=np.array(reference.targets, np.float32),
        templates=engine.features(_mean(engine), np.array(reference.points, np.float32)),
        r1=reference.r1,
        r2=reference.r2,
        mask_weight=0.0,
        learning_rate=0.0,
    )


def _first(engine: Engine, request: StepRequest) -> StepResult:
    engine.begin(Problem(_mean(engine), rows=engine.info.drag.trainable_rows))
    return engine.step(request)


def _mean(engine: Engine) -> Floats:
    """w+ of the mean picture."""
    return np.tile(engine.w_avg, (engine.info.num_ws, 1))
