"""Where the time of an iteration goes: by stage, and by operator.

    python -m tui_draggan.bench.profile CONTENDER BUNDLE POINTS ITERATIONS

prints it as JSON, for one of `contenders`. On ONNX Runtime the step is one call. Its profiler
times every node, and which stage a node belongs to follows from the graph alone: what does not
depend on the points is synthesis as far as tracking reads it, and preview as far as only the
picture does; what depends on them is tracking (and motion supervision) as far as handles and loss
depend on it; the rest is the backward pass. The training API has no profiler that ends; its call
is timed as one. In torch the program says itself what it is at (`record_function`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tui_draggan.bench.contenders import REFERENCE, SETTLE, engine_step, reference_step
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import runtime
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.latent_optimizer import Iteration
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.ort_training import OrtTrainingEngine
from tui_draggan.engines.torch.engine import ReducedTorchEngine, TorchEngine

STAGES = ("synthesis", "tracking", "backward", "preview", "layout", "graph", "optimizer", "host")
"""layout: between ONNX Runtime's two orders of channels; graph: all of these, where they cannot be
told apart; host: Python and numpy."""
OF_THE_LATENT = {"latent", "frozen", "mix"}
"""Inputs of the step graph from which w+ is made; the others come from points and mask."""
LOSSES = ("new_handles", "loss", "motion_loss", "mask_loss", "sampled", "outside")
NODE = "_kernel_time"
BLOCKED = "_nchwc"
"""How the profiler's names end: of nodes, and of those in the blocked order of channels."""


@dataclass(frozen=True)
class Profile:
    """Shares of an iteration's time, which add up to 1."""

    stages: dict[str, float]
    """By STAGES."""
    operators: dict[str, float]
    """What runs inside the runtime, by operator; empty where it is not profiled."""


def profile(contender: str, bundle: ModelBundle, points: int, iterations: int) -> Profile:
    """Raises EngineError where the contender cannot run."""
    if contender == REFERENCE:
        step = reference_step(bundle, points)
        _seconds(step, SETTLE)
        return _by_torch(step, iterations, {})
    engine = PROFILED[contender](bundle)
    step = engine_step(engine, points)
    _seconds(step, SETTLE)
    return engine.profile(step, iterations)


class Stopwatch:
    """A `LatentOptimizer`, timed in what takes time in each step."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.seconds: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.optimizer, name)

    def iterate(self, feeds: Feeds, picture: bool) -> Iteration:
        done: Iteration = self._timed("iterate", feeds, picture)
        return done

    def update(self, learning_rate: float) -> None:
        self._timed("update", learning_rate)

    def _timed(self, name: str, *given: Any) -> Any:
        start = time.perf_counter()
        try:
            return getattr(self.optimizer, name)(*given)
        finally:
            self.seconds[name] += time.perf_counter() - start


class Profiled(BundleEngine):
    """An engine that is timed: the one it is mixed with."""

    def _open_optimizer(self) -> Any:
        self.stopwatch = Stopwatch(super()._open_optimizer())  # type: ignore[safe-super]
        return self.stopwatch

    def profile(self, step: Callable[[], object], iterations: int) -> Profile:
        """The profile of so many of these steps of the engine."""
        self.stopwatch.seconds.clear()
        total = _seconds(step, iterations)
        graph, optimizer = (self.stopwatch.seconds[name] / total for name in ("iterate", "update"))
        inside, operators = self._inside()
        stages = {stage: share * graph for stage, share in inside.items()}
        stages |= {"optimizer": optimizer, "host": 1 - graph - optimizer}
        return Profile(stages, {name: share * graph for name, share in operators.items()})

    def _inside(self) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of the call by stage and by operator."""
        return {"graph": 1.0}, {}


class ProfiledOrtTraining(Profiled, OrtTrainingEngine):
    pass


