"""Whether an engine computes a model's step as torch did where it was exported, and how fast."""

from __future__ import annotations

import time

import numpy as np

from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import Engine, Problem, StepRequest
from tui_draggan.errors import EngineError

TOLERANCE = 0.02
"""Of loss and gradient: what rounding to bfloat16 may cost, and no mistake."""
OFF = 1.0
"""Pixels by which a tracked handle may differ."""
STEPS, SECONDS = 3, 0.3
"""Timing ends after the first of these."""


def seconds_per_step(engine: Engine, check: ReferenceStep) -> float:
    """The quickest of a few steps. Raises EngineError where the first one is not as exported."""
    info = engine.info
    ws = np.tile(engine.w_avg, (info.num_ws, 1))
    points = np.array(check.points, np.float32)
    request = StepRequest(
        handles=np.array(check.handles, np.float32),
        targets=np.array(check.targets, np.float32),
        templates=engine.features(ws, points),
        r1=check.r1,
        r2=check.r2,
        mask_weight=0.0,
        learning_rate=0.0,
    )
    engine.begin(Problem(ws, rows=info.drag.trainable_rows))
    first = engine.step(request)
    for what, value, expected in (
        ("a loss", first.loss, check.loss),
        ("a gradient", first.gradient_norm, check.gradient_norm),
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
        times.append(engine.step(request).milliseconds / 1000)
    return min(times)
