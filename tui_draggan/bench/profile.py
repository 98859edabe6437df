"""Where the time of an iteration goes: by part, and by operator.

    python -m tui_draggan.bench.profile WAY BUNDLE POINTS ITERATIONS

prints it as JSON, for a way of `ways`. On ONNX Runtime the step is one call. Its profiler times
every node, and which part a node belongs to follows from the graph alone: what does not depend on
the points is synthesis as far as tracking reads it, and preview as far as only the picture does;
what depends on them is tracking (and motion supervision) as far as handles and loss depend on it;
the rest is the backward pass. The training API has no profiler that ends; of its steps the call is
told as a whole. In torch the program says itself what it is at (`record_function`).
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

from numpy.typing import NDArray

from tui_draggan.bench.contenders import PLAIN, SETTLE, engine_step, plain_step
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import runtime
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.ort_training import OrtTrainingEngine
from tui_draggan.engines.torch.engine import ReducedTorchEngine, TorchEngine

PARTS = ("synthesis", "tracking", "backward", "preview", "layout", "graph", "optimizer", "host")
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

    parts: dict[str, float]
    """By PARTS."""
    operators: dict[str, float]
    """What runs inside the runtime by its operators; empty where nobody asked it."""


def profile(way: str, bundle: ModelBundle, points: int, iterations: int) -> Profile:
    """Raises EngineError where the way cannot be gone."""
    if way == PLAIN:
        step = plain_step(bundle, points)
        _seconds(step, SETTLE)
        return _told_by_torch(step, iterations, {})
    engine = WATCHED[way](bundle)
    step = engine_step(engine, points)
    _seconds(step, SETTLE)
    return engine.profile(step, iterations)


class Watch:
    """A `LatentOptimizer` with a stopwatch on what takes time in each step."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.seconds: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.optimizer, name)

    def iterate(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        found: tuple[NDArray[Any], ...] = self._timed("iterate", feeds)
        return found

    def update(self, learning_rate: float) -> None:
        self._timed("update", learning_rate)

    def _timed(self, name: str, *given: Any) -> Any:
        start = time.perf_counter()
        try:
            return getattr(self.optimizer, name)(*given)
        finally:
            self.seconds[name] += time.perf_counter() - start


class Watched(BundleEngine):
    """An engine with a stopwatch; which one, says the class it is mixed with."""

    def _open_optimizer(self) -> Any:
        self.watch = Watch(super()._open_optimizer())  # type: ignore[safe-super]
        return self.watch

    def profile(self, step: Callable[[], object], iterations: int) -> Profile:
        """Of so many of these steps of the engine."""
        self.watch.seconds.clear()
        total = _seconds(step, iterations)
        graph, optimizer = (self.watch.seconds[name] / total for name in ("iterate", "update"))
        inside, operators = self._inside()
        parts = {part: share * graph for part, share in inside.items()}
        parts |= {"optimizer": optimizer, "host": 1 - graph - optimizer}
        return Profile(parts, {name: share * graph for name, share in operators.items()})

    def _inside(self) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of the call by part and by operator."""
        return {"graph": 1.0}, {}


class WatchedOrtTraining(Watched, OrtTrainingEngine):
    pass


class WatchedOrt(Watched, OrtEngine):
    """Watched once: its session's profile ends with that."""

    def _open_optimizer(self) -> Any:
        self._folder = TemporaryDirectory()
        with runtime.profiling(Path(self._folder.name, "step")):
            return super()._open_optimizer()

    def _inside(self) -> tuple[dict[str, float], dict[str, float]]:
        events = json.loads(Path(self.watch.end_profiling()).read_text(encoding="utf-8"))
        belongs = parts_of_nodes(self._bundle.file("drag/step.onnx"))
        parts: dict[str, float] = defaultdict(float)
        operators: dict[str, float] = defaultdict(float)
        for event in events:
            if event["cat"] == "Node" and event["name"].endswith(NODE):
                name = event["name"].removesuffix(NODE).removesuffix(BLOCKED)
                parts[belongs.get(name, "layout")] += event["dur"]
                operators[event["args"]["op_name"]] += event["dur"]
        total = sum(parts.values())
        return _divided(parts, total), _divided(operators, total)


class WatchedTorch(Watched, TorchEngine):
    def profile(self, step: Callable[[], object], iterations: int) -> Profile:
        self.watch.seconds.clear()
        return _told_by_torch(step, iterations, self.watch.seconds)


class WatchedReducedTorch(WatchedTorch, ReducedTorchEngine):
    pass


WATCHED: dict[str, type[Watched]] = {
    WatchedOrt.name: WatchedOrt,
    WatchedOrtTraining.name: WatchedOrtTraining,
    WatchedTorch.name: WatchedTorch,
    WatchedReducedTorch.name: WatchedReducedTorch,
}


def _told_by_torch(
    step: Callable[[], object], iterations: int, outside: Mapping[str, float]
) -> Profile:
    """Of steps in torch that say what they are at; `outside`: seconds in numpy, if any."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        total = _seconds(step, iterations)
    said = {event.key: event.cpu_time_total / 1e6 for event in seen.key_averages()}
    parts = {part: said.get(part, 0.0) for part in PARTS}
    parts["synthesis"] -= parts["preview"]  # is a part of it
    parts["optimizer"] += outside.get("update", 0.0)
    parts["host"] = total - sum(parts.values())
    return Profile(_divided(parts, total), {})


def parts_of_nodes(file: Path) -> dict[str, str]:
    """Which part each node of a step graph belongs to, by its name and those of its outputs:
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
            part = "tracking" if depends else "synthesis"
        else:
            part = "backward" if for_picture.isdisjoint(node.output) else "preview"
        found |= dict.fromkeys((node.name, *node.output), part)
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
    way, folder, points, iterations = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not get between
    found = profile(way, ModelBundle.open(Path(folder)), int(points), int(iterations))
    print(json.dumps(asdict(found)), file=answer, flush=True)


if __name__ == "__main__":
    main()
