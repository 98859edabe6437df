"""Whether an engine reproduces a model's reference step, and how fast."""

from __future__ import annotations

import time

import numpy as np

from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import Engine, Problem, StepRequest
from tui_draggan.errors import EngineError

TOLERANCE = 0.02
"""Share by which loss and gradient may differ: what rounding to bfloat16 costs, and no mistake."""
OFF = 1.0
"""Pixels by which a tracked handle may differ."""
STEPS, SECONDS = 3, 0.3
"""Timing ends after the first of these."""


def step_times(engine: Engine, reference: ReferenceStep) -> list[float]:
    """Milliseconds of a few steps. Raises EngineError where the step before is not as exported."""
    info = engine.info
    ws = np.tile(engine.w_avg, (info.num_ws, 1))
    points = np.array(reference.points, np.float32)
    request = StepRequest(
        handles=np.array(reference.handles, np.float32),
        targets=np.array(reference.targets, np.float32),
        templates=engine.features(ws, points),
        r1=reference.r1,
        r2=reference.r2,
        mask_weight=0.0,
        learning_rate=0.0,
    )
    engine.begin(Problem(ws, rows=info.drag.trainable_rows))
    first = engine.step(request)
    for what, value, expected in (
        ("a loss", first.loss, reference.loss),
        ("a gradient", first.gradient_norm, reference.gradient_norm),
    ):
        if not abs(value - expected) <= TOLERANCE * abs(expected):
            raise EngineError(
                f"{engine.name} gives {what} of {value:.5g} instead of {expected:.5g}"
            )
    off = float(np.abs(first.handles - points).max())
    if off > OFF:
        raise EngineError(f"{engine.name} tracks {off:.0f} px beside the handles")

    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while not times or (len(times) < STEPS and time.perf_counter() < end):
        times.append(engine.step(request).milliseconds)
    return times
