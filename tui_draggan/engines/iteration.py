"""One run of edits on a drag graph, whatever runs the graph.

A step is one optimizer call and one call of the graph, which synthesises, tracks, supervises and
differentiates (`export.step_graph` says how), so that no feature map leaves the runtime. What
differs between runtimes is behind `Trainer`. Symbols as in `base`; R trainable rows, h side and C
channels of the feature map.
"""

from __future__ import annotations

import math
import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.engines import inputs
from tui_draggan.engines.base import Problem, StepRequest, StepResult

Feeds = dict[str, NDArray[Any]]
"""The graph's inputs by name, without the latent."""


class Trainer(Protocol):
    """The latent, its gradient and its optimizer, and the graph on one runtime."""

    pending: bool
    """There is a gradient that no update has used."""

    @property
    def latent(self) -> Floats:
        """(R, w_dim) the trained parameter."""
        ...

    @property
    def gradient(self) -> Floats:
        """(R, w_dim) as the last `train` left it."""
        ...

    def begin(self, latent: Floats) -> None:
        """Starts anew from that latent, without moments or gradient."""
        ...

    def update(self, learning_rate: float) -> None:
        """One Adam step with the gradient of the last `train`."""
        ...

    def train(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        """→ loss, motion_loss, mask_loss, image (1, P, P, 3), new_handles (N, 2)."""
        ...

    def sampled(self, feeds: Feeds) -> Floats:
        """→ features (N, C) at the handles."""
        ...

    def outside(self, feeds: Feeds) -> Floats:
        """→ features (C, rows, h) of the rows outside the mask, to the bit those of `train`."""
        ...


def looking_at(feeds: Feeds, points: Floats) -> Feeds:
    """`feeds` with handles at `points` (N, 2), nothing dragged."""
    templates = np.zeros((len(points), len(feeds["outside_reference"])), np.float32)
    return {**feeds, "handles": points, "targets": points, "templates": templates}


class Run:
    """What stays the same from the first step of a run to its last, and the step itself."""

    def __init__(self, info: BundleInfo, trainer: Trainer, ws: Floats, problem: Problem) -> None:
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
                anywhere = np.zeros((1, 2), np.float32)
                feeds["outside_reference"] = trainer.outside(looking_at(feeds, anywhere))
        frozen = ws.copy()
        frozen[: len(trained)] = 0
        self._feeds: Feeds = {**feeds, "frozen": frozen, "mix": mix}
        self._radii: tuple[int, int] | None = None
        self._mask_weight: float | None = None
        trainer.begin(ws[:count])

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
        feeds["anchor"] = np.array([request.anchor], np.float32)
        if self._radii != (request.r1, request.r2):
            feeds["disc"] = inputs.disc(request.r1)
            feeds["window"] = inputs.window(request.r2)
            self._radii = request.r1, request.r2
        if self._mask_weight != request.mask_weight:
            feeds["outside_weight"] = (self._outside * request.mask_weight).astype(np.float32)
            self._mask_weight = request.mask_weight
