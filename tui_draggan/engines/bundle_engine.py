"""What the engines on ONNX Runtime share: pictures, features and runs of one bundle."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan import folders
from tui_draggan.arrays import Bytes, Floats, to_bytes
from tui_draggan.bundle import INVERSION, PARTS, STATISTICS, STEP, ModelBundle
from tui_draggan.engines import graph_cache, graph_inputs, runtime
from tui_draggan.engines.base import (
    Comparison,
    Engine,
    Pivot,
    Problem,
    StepRequest,
    StepResult,
    TuningStep,
)
from tui_draggan.engines.drag_run import DragRun
from tui_draggan.engines.latent_optimizer import Iteration, LatentOptimizer
from tui_draggan.engines.tunable import Tunable
from tui_draggan.engines.tuned_bundle import write_tuned
from tui_draggan.engines.tuning import GraphLoss, LossByWeights, Tuning
from tui_draggan.errors import BundleError, EngineError
from tui_draggan.latent_statistics import LatentStatistics, statistics_samples

IMAGE = "image"
"""Output of a graph that draws."""
MISMATCH = "mismatch"
"""Output of a graph of an iteration; those of earlier versions are without."""


def iteration_of(given: Mapping[str, Any]) -> Iteration:
    """What the graph of a step has given, by the names of its outputs."""
    image = given.get(IMAGE)
    return Iteration(
        loss=float(given["loss"]),
        motion_loss=float(given["motion_loss"]),
        mask_loss=float(given["mask_loss"]),
        handles=given["new_handles"],
        image=None if image is None else image[0],
        mismatch=given.get(MISMATCH),
    )


class BundleEngine(ABC):
    """`base.LocalEngine` on one bundle. Sessions open when first needed, or at `warm_up`."""

    name: str

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        self._bundle = bundle
        self._in_use = folders.InUse(bundle.path)
        self.info = bundle.info
        self._ort = runtime.load_runtime()
        self.device = runtime.choose_device(device, self._device_problem)
        self._run: DragRun | None = None
        self._tuning: Tuning | None = None

    def _device_problem(self, device: str) -> str | None:
        """Why that device, not `cpu`, cannot be used, and what helps; None where it can."""
        return runtime.device_problem(self._ort, device)

    @abstractmethod
    def _open_optimizer(self) -> LatentOptimizer: ...

    @cached_property
    def _optimizer(self) -> LatentOptimizer:
        return self._open_optimizer()

    def warm_up(self) -> bool:
        self._optimizer.prepare()
        _ = self.statistics
        return False

    def map(self, z: Floats, label: int | None = None) -> Floats:
        info = self.info
        feed = {"z": graph_inputs.checked(z, (info.z_dim,), "z")[None]}
        if info.c_dim:
            if label is None or not 0 <= label < info.c_dim:
                raise ValueError(f"label {label}; {info.name} has classes 0 to {info.c_dim - 1}")
            feed["label"] = np.eye(info.c_dim, dtype=np.float32)[label : label + 1]
        with runtime.failing_as("mapping"):
            (w,) = self._mapping.run(["w"], feed)
        row: Floats = graph_inputs.given(w, (1, info.w_dim), "the mapping network's w")[0]
        return row

    @cached_property
    def w_avg(self) -> Floats:
        feed = {"z": np.zeros((1, self.info.z_dim), np.float32)}
        if self.info.c_dim:
            feed["label"] = np.zeros((1, self.info.c_dim), np.float32)
        with runtime.failing_as("mapping"):
            (mean,) = self._mapping.run(["w_avg"], feed)
        return graph_inputs.given(mean, (self.info.w_dim,), "the mean w")

    @cached_property
    def statistics(self) -> LatentStatistics:
        """As the bundle has them; for one that was written without, of as many samples here."""
        file = self._bundle.file(STATISTICS)
        if STATISTICS in self._bundle.files:
            return LatentStatistics.load(file, self.info.w_dim)
        z, labels = statistics_samples(self.info.z_dim, self.info.c_dim)
        classes = labels if self.info.c_dim else None
        w = [self.map(one, int(label)) for one, label in zip(z, labels, strict=True)]
        return LatentStatistics.of(np.stack(w), classes)

    def render(self, ws: Floats) -> Bytes:
        ws = self._checked_ws(ws)
        with runtime.failing_as("synthesis"):
            (image,) = self._synthesis.run([IMAGE], {"ws": ws[None]})
        shape = 1, self.info.picture_channels, *self.info.size
        image = graph_inputs.given(image, shape, "the picture")
        return np.ascontiguousarray(to_bytes(image[0]).transpose(1, 2, 0))

    def preview(self, ws: Floats) -> Bytes:
        # All that a step takes, of which the rest is left out where the runtime can.
        point = np.zeros((1, 2), np.float32)
        feeds = graph_inputs.untrained(self.info, self._checked_ws(ws))
        latent = np.zeros((self.info.drag.trainable_rows, self.info.w_dim), np.float32)
        inputs = {**graph_inputs.with_handles(feeds, point), "latent": latent}
        options = self._ort.RunOptions()
        options.only_execute_path_to_fetches = True
        session = self._step_session()
        with runtime.failing_as("preview"):
            (image,) = session.run([IMAGE], inputs, options)
        shape = *self.info.drag.preview, self.info.picture_channels
        graph_inputs.check_given(image[0], shape, "the preview")
        small: Bytes = image[0]
        return small

    def _step_session(self) -> Any:
        """The step graph with its picture."""
        return graph_cache.open_graph(self._bundle, STEP, "cpu")

    def features(self, ws: Floats, points: Floats) -> Floats:
        points = graph_inputs.checked(points, (None, 2), "points")
        if not len(points):
            return np.zeros((0, self.info.drag.feature_channels), np.float32)
        feeds = graph_inputs.untrained(self.info, self._checked_ws(ws))
        features = self._optimizer.features_at_handles(graph_inputs.with_handles(feeds, points))
        channels = self.info.drag.feature_channels
        return graph_inputs.given(features, (len(points), channels), "the features")

    def feature_map(self, ws: Floats) -> Floats:
        cells = self.info.drag.feature_map
        feeds = graph_inputs.untrained(self.info, self._checked_ws(ws))
        feeds |= graph_inputs.outside_rows(self.info, 0, cells.height)
        anywhere = np.zeros((1, 2), np.float32)
        features = self._optimizer.features_outside(graph_inputs.with_handles(feeds, anywhere))
        shape = self.info.drag.feature_channels, *cells
        return graph_inputs.given(features, shape, "the feature map")

    def parts(self, ws: Floats) -> Bytes:
        ws = self._checked_ws(ws)
        if not self.info.parts:
            raise BundleError(f"{self.info.name} knows no parts; tui-draggan parts train adds some")
        with runtime.failing_as("parts"):
            (parts,) = self._parts.run(["parts"], {"ws": ws[None]})
        if parts.shape != self.info.size or parts.dtype != np.uint8:
            raise EngineError(f"the parts are {parts.dtype} {parts.shape}; expected bytes")
        found: Bytes = np.minimum(parts, len(self.info.parts) - 1).astype(np.uint8)
        return found

    def begin(self, problem: Problem) -> None:
        ws = self._checked_ws(problem.ws)
        if not 1 <= problem.rows <= self.info.num_ws:
            raise ValueError(f"{problem.rows} rows cannot be trained; 1 to {self.info.num_ws}")
        if not problem.w_plus and not (ws[: problem.rows] == ws[0]).all():
            raise ValueError("in w mode the trained rows of w+ must all be the same w")
        reference = ws if problem.reference is None else self._checked_ws(problem.reference)
        checked = replace(problem, ws=ws, reference=reference)
        if problem.basis is not None:
            graph_inputs.checked(problem.basis, (None, self.info.w_dim), "basis")
        self._run = DragRun(self.info, self._optimizer, checked)

    def step(self, request: StepRequest) -> StepResult:
        if self._run is None:
            raise EngineError("a run has to begin before its first step")
        return self._run.step(request)

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        start = time.perf_counter()
        info, ws = self.info, self._checked_ws(ws)
        feeds = {"w_plus": ws, "target": graph_inputs.wanted_picture(target, info)}
        with runtime.failing_as("inversion"):
            results = self._inversion.run(["loss", "gradient", "image"], feeds)
        loss, gradient, image = results
        graph_inputs.check_given(image, (*info.size, info.picture_channels), "the picture")
        if image.dtype != np.uint8:
            raise EngineError(f"the picture is {image.dtype}; expected bytes")
        if gradient.shape != ws.shape:
            raise EngineError(f"the gradient has shape {gradient.shape}; expected {ws.shape}")
        spent = time.perf_counter() - start
        return Comparison(float(loss), gradient, image, spent * 1000)

    def begin_tuning(self) -> None:
        self._tuning = None  # its memory first
        self._tuning = Tuning(self._bundle, self._open_loss)

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        return self._begun_tuning().step(pivots, learning_rate)

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        tuning = self._begun_tuning()

        def opened(bundle: ModelBundle) -> Engine:
            return type(self)(bundle, self.device)

        values = tuning.values
        write_tuned(self._bundle, path, name, description, tuning.tunable, values, opened, replace)

    def _begun_tuning(self) -> Tuning:
        if self._tuning is None:
            raise EngineError("a tuning has to begin before its first step")
        return self._tuning

    def _open_loss(self, tunable: Tunable) -> LossByWeights:
        return GraphLoss(self._bundle, self.device, tunable)

    def gradient(self) -> Floats:
        if self._run is None or not self._optimizer.gradient_is_new:
            raise EngineError("there is no gradient before the first step of a run")
        return self._optimizer.gradient.copy()

    @cached_property
    def _mapping(self) -> Any:
        return graph_cache.open_graph(self._bundle, "mapping.onnx", "cpu")

    @cached_property
    def _synthesis(self) -> Any:
        return graph_cache.open_graph(self._bundle, "synthesis.onnx", self.device)

    @cached_property
    def _parts(self) -> Any:
        return graph_cache.open_graph(self._bundle, PARTS, "cpu")

    @cached_property
    def _inversion(self) -> Any:
        return self._opened_inversion(self.device)

    def _opened_inversion(self, device: str) -> Any:
        self._bundle.require_inversion()
        return graph_cache.open_graph(self._bundle, INVERSION, device)

    def _close_synthesis(self) -> None:
        """Gives its memory back; it opens again in a fraction of a second when it is needed."""
        self.__dict__.pop("_synthesis", None)

    def _checked_ws(self, ws: Floats) -> Floats:
        return graph_inputs.checked(ws, (self.info.num_ws, self.info.w_dim), "w+")
