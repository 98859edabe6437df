"""The same drag by every contender, one to a process.

    python -m tui_draggan.bench.contenders CONTENDER BUNDLE POINTS

A contender is an engine, by its name; `reference`, the paper's formulas as they stand; or `sgemm`:
no drag, but one matrix product in numpy. The process reads a line with a number of iterations,
does them, and answers with a JSON line: the milliseconds of each, and the most memory it has held.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import Engine, Problem, StepRequest
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.cpu import physical_cores
from tui_draggan.errors import DragganError
from tui_draggan.size import Size

REFERENCE = "reference"
SGEMM = "sgemm"
MATRIX = 2048
SGEMM_GFLOP = 2 * MATRIX**3 / 1e9
WEIGHTS = "generator.pt"
LEARNING_RATE = 1e-3
SETTLE = 2
"""Iterations that are not counted: memory is allocated, kernels are chosen."""


@dataclass(frozen=True)
class Scene:
    """The edit: points in the middle of the picture, the paper's radii."""

    ws: Floats
    handles: Floats
    targets: Floats
    r1: int
    r2: int

    @classmethod
    def of(cls, engine: Engine, points: int) -> Scene:
        # In the middle of a square, where the picture is one.
        size = engine.info.size.shorter
        rng = np.random.RandomState(0)
        handles = rng.randint(size // 4, size // 2, (points, 2)).astype(np.float32)
        ws = latent_from_seed(engine, 0, 0.7).ws
        return cls(ws, handles, handles + size // 4, *cls.radii(engine.info.size))

    @staticmethod
    def radii(size: Size) -> tuple[int, int]:
        """r1 and r2 for a picture of that size."""
        return max(round(3 / 512 * size.shorter), 2), max(round(12 / 512 * size.shorter), 2)


def open_contender(name: str, bundle: ModelBundle, points: int) -> Callable[[], object]:
    """One iteration, to be called again and again."""
    if name == REFERENCE:
        return reference_step(bundle, points)
    if name == SGEMM:
        factors = np.random.default_rng(0).random((2, MATRIX, MATRIX), np.float32)
        return partial(np.matmul, *factors)
    return engine_step(open_engine(bundle, "auto", name), points)


def engine_step(engine: Engine, points: int) -> Callable[[], object]:
    scene = Scene.of(engine, points)
    engine.render(scene.ws)  # the first picture: a part of what an editor holds
    templates = engine.features(scene.ws, scene.handles)
    engine.begin(Problem(scene.ws))
    handles = scene.handles

    def step() -> None:
        nonlocal handles
        request = StepRequest(
            handles, scene.targets, templates, scene.r1, scene.r2, 20.0, LEARNING_RATE
        )
        handles = engine.step(request).handles

    return step


def reference_step(bundle: ModelBundle, points: int, device: str = "cpu") -> Callable[[], object]:
    import torch

    from tui_draggan.bench.reference import PlainDragGAN
    from tui_draggan.checkpoints.generator_file import load_generator

    torch.set_num_threads(physical_cores())
    scene = Scene.of(open_engine(bundle, "cpu", "ort"), points)
    reference = PlainDragGAN(
        load_generator(bundle.file(WEIGHTS)).to(device),
        torch.tensor(scene.ws),
        feature_block=bundle.info.drag.feature_block,
        all_blocks=True,
    )
    handles, targets = torch.tensor(scene.handles), torch.tensor(scene.targets)
    templates = reference.templates(handles)

    def step() -> None:
        nonlocal handles
        handles = reference.step(
            handles,
            targets,
            templates,
            r1=scene.r1,
            r2=scene.r2,
            mask_weight=20.0,
            learning_rate=LEARNING_RATE,
        ).handles

    return step


def peak_bytes() -> int:
    """The most memory this process has held, as the system counts it."""
    try:  # on Linux the other figure begins with what the parent held
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    name, folder, points = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not get between the answers
    try:
        step = open_contender(name, ModelBundle.open(Path(folder)), int(points))
        for _ in range(SETTLE):
            step()
    except DragganError as error:
        print(json.dumps({"error": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"ready": name}), file=answers, flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1000)
        print(json.dumps({"ms": times, "peak": peak_bytes()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
