"""The DragGAN iteration on ONNX Runtime's on-device training API.

A step is one optimizer call and one training call: the training graph synthesises, tracks,
supervises and differentiates (`stylegan.step_graph` says how), so that no feature map leaves the
runtime. Symbols as in `base`; R trainable rows, h side and C channels of the feature map.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.engines import inputs, runtime
from tui_draggan.engines.base import Bytes, Floats, Problem, StepRequest, StepResult
from tui_draggan.errors import EngineError

LATENT = "latent"
"""Name of the only trainable parameter, (R, w_dim)."""


class OrtTrainingEngine:
    """`base.Engine` on one bundle. Sessions open when first needed; `warm_up` opens them early."""

    name = "ort-training"

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        self._bundle = bundle
        self.info = bundle.info
        self._ort = runtime.load_runtime()
        self.device = runtime.choose_device(self._ort, device)
        self._trainer: _Trainer | None = None
        self._run: _Run | None = None

    def warm_up(self) -> None:
        """Opens what `features`, `begin` and `step` need, so that the first of them is quick."""
        if self._trainer is None:
            self._trainer = _Trainer(self._bundle, self.device)

    def map(self, z: Floats, label: int | None = None) -> Floats:
        info = self.info
        feed = {"z": inputs.checked(z, (info.z_dim,), "z")[None]}
        if info.c_dim:
            if label is None or not 0 <= label < info.c_dim:
                raise ValueError(f"label {label}; {info.name} has classes 0 to {info.c_dim - 1}")
            feed["label"] = np.eye(info.c_dim, dtype=np.float32)[label : label + 1]
        with _as_engine_error("mapping"):
            (w,) = self._mapping.run(["w"], feed)
        return w[0]

    @cached_property
    def w_avg(self) -> Floats:
        feed = {"z": np.zeros((1, self.info.z_dim), np.float32)}
        if self.info.c_dim:
            feed["label"] = np.zeros((1, self.info.c_dim), np.float32)
        with _as_engine_error("mapping"):
            (w_avg,) = self._mapping.run(["w_avg"], feed)
        return w_avg

    def render(self, ws: Floats) -> Bytes:
        ws = self._checked_ws(ws)
        with _as_engine_error("synthesis"):
            (image,) = self._synthesis.run(["image"], {"ws": ws[None]})
        levels = np.clip(np.rint(image[0] * np.float32(127.5) + np.float32(127.5)), 0, 255)
        return np.ascontiguousarray(levels.astype(np.uint8).transpose(1, 2, 0))

    def features(self, ws: Floats, points: Floats) -> Floats:
        points = inputs.checked(points, (None, 2), "points")
        if not len(points):
            return np.zeros((0, self.info.drag.feature_channels), np.float32)
        self.warm_up()
        assert self._trainer is not None
        sampled, _ = self._trainer.evaluate(
            inputs.looking_at(self.info, self._checked_ws(ws)), points
        )
        return sampled

    def begin(self, problem: Problem) -> None:
        ws = self._checked_ws(problem.ws)
        if not 1 <= problem.rows <= self.info.num_ws:
            raise ValueError(f"{problem.rows} rows cannot be trained; 1 to {self.info.num_ws}")
        if not problem.w_plus and not (ws[: problem.rows] == ws[0]).all():
            raise ValueError("in w mode the trained rows of w+ must all be the same w")
        if self._trainer is None or self._trainer.used:
            self._trainer = None  # first let go of the old one's memory
            self._trainer = _Trainer(self._bundle, self.device)
        self._run = _Run(self.info, self._trainer, ws, problem)

    def step(self, request: StepRequest) -> StepResult:
        if self._run is None:
            raise EngineError("a run has to begin before its first step")
        return self._run.step(request)

    def gradient(self) -> Floats:
        """The loss's gradient (R, w_dim) by the trainable rows, as the last step left it."""
        if self._trainer is None or not self._trainer.pending:
            raise EngineError("there is no gradient before the first step of a run")
        return self._trainer.gradient.copy()

    @cached_property
    def _mapping(self) -> Any:
        return self._session("mapping.onnx")

    @cached_property
    def _synthesis(self) -> Any:
        return self._session("synthesis.onnx")

    def _session(self, name: str) -> Any:
        with _as_engine_error(name):
            return self._ort.InferenceSession(
                str(self._bundle.file(name)),
                runtime.session_options(self._ort),
                providers=runtime.providers(self.device),
            )

    def _checked_ws(self, ws: Floats) -> Floats:
        return inputs.checked(ws, (self.info.num_ws, self.info.w_dim), "w+")