class ProfiledOrt(Profiled, OrtEngine):
    """Profiled once: its session's profile ends with that."""

    def _open_optimizer(self) -> Any:
        self._folder = TemporaryDirectory()
        optimizer = super()._open_optimizer()
        with runtime.profiling(Path(self._folder.name, "step")):
            optimizer.prepare()
        return optimizer

    def _inside(self) -> tuple[dict[str, float], dict[str, float]]:
        events = json.loads(Path(self.stopwatch.end_profiling()).read_text(encoding="utf-8"))
        belongs = stages_of_nodes(self._bundle.file("drag/step.onnx"))
        stages: dict[str, float] = defaultdict(float)
        operators: dict[str, float] = defaultdict(float)
        for event in events:
            if event["cat"] == "Node" and event["name"].endswith(NODE):
                name = event["name"].removesuffix(NODE).removesuffix(BLOCKED)
                stages[belongs.get(name, "layout")] += event["dur"]
                operators[event["args"]["op_name"]] += event["dur"]
        total = sum(stages.values())
        return _divided(stages, total), _divided(operators, total)


class ProfiledTorch(Profiled, TorchEngine):
    def profile(self, step: Callable[[], object], iterations: int) -> Profile:
        self.stopwatch.seconds.clear()
        return _by_torch(step, iterations, self.stopwatch.seconds)


class ProfiledReducedTorch(ProfiledTorch, ReducedTorchEngine):
    pass


PROFILED: dict[str, type[Profiled]] = {
    ProfiledOrt.name: ProfiledOrt,
    ProfiledOrtTraining.name: ProfiledOrtTraining,
    ProfiledTorch.name: ProfiledTorch,
    ProfiledReducedTorch.name: ProfiledReducedTorch,
}


def _by_torch(step: Callable[[], object], iterations: int, outside: Mapping[str, float]) -> Profile:
    """The profile of steps in torch; `outside`: seconds in numpy, if any."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        total = _seconds(step, iterations)
    said = {event.key: event.cpu_time_total / 1e6 for event in seen.key_averages()}
    stages = {stage: said.get(stage, 0.0) for stage in STAGES}
    stages["synthesis"] -= stages["preview"]  # is a stage of it
    stages["optimizer"] += outside.get("update", 0.0)
    stages["host"] = total - sum(stages.values())
    return Profile(_divided(stages, total), {})


def stages_of_nodes(file: Path) -> dict[str, str]:
    """Which stage each node of a step graph belongs to, by its name and those of its outputs:
    a node that was moved to another order of channels is called by them."""
    import onnx

    graph = onnx.load(file, load_external_data=False).graph
    points = {item.name for item in graph.input} - OF_THE_LATENT
    for_losses = _needed(graph.node, LOSSES)
    for_picture = _needed(graph.node, {"image"})
    found: dict[str, str] = {}
    for node in graph.node:
        depends = not points.isdisjoint(node.input)
        if depends:
            points.update(node.output)
        if not for_losses.isdisjoint(node.output):
            stage = "tracking" if depends else "synthesis"
        else:
            stage = "backward" if for_picture.isdisjoint(node.output) else "preview"
        found |= dict.fromkeys((node.name, *node.output), stage)
    return found


def _needed(nodes: Sequence[Any], outputs: Iterable[str]) -> set[str]:
    """All tensors those outputs depend on, and they."""
    needed = set(outputs)
    for node in reversed(nodes):
        if not needed.isdisjoint(node.output):
            needed.update(node.input)
    return needed


def _divided(times: Mapping[str, float], total: float) -> dict[str, float]:
    return {name: time / total for name, time in times.items() if time}


def _seconds(step: Callable[[], object], iterations: int) -> float:
    start = time.perf_counter()
    for _ in range(iterations):
        step()
    return time.perf_counter() - start


def main() -> None:
    contender, folder, points, iterations = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not get between
    found = profile(contender, ModelBundle.open(Path(folder)), int(points), int(iterations))
    print(json.dumps(asdict(found)), file=answer, flush=True)


if __name__ == "__main__":
    main()
