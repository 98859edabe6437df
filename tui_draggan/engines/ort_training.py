"""The DragGAN iteration on ONNX Runtime's on-device training API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.bundle import TRAINING_FILES, ModelBundle
from tui_draggan.engines import memory, runtime
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.graph_inputs import Feeds
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

    def _open_optimizer(self) -> TrainingApiOptimizer:
        check_files(self._bundle, *TRAINING_FILES)
        self._close_synthesis()  # opening the model needs room
        return TrainingApiOptimizer(self._bundle.file("drag"), self.device)


class TrainingApiOptimizer:
    """A `LatentOptimizer`: module, optimizer and checkpoint state.

    A new optimizer on the same state would continue with its moments, and the API cannot clear
    them: so a run that follows another gets all three anew.
    """

    def __init__(self, folder: Path, device: str) -> None:
        self._folder = folder
        self._device = device
        self._open()

    def _open(self) -> None:
        api = runtime.load_training_api()
        with runtime.failing_as("drag model"):
            self._state = api.CheckpointState.load_checkpoint(self._folder / "checkpoint")
            self._module = api.Module(
                self._folder / "training_model.onnx",
                self._state,
                self._folder / "eval_model.onnx",
                self._device,
                runtime.session_options(runtime.load_runtime()),
            )
            self._optimizer = api.Optimizer(self._folder / "optimizer_model.onnx", self._module)
            self._parameter = self._state.parameters[LATENT]
            self._inputs = self._module.input_names()
        memory.trim_heap()
        self._used = False
        self.gradient_is_new = False

    def begin(self, latent: Floats) -> None:
        if self._used:
            del self._parameter, self._optimizer, self._module, self._state  # their memory first
            self._open()
        self._parameter.data = np.ascontiguousarray(latent, np.float32)

    @property
    def latent(self) -> Floats:
        latent: Floats = self._parameter.data
        return latent

    @property
    def gradient(self) -> Floats:
        gradient: Floats = self._parameter.grad
        return gradient

    def update(self, learning_rate: float) -> None:
        with runtime.failing_as("optimizer"):
            self._optimizer.set_learning_rate(learning_rate)
            self._optimizer.step()
        self.gradient_is_new = False

    def iterate(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        self._used = True
        with runtime.failing_as("step"):
            self._module.lazy_reset_grad()
            outputs: tuple[NDArray[Any], ...] = self._module.train()(
                *[feeds[name] for name in self._inputs]
            )
        self.gradient_is_new = True
        return outputs

    def features_at_handles(self, feeds: Feeds) -> Floats:
        return self._evaluated(feeds)[0]

    def features_outside(self, feeds: Feeds) -> Floats:
        return self._evaluated(feeds)[1]

    def _evaluated(self, feeds: Feeds) -> tuple[Floats, Floats]:
        with runtime.failing_as("features"):
            sampled, outside = self._module.eval()(*[feeds[name] for name in self._inputs])
        return sampled, outside