class _Trainer:
    """Module, optimizer and checkpoint state of one run.

    A new optimizer on the same state would go on with the old moments, and the API has no way
    to clear them: so a run that follows another gets all three anew.
    """

    def __init__(self, bundle: ModelBundle, device: str) -> None:
        api = runtime.load_training_api()
        with _as_engine_error("drag model"):
            self._state = api.CheckpointState.load_checkpoint(bundle.file("drag/checkpoint"))
            self._module = api.Module(
                bundle.file("drag/training_model.onnx"),
                self._state,
                bundle.file("drag/eval_model.onnx"),
                device,
                runtime.session_options(runtime.load_runtime()),
            )
            self._optimizer = api.Optimizer(bundle.file("drag/optimizer_model.onnx"), self._module)
            self._parameter = self._state.parameters[LATENT]
            self._inputs = self._module.input_names()
        self.used = False
        self.pending = False

    @property
    def latent(self) -> Floats:
        return self._parameter.data

    @latent.setter
    def latent(self, value: Floats) -> None:
        self._parameter.data = np.ascontiguousarray(value, np.float32)

    @property
    def gradient(self) -> Floats:
        return self._parameter.grad

    def update(self, learning_rate: float) -> None:
        """One Adam step with the gradient of the last `train`."""
        with _as_engine_error("optimizer"):
            self._optimizer.set_learning_rate(learning_rate)
            self._optimizer.step()
        self.pending = False

    def train(self, feeds: dict[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """→ loss, motion_loss, mask_loss, image (1, P, P, 3), new_handles (N, 2)."""
        self.used = True
        with _as_engine_error("step"):
            self._module.lazy_reset_grad()
            outputs = self._module.train()(*[feeds[name] for name in self._inputs])
        self.pending = True
        return outputs

    def evaluate(self, feeds: dict[str, NDArray[Any]], points: Floats) -> tuple[Floats, Floats]:
        """→ features (N, C) at the points, and those of the rows outside the mask (C, rows, h)."""
        values = {**feeds, "handles": points, "targets": points}
        values["templates"] = np.zeros((len(points), len(feeds["outside_reference"])), np.float32)
        with _as_engine_error("features"):
            sampled, outside = self._module.eval()(*[values[name] for name in self._inputs])
        return sampled, outside


class _Run:
    """What stays the same from the first step of a run to its last, and the step itself."""

    def __init__(self, info: BundleInfo, trainer: _Trainer, ws: Floats, problem: Problem) -> None:
        self._info = info
        self._trainer = trainer
        self._problem = problem
        self._ws = ws
        count = info.drag.trainable_rows
        # Rows the features do not depend on get no gradient: in w+ they would stay as they are.
        trained = np.arange(min(problem.rows, count))
        mix = np.zeros((count, count), np.float32)
        mix[trained, trained if problem.w_plus else 0] = 1

        feeds = inputs.looking_at(info, ws)
        self._outside = np.zeros_like(feeds["outside_weight"])
        if problem.editable is not None:
            first, outside = inputs.outside_cells(problem.editable, info)
            if len(outside):
                self._outside = outside / (info.drag.feature_channels * info.drag.feature_block**2)
                feeds |= inputs.outside_rows(info, first, len(outside))
                _, reference = trainer.evaluate(feeds, np.zeros((1, 2), np.float32))
                feeds["outside_reference"] = reference
        frozen = ws.copy()
        frozen[: len(trained)] = 0
        self._feeds = {**feeds, "frozen": frozen, "mix": mix}
        self._radii: tuple[int, int] | None = None
        self._mask_weight: float | None = None
        trainer.latent = ws[:count]

    def step(self, request: StepRequest) -> StepResult:
        start = time.perf_counter()
        self._take(request)
        if self._trainer.pending:
            self._trainer.update(request.learning_rate)
        ws = self._current_ws()
        loss, motion_loss, mask_loss, image, handles = self._trainer.train(self._feeds)
        gradient = self._trainer.gradient.ravel()
        return StepResult(
            ws=ws,
            handles=handles,
            image=image[0],
            loss=float(loss),
            motion_loss=float(motion_loss),
            mask_loss=float(mask_loss),
            gradient_norm=math.sqrt(float(gradient @ gradient)),
            milliseconds=(time.perf_counter() - start) * 1000,
        )

    def _current_ws(self) -> Floats:
        """w+ of the latent; its rows above R also go into the graph, for the picture."""
        rows, count = self._problem.rows, self._info.drag.trainable_rows
        latent = self._trainer.latent
        ws = self._ws.copy()
        ws[: min(rows, count)] = latent[: min(rows, count)]
        if not self._problem.w_plus:
            ws[:rows] = latent[0]
            self._feeds["frozen"][count:rows] = latent[0]
        return ws

    def _take(self, request: StepRequest) -> None:
        count, channels = len(request.handles), self._info.drag.feature_channels
        if not count:
            raise ValueError("a step needs at least one pair of handle and target")
        feeds = self._feeds
        feeds["handles"] = inputs.checked(request.handles, (count, 2), "handles")
        feeds["targets"] = inputs.checked(request.targets, (count, 2), "targets")
        feeds["templates"] = inputs.checked(request.templates, (count, channels), "templates")
        if self._radii != (request.r1, request.r2):
            feeds["disc"] = inputs.disc(request.r1)
            feeds["window"] = inputs.window(request.r2)
            self._radii = request.r1, request.r2
        if self._mask_weight != request.mask_weight:
            feeds["outside_weight"] = (self._outside * request.mask_weight).astype(np.float32)
            self._mask_weight = request.mask_weight


@contextmanager
def _as_engine_error(what: str) -> Iterator[None]:
    """onnxruntime raises many types without a common base but Exception; here it is one."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"{what}: onnxruntime failed ({line})") from error
