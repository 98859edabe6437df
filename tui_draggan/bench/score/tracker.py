"""The tracker by itself: w goes from one sample to another of its class, and nothing is dragged.

The renderer draws the same critters from the same z, so that the true paths of landmarks are known
(but for what the generator itself is off by, which the landmark network measures)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from tui_draggan.api import Model
from tui_draggan.arrays import Floats
from tui_draggan.bench.score.measures import Score, interval
from tui_draggan.edit.parameters import DragParams
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.training.critters import LANDMARKS, SPECIES, parameters_from_z, render_parts
from tui_draggan.training.critters.displacements import MARGIN

STEPS = 30
"""Steps of a path: a landmark goes a pixel or less in each."""


def follow(
    model: Model, parameters: DragParams, count: int, seed: int, progress: Callable[[int], None]
) -> Score:
    """Drift from the true places at the end of `count` paths, of all landmarks at once."""
    size = model.info.size.width
    random = np.random.default_rng(seed)
    drifts, moved, outside = [], [], 0
    for done in range(1, count + 1):
        label = int(random.integers(len(SPECIES)))
        z = _path(random, model.info.z_dim)
        true = _true_places(z, label, size)
        low, high = MARGIN * size, (1 - MARGIN) * size - 1
        seen = ((true >= low) & (true <= high)).all(axis=(0, 2))
        tracked = _tracked(model, parameters, z, label, true[0])
        if not seen.any():
            outside += 1
            continue
        drifts.append(float(np.linalg.norm(tracked - true[-1], axis=1)[seen].mean()))
        moved.append(float(np.linalg.norm(true[0] - true[-1], axis=1)[seen].mean()))
        progress(done)
    return Score(
        protocol="tracker",
        way=f"r2={parameters.r2}",
        points=len(LANDMARKS),
        n=len(drifts),
        before=float(np.mean(moved)),
        error=float(np.mean(drifts)),
        interval=interval(drifts),
        median=float(np.median(drifts)),
        error_again=None,
        tracked=0.0,
        arrived=float(np.mean(np.array(drifts) <= 2.0)),
        steps=STEPS,
        seconds=0.0,
        left=0.0,
        strangeness=0.0,
        others=None,
        confidence=None,
        kernel=None,
        precision=None,
        changed=None,
    )


def _path(random: np.random.Generator, z_dim: int) -> Floats:
    """z (STEPS + 1, z_dim) on the great circle from one sample to another: all are samples."""
    one, other = random.standard_normal((2, z_dim))
    angles = np.linspace(0, np.pi / 2, STEPS + 1)[:, None]
    path: Floats = (np.cos(angles) * one + np.sin(angles) * other).astype(np.float32)
    return path


def _true_places(z: Floats, label: int, size: int) -> Floats:
    """(STEPS + 1, K, 2) in pixels."""
    parameters = parameters_from_z(torch.from_numpy(z), torch.full((len(z),), label))
    drawn = [part.landmarks for part in render_parts(parameters, 16, len(z))]
    places: Floats = ((torch.cat(drawn) + 0.5) / 16 * size - 0.5).numpy()
    return places


def _tracked(model: Model, parameters: DragParams, z: Floats, label: int, start: Floats) -> Floats:
    """(K, 2) where tracking ends that began at `start` (K, 2)."""
    engine, rows = model.engine, model.info.num_ws
    handles = np.round(start).astype(np.float32)
    path = [np.tile(engine.map(one, label), (rows, 1)) for one in z]
    templates = engine.features(path[0], handles)
    for ws in path[1:]:
        engine.begin(Problem(ws, 1))
        request = StepRequest(handles, handles, templates, 1, parameters.r2, 0.0, 0.0)
        handles = engine.step(request).handles
    return handles
