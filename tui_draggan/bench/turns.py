"""Contenders on one model take turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_draggan import children
from tui_draggan.bench.contenders import REFERENCE, SGEMM, SGEMM_GFLOP, WEIGHTS, Scene
from tui_draggan.bench.flops import needed
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.choose import NAMED
from tui_draggan.engines.graph_cache import prepare
from tui_draggan.errors import EngineError
from tui_draggan.size import Size

TURN_SECONDS = 3.0
FEWEST, MOST = 3, 30
"""Iterations that are profiled."""


@dataclass(frozen=True)
class Measured:
    """One contender on one model. Milliseconds are medians of the iterations that count."""

    model: str
    size: Size
    points: int
    contender: str
    milliseconds: float
    spread: float
    """Half the distance between the quartiles, in milliseconds."""
    peak_bytes: int
    speedup: float | None
    """How many times as fast as the reference in the same run; None without the reference."""
    sgemm_gflops: float
    """Rate of numpy's matrix product in float32, measured in turns with the contenders."""
    of_sgemm: float
    """Share of that rate, counting only what an iteration needs (`flops.needed`)."""
    stages: dict[str, float]
    """Milliseconds of each stage (`profile.STAGES`): its share of the profile, of `milliseconds`;
    empty where no profile was asked for."""


def measure(
    bundle: ModelBundle,
    points: int,
    *,
    seconds: float,
    engines: Sequence[str] | None = None,
    reference: bool = True,
    profile: bool = True,
) -> list[Measured]:
    """Runs the contenders for so many seconds, each in a process of its own.

    engines: by name; None for all that open here. reference: whether to run it too, where the
    bundle keeps its weights. profile: whether to look at the stages of an iteration afterwards.
    Raises EngineError where a contender fails.
    """
    prepare(bundle)
    names = list(_engines_for(bundle) if engines is None else engines)
    if reference and (bundle.path / WEIGHTS).exists():
        names.append(REFERENCE)
    times, peaks = _take_turns([*names, SGEMM], bundle, points, seconds)
    gflop = 2 * needed(bundle.info, points, Scene.radii(bundle.info.size)[0]) / 1e9
    medians = {name: statistics.median(values) for name, values in times.items()}
    rate = SGEMM_GFLOP / medians.pop(SGEMM) * 1000
    of_reference = medians.get(REFERENCE)
    return [
        Measured(
            model=bundle.info.name,
            size=bundle.info.size,
            points=points,
            contender=name,
            milliseconds=median,
            spread=float(np.subtract(*np.percentile(times[name], [75, 25]))) / 2,
            peak_bytes=peaks[name],
            speedup=of_reference / median if of_reference else None,
            sgemm_gflops=rate,
            of_sgemm=gflop / median * 1000 / rate,
            stages=_stages(name, bundle, points, median) if profile else {},
        )
        for name, median in medians.items()
    ]


def _take_turns(
    names: Sequence[str], bundle: ModelBundle, points: int, seconds: float
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Milliseconds of every iteration, and the most bytes held, by contender."""
    times: dict[str, list[float]] = {name: [] for name in names}
    peaks: dict[str, int] = {}
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(_Contender.running(name, bundle, points)) for name in names
        }
        end = time.monotonic() + seconds
        while not peaks or time.monotonic() < end:
            for name, contender in running.items():
                count = 1
                if times[name]:
                    count = max(1, round(TURN_SECONDS * 1000 / times[name][-1]))
                answer = contender.ask(count)
                times[name] += answer["ms"]
                peaks[name] = answer["peak"]
    return times, peaks


def _stages(name: str, bundle: ModelBundle, points: int, median: float) -> dict[str, float]:
    """In a process of its own, and after the others: profiling slows down."""
    iterations = max(FEWEST, min(MOST, round(TURN_SECONDS * 1000 / median)))
    words = [name, str(bundle.path), str(points), str(iterations)]
    done = subprocess.run(
        children.command("tui_draggan.bench.profile", *words), capture_output=True, text=True
    )
    if done.returncode:
        raise EngineError(f"profiling {name} failed: {done.stderr.strip().splitlines()[-1]}")
    shares: dict[str, float] = json.loads(done.stdout)["stages"]
    return {stage: share * median for stage, share in shares.items()}


class _Contender:
    """A process of `contenders`."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process

    @classmethod
    @contextmanager
    def running(cls, name: str, bundle: ModelBundle, points: int) -> Iterator[_Contender]:
        command = children.command("tui_draggan.bench.contenders", name, str(bundle.path))
        process = subprocess.Popen(
            [*command, str(points)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        contender = cls(name, process)
        try:
            contender.answer()
            yield contender
        finally:
            process.kill()
            process.communicate()

    def ask(self, iterations: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            complaints = self._process.stderr.read().strip().splitlines()
            why = complaints[-1] if complaints else "it gave no reason"
            raise EngineError(f"the process of {self.name} ended: {why}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise EngineError(f"{self.name}: {answer['error']}")
        return answer


def _engines_for(bundle: ModelBundle) -> Iterator[str]:
    for name, opener in NAMED.items():
        try:
            opener(bundle, "auto")
        except EngineError:
            continue
        yield name
