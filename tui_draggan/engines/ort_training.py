"""The DragGAN iteration on ONNX Runtime's on-device training API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import (
    CHECKPOINT,
    EVAL_MODEL,
    INVERSION_CHECKPOINT,
    INVERSION_TRAINING,
    OPTIMIZER_MODEL,
    TRAINED_INVERSION,
    TRAINING_FILES,
    TRAINING_MODEL,
    ModelBundle,
)
from tui_draggan.engines import graph_inputs, memory, runtime
from tui_draggan.engines.adam import WhitenedAdam
from tui_draggan.engines.base import Comparison
from tui_draggan.engines.bundle_engine import BundleEngine, iteration_of
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.latent_optimizer import Iteration
from tui_draggan.errors import EngineError

LATENT = "latent"
"""Name of the only trainable parameter, (R, w_dim)."""


class OrtTrainingEngine(BundleEngine):
    """Runs the bundle's training artifacts. Raises EngineError where the bundle has none, and
    without the training API."""

    name = "ort-training"

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        if not bundle.for_training_api:
            raise EngineError(
                f"{bundle.info.name} has no graphs for the training API: it was imported where "
                "onnxruntime-training is not installed; choose the engine ort, which does the same"
            )
        runtime.require_training_api()
        super().__init__(bundle, device)

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        if not set(TRAINED_INVERSION) <= self._bundle.files.keys():
            return super().compare(ws, target)  # an earlier version's, or one without the tools
        start = time.perf_counter()
        wanted = graph_inputs.wanted_picture(target, self.info)
        loss, gradient, image = self._inverting.compare(self._checked_ws(ws), wanted)
        graph_inputs.check_given(
            image, (*self.info.size, self.info.picture_channels), "the picture"
        )
        return Comparison(loss, gradient, image, (time.perf_counter() - start) * 1000)

    @cached_property
    def _inverting(self) -> TrainingApiInversion:
        check_files(self._bundle, *TRAINED_INVERSION)
        return TrainingApiInversion(self._bundle.path, self.device)

    def _open_optimizer(self) -> TrainingApiOptimizer:
        models = [TRAINING_MODEL]
        other = self._bundle.without_picture(TRAINING_MODEL)
        if other is not None:
            models.insert(0, other)
        check_files(self._bundle, *TRAINING_FILES, *models)
        self._close_synthesis()  # opening the models needs room
        return TrainingApiOptimizer(self._bundle.path, models, self.device)


@dataclass(frozen=True)
class Trained:
    """A training model with its optimizer."""

    module: Any
    optimizer: Any
    inputs: list[str]
    outputs: list[str]


class TrainingApiOptimizer:
    """A `LatentOptimizer`: modules, optimizers and the checkpoint state that they share.

    A module has a buffer of its own for the gradient, and its optimizer reads that one; latent,
    moments and the number of updates lie in the state. So steps with the picture and without, by
    two models, are one run. The state knows the gradient of the module that was opened last alone;
    any other gives it as an output.

    A new optimizer on the same state continues with its moments, and the API cannot clear them: so
    a run that follows another gets everything anew.
    """

    def __init__(self, bundle: Path, models: Sequence[str], device: str) -> None:
        """models: the files for steps without a picture and with it, or one for both."""
        self._bundle, self._models, self._device = bundle, models, device
        self._open()

    def _open(self) -> None:
        api = runtime.load_training_api()
        with runtime.failing_as("drag model"):
            self._state = api.CheckpointState.load_checkpoint(self._bundle / CHECKPOINT)
            self._trained = [self._opened(api, model) for model in self._models]
            self._parameter = self._state.parameters[LATENT]
        self._last = self._trained[-1]
        memory.trim_heap()
        self._used = False
        self._given: Floats | None = None
        self._whitened: WhitenedAdam | None = None
        self.gradient_is_new = False

    def _opened(self, api: Any, model: str) -> Trained:
        options = runtime.session_options(runtime.load_runtime())
        evaluated = self._bundle / EVAL_MODEL if model == self._models[0] else None
        module = api.Module(self._bundle / model, self._state, evaluated, self._device, options)
        optimizer = api.Optimizer(self._bundle / OPTIMIZER_MODEL, module)
        return Trained(module, optimizer, module.input_names(), module.output_names())

    def prepare(self) -> None:
        """Everything is there."""

    def begin(self, latent: Floats, basis: Floats | None = None) -> None:
        if self._used:
            # Their memory first.
            del self._parameter, self._last, self._trained, self._state
            self._open()
        self._parameter.data = np.ascontiguousarray(latent, np.float32)
        # The API's optimizers know no coordinates but the parameter's own.
        self._whitened = None if basis is None else WhitenedAdam(latent, basis)

    @property
    def latent(self) -> Floats:
        latent: Floats = self._parameter.data
        return latent

    @property
    def gradient(self) -> Floats:
        gradient: Floats = self._parameter.grad if self._given is None else self._given
        return gradient

    def update(self, learning_rate: float) -> None:
        if self._whitened is not None:
            rows = self._whitened.updated(self.gradient, learning_rate)
            self._parameter.data = np.ascontiguousarray(rows)
            self.gradient_is_new = False
            return
        with runtime.failing_as("optimizer"):
            self._last.optimizer.set_learning_rate(learning_rate)
            self._last.optimizer.step()
        self.gradient_is_new = False

    def iterate(self, feeds: Feeds, picture: bool) -> Iteration:
        self._used = True
        trained = self._last = self._trained[-1 if picture else 0]
        with runtime.failing_as("step"):
            trained.module.lazy_reset_grad()
            outputs = trained.module.train()(*[feeds[name] for name in trained.inputs])
        given = dict(zip(trained.outputs, outputs, strict=True))
        self._given = given.get("gradient")
        self.gradient_is_new = True
        return iteration_of(given)

    def features_at_handles(self, feeds: Feeds) -> Floats:
        return self._evaluated(feeds)[0]

    def features_outside(self, feeds: Feeds) -> Floats:
        return self._evaluated(feeds)[1]

    def _evaluated(self, feeds: Feeds) -> tuple[Floats, Floats]:
        with runtime.failing_as("features"):
            module, inputs = self._trained[0].module, self._trained[0].inputs
            sampled, outside = module.eval()(*[feeds[name] for name in inputs])
        return sampled, outside


class TrainingApiInversion:
    """A photograph's loss by the training API: w+ is the parameter of its state.

    The search has coordinates and step sizes of its own (`inversion.search`), so nothing of the
    API's optimizers is used.
    """

    PARAMETER = "w_plus"

    def __init__(self, bundle: Path, device: str) -> None:
        api = runtime.load_training_api()
        with runtime.failing_as("inversion"):
            self._state = api.CheckpointState.load_checkpoint(bundle / INVERSION_CHECKPOINT)
            options = runtime.session_options(runtime.load_runtime())
            model = bundle / INVERSION_TRAINING
            self._module = api.Module(model, self._state, None, device, options)
            self._names = self._module.output_names()
        memory.trim_heap()

    def compare(self, ws: Floats, target: Floats) -> tuple[float, Floats, Bytes]:
        """ws (L, w_dim), target (1, C, H, W) → loss, its gradient (L, w_dim), picture (H, W, C)."""
        with runtime.failing_as("inversion"):
            parameter = self._state.parameters[self.PARAMETER]
            parameter.data = np.ascontiguousarray(ws)
            self._module.lazy_reset_grad()
            given = dict(zip(self._names, self._module.train()(target), strict=True))
            gradient: Floats = parameter.grad.copy()
        return float(given["loss"]), gradient, given["image"]
