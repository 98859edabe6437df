"""An engine for all that surrounds engines: the picture is one bright spot on grey.

w[0:2] is the spot's centre as a share of the picture; a step moves it towards the first target by
1000·lr pixels at most, and every handle with it. Pictures are compared by their pixels. No
runtime, no network, a known answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tui_draggan.arrays import Bytes, Floats, averaged
from tui_draggan.bundle import BundleInfo, DragInfo
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.lifecycle import Recorder
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.engines.base import (
    Comparison,
    Engine,
    Pivot,
    Problem,
    StepRequest,
    StepResult,
    TuningStep,
)
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.size import Size

INFO = BundleInfo(
    name="spot",
    size=Size.square(64),
    z_dim=4,
    w_dim=4,
    num_ws=10,
    drag=DragInfo(
        feature_block=32,
        feature_map=Size.square(32),
        feature_channels=4,
        trainable_rows=7,
        preview=Size.square(64),
    ),
)
APART = 0.01
"""How far the centres of two neighbouring classes are apart in w."""


class SpotEngine:
    """See the module's text. `delay`: seconds a step takes; `fail_at`: step with a NaN loss."""

    name = "spot"
    device = "cpu"
    info = INFO

    def __init__(self, delay: float = 0.0, fail_at: int | None = None) -> None:
        self.delay, self.fail_at = delay, fail_at
        self.calls: list[str] = []
        self._ws = np.zeros((INFO.num_ws, INFO.w_dim), np.float32)
        self._move = np.zeros(2, np.float32)
        self._steps = 0
        self._brighter, self._slope = 0.0, 0.0

    @property
    def w_avg(self) -> Floats:
        return np.full(INFO.w_dim, 0.5, np.float32)

    @cached_property
    def statistics(self) -> LatentStatistics:
        """Of a w whose four numbers vary alike, about their mean."""
        z = np.random.RandomState(0).randn(1000, INFO.z_dim)
        labels = np.arange(len(z)) % max(self.info.c_dim, 1)
        w = 0.5 + 0.2 * np.tanh(z) + APART * labels[:, None]
        return LatentStatistics.of(w.astype(np.float32), labels if self.info.c_dim else None)

    def map(self, z: Floats, label: int | None = None) -> Floats:
        self.calls.append("map")
        return (0.5 + 0.2 * np.tanh(z)).astype(np.float32)

    def render(self, ws: Floats) -> Bytes:
        self.calls.append("render")
        return self._draw(ws)

    def preview(self, ws: Floats) -> Bytes:
        self.calls.append("preview")
        return averaged(self._draw(ws), self.info.drag.preview)

    def features(self, ws: Floats, points: Floats) -> Floats:
        self.calls.append("features")
        features = np.tile(ws[0], (len(points), 1))
        features[:, 2:] += points  # something pulls everywhere
        return features

    def feature_map(self, ws: Floats) -> Floats:
        """How bright the spot is, in every channel."""
        self.calls.append("feature_map")
        bright = averaged(self._draw(ws), self.info.drag.feature_map)[..., 0] / np.float32(255)
        features: Floats = np.repeat(bright[None], self.info.drag.feature_channels, axis=0)
        return features

    def parts(self, ws: Floats) -> Bytes:
        """1 where the spot is, 0 around it."""
        self.calls.append("parts")
        return (self._draw(ws)[..., 0] > 120).astype(np.uint8)

    def begin(self, problem: Problem) -> None:
        self.calls.append("begin")
        self._ws, self._steps = problem.ws.copy(), 0
        self._move = np.zeros(2, np.float32)

    def step(self, request: StepRequest) -> StepResult:
        self.calls.append("step")
        time.sleep(self.delay)
        length = float(np.linalg.norm(self._move))
        reach = min(length, 1000 * request.learning_rate)
        moved = self._move / max(length, 1e-9) * reach
        self._ws = self._ws.copy()
        self._ws[:, :2] += moved / self._extent
        handles = request.handles + np.rint(moved)
        self._move = request.targets[0] - handles[0]
        loss = float(np.abs(self._move).sum())
        if self.fail_at is not None and self._steps >= self.fail_at:
            loss = float("nan")
        self._steps += 1
        image = self._draw(self._ws) if request.picture else None
        return StepResult(self._ws, handles, image, loss, loss, 0.0, 1.0, 1000 * self.delay)

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        """By the mean absolute difference; the gradient is measured, half a pixel to each side."""
        self.calls.append("compare")
        time.sleep(self.delay)
        gradient = np.zeros_like(ws)
        for axis, step in enumerate(0.5 / self._extent):
            beside = np.zeros_like(ws)
            beside[0, axis] = step
            ahead, behind = (self._distance(ws + sign * beside, target) for sign in (1, -1))
            gradient[0, axis] = (ahead - behind) / (2 * step)
        loss = self._distance(ws, target)
        if self.fail_at is not None and self.calls.count("compare") > self.fail_at:
            loss = float("nan")
        return Comparison(loss, gradient, self._draw(ws), 1000 * self.delay)

    def begin_tuning(self) -> None:
        """What is tuned is one number, added to every pixel."""
        self.calls.append("begin_tuning")
        self._brighter, self._slope = 0.0, 0.0

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        """Each step goes 1000·lr grey levels to where the pivots are brighter, or darker."""
        self.calls.append("tune")
        time.sleep(self.delay)
        self._brighter -= 1000 * learning_rate * np.sign(self._slope)
        images = tuple(self._tuned(pivot.ws) for pivot in pivots)
        off = [
            image[:, :, :3].astype(np.float32) - pivot.target
            for image, pivot in zip(images, pivots, strict=True)
        ]
        self._slope = float(np.mean([one.mean() for one in off]))
        losses = tuple(float(np.abs(one).mean() / 127.5) for one in off)
        return TuningStep(losses, images, abs(self._slope), 1000 * self.delay)

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        """A file with that number."""
        self.calls.append("save_tuned")
        path.write_text(f"{name} {description} {self._brighter:g}")

    def _tuned(self, ws: Floats) -> Bytes:
        image = self._draw(ws).astype(np.float32)
        image[:, :, :3] += self._brighter
        return image.clip(0, 255).astype(np.uint8)

    def _distance(self, ws: Floats, target: Bytes) -> float:
        drawn = self._draw(ws)[:, :, :3].astype(np.float32)
        return float(np.abs(drawn - target).mean() / 127.5)

    @property
    def _extent(self) -> Floats:
        """(2,) width and height of the picture."""
        return np.array(self.info.size[::-1], np.float32)

    def _draw(self, ws: Floats) -> Bytes:
        height, width = self.info.size
        y, x = np.mgrid[:height, :width]
        centre = ws[0, :2] * self._extent
        glow = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 40)
        channels = [80 + 170 * glow, 80 + 90 * glow, np.full_like(glow, 90), 255 * glow]
        image = np.stack(channels[: self.info.picture_channels], axis=-1)
        return image.clip(0, 255).astype(np.uint8)


class UprightEngine(SpotEngine):
    """The spot on a picture twice as high as wide, and transparent around it."""

    info = replace(
        INFO,
        name="upright",
        alpha=True,
        size=Size(64, 32),
        drag=replace(INFO.drag, feature_map=Size(32, 16), preview=Size(64, 32)),
    )


class ZooEngine(SpotEngine):
    """The spot with classes: each class has it elsewhere."""

    info = replace(INFO, name="zoo", classes=("cat", "dog", "bear", "rabbit", "fox"))

    def map(self, z: Floats, label: int | None = None) -> Floats:
        assert label is not None
        return super().map(z) + np.float32(APART * label)


PARAMETERS = DragParams(learning_rate=0.002, steps=60, r1=1, r2=2)
"""Values with which the spot goes 2 px a step."""


def spot_session(
    engine: Engine | None = None,
    parameters: DragParams = PARAMETERS,
    recorder: Recorder | None = None,
) -> Session:
    """A session on the picture of seed 3, ψ 0.7."""
    engine = engine or SpotEngine()
    latent = latent_from_seed(engine, 3, 0.7)
    return Session(engine, Document(latent, parameters=parameters), recorder)
