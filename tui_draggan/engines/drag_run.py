"""The iterations of one run, whatever runtime computes them.

A step is one optimizer call and one call of the graph, which synthesises, tracks, supervises and
differentiates (`export.step_graph` says how), so that no feature map leaves the runtime. What
differs between runtimes is behind `LatentOptimizer`.
"""

from __future__ import annotations

import math
import time

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.engines import graph_inputs
from tui_draggan.engines.base import Problem, StepRequest, StepResult
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.latent_optimizer import LatentOptimizer


class DragRun:
    """What stays the same from the first step of a run to its last, and the step itself."""

    def __init__(self, info: BundleInfo, optimizer: LatentOptimizer, problem: Problem) -> None:
        self._info = info
        self._optimizer = optimizer
        self._problem = problem
        self._ws = ws = problem.ws
        count = info.drag.trainable_rows
        # Rows the features do not depend on get no gradient: in w+ they would stay as they are.
        trained = np.arange(min(problem.rows, count))
        mix = np.zeros((count, count), np.float32)
        mix[trained, trained if problem.w_plus else 0] = 1

        feeds = graph_inputs.untrained(info, ws)
        self._outside = np.zeros_like(feeds["outside_weight"])
        if problem.editable is not None:
            first, outside = graph_inputs.outside_cells(problem.editable, info)
            if len(outside):
                self._outside = outside / (info.drag.feature_channels * info.drag.feature_map.area)
                feeds |= graph_inputs.outside_rows(info, first, len(outside))
                start = {**feeds, "frozen": ws if problem.reference is None else problem.reference}
                anywhere = np.zeros((1, 2), np.float32)
                feeds["outside_reference"] = optimizer.features_outside(
                    graph_inputs.with_handles(start, anywhere)
                )
        frozen = ws.copy()
        frozen[: len(trained)] = 0
        self._feeds: Feeds = {**feeds, "frozen": frozen, "mix": mix}
        self._radii: tuple[int, int] | None = None
        self._mask_weight: float | None = None
        optimizer.begin(ws[:count], problem.basis)

    def step(self, request: StepRequest) -> StepResult:
        start = time.perf_counter()
        self._take(request)
        if self._optimizer.gradient_is_new:
            self._optimizer.update(request.learning_rate)
        ws = self._current_ws()
        done = self._optimizer.iterate(self._feeds, request.picture)
        if done.image is not None:
            shape = *self._info.drag.preview, self._info.picture_channels
            graph_inputs.check_given(done.image, shape, "the preview")
        graph_inputs.check_given(done.handles, request.handles.shape, "the tracked handles")
        # Where the loss is no number either, whoever asked for the step says what to do about it.
        if done.mismatch is not None and math.isfinite(done.loss):
            graph_inputs.check_given(done.mismatch, (len(request.handles),), "the mismatch")
        gradient = self._optimizer.gradient.ravel()
        return StepResult(
            ws=ws,
            handles=done.handles,
            image=done.image,
            loss=done.loss,
            motion_loss=done.motion_loss,
            mask_loss=done.mask_loss,
            gradient_norm=math.sqrt(float(gradient @ gradient)),
            milliseconds=(time.perf_counter() - start) * 1000,
            mismatch=done.mismatch,
        )

    def _current_ws(self) -> Floats:
        """w+ of the latent; its rows above R also go into the graph, for the picture."""
        rows, count = self._problem.rows, self._info.drag.trainable_rows
        latent = self._optimizer.latent
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
        feeds["handles"] = graph_inputs.checked(request.handles, (count, 2), "handles")
        feeds["targets"] = graph_inputs.checked(request.targets, (count, 2), "targets")
        feeds["templates"] = graph_inputs.checked(request.templates, (count, channels), "templates")
        feeds["anchor"] = np.array([request.anchor], np.float32)
        if self._radii != (request.r1, request.r2):
            feeds["disc"] = graph_inputs.disc(request.r1)
            feeds["window"] = graph_inputs.window(request.r2)
            self._radii = request.r1, request.r2
        if self._mask_weight != request.mask_weight:
            feeds["outside_weight"] = (self._outside * request.mask_weight).astype(np.float32)
            self._mask_weight = request.mask_weight
