"""Pivotal tuning on a bundle: weights, the gradients by them, and Adam.

What computes the gradients is behind `LossByWeights`; ONNX Runtime does it by the bundle's graph.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import TUNING, WEIGHTS, BundleInfo, ModelBundle
from tui_draggan.engines import graph_inputs, runtime
from tui_draggan.engines.adam import Adam
from tui_draggan.engines.base import Pivot, TuningStep
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.tunable import Tunable, read_tunable
from tui_draggan.errors import BundleError, EngineError
from tui_draggan.files import reason_of

Weights = Mapping[str, Floats]
"""Tensors by the names that `tunable` has for them."""


class Evaluated(NamedTuple):
    """A pivot's picture with the weights as they are."""

    loss: float
    image: Bytes
    """(H, W, C)"""
    gradients: Weights
    """Of the loss, by each weight."""
    made: Weights
    """What is made from the weights."""


class LossByWeights(Protocol):
    """The loss of a photograph as a function of the network's weights."""

    def evaluate(self, ws: Floats, target: Floats, weights: Weights) -> Evaluated:
        """ws (L, w_dim), target (1, C, H, W) in [-1, 1]. Raises EngineError."""
        ...


class Tuning:
    """Weights on their way, from those of the bundle. `step` moves them, all pivots together."""

    def __init__(self, bundle: ModelBundle, loss: Callable[[Tunable], LossByWeights]) -> None:
        """loss: made for what the bundle has. Raises BundleError where it cannot be tuned."""
        self._info = bundle.info
        self.tunable = read_tunable(bundle)
        try:
            self._weights = {
                name: place.read(bundle.file(WEIGHTS))
                for name, place in self.tunable.weights.items()
            }
        except OSError as error:
            raise BundleError(
                f"{bundle.file(WEIGHTS)} cannot be read: {reason_of(error)}"
            ) from None
        self._loss = loss(self.tunable)
        self._adam = {name: Adam(value.shape) for name, value in self._weights.items()}
        self._gradients: dict[str, Floats] = {}
        self._made: Weights = {}

    def step(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        """Adam with the gradient of the last step, if there was one; then picture, loss and
        gradient of each pivot. Raises EngineError where a number is not finite."""
        start = time.perf_counter()
        for name, gradient in self._gradients.items():
            self._adam[name].update(self._weights[name], gradient, learning_rate)
        total: dict[str, Floats] = {}
        losses, images = [], []
        for pivot in pivots:
            found = self._evaluated(pivot)
            losses.append(found.loss)
            images.append(found.image)
            for name, gradient in found.gradients.items():
                total[name] = total[name] + gradient if name in total else gradient
        share = np.float32(1 / len(pivots))
        self._gradients = {name: gradient * share for name, gradient in total.items()}
        squared = sum(float(np.vdot(g, g)) for g in self._gradients.values())
        if not math.isfinite(squared + sum(losses)):
            raise EngineError("the loss of the photograph is not a finite number")
        spent = (time.perf_counter() - start) * 1000
        return TuningStep(tuple(losses), tuple(images), math.sqrt(squared), spent)

    def _evaluated(self, pivot: Pivot) -> Evaluated:
        info = self._info
        ws = graph_inputs.checked(pivot.ws, (info.num_ws, info.w_dim), "w+")
        target = graph_inputs.wanted_picture(pivot.target, info)
        found = self._loss.evaluate(ws, target, self._weights)
        graph_inputs.check_given(found.image, (*info.size, info.picture_channels), "the picture")
        self._made = found.made
        return found

    @property
    def values(self) -> Weights:
        """All tensors as the last step found them: trained, and made from these. Raises EngineError
        before the first one."""
        if not self._made:
            raise EngineError("a tuning has to make a step before it is kept")
        return {**self._weights, **self._made}


class GraphLoss:
    """`LossByWeights` by the bundle's graph, on any onnxruntime."""

    def __init__(self, bundle: ModelBundle, device: str, tunable: Tunable) -> None:
        """Raises BundleError where the graph is damaged, EngineError where it does not open."""
        check_files(bundle, TUNING)
        self._session: Any = runtime.open_session(bundle.file(TUNING), device)
        self._info: BundleInfo = bundle.info
        self._tunable = tunable

    def evaluate(self, ws: Floats, target: Floats, weights: Weights) -> Evaluated:
        trained, made = list(self._tunable.weights), list(self._tunable.made)
        names = ["loss", "image"]
        names += [f"gradient/{name}" for name in trained] + [f"made/{name}" for name in made]
        with runtime.failing_as("tuning"):
            feeds = {"w_plus": ws, "target": target, **weights}
            loss, image, *tensors = self._session.run(names, feeds)
        for name, tensor in zip((*trained, *made), tensors, strict=True):
            expected = self._tunable.places[name].shape
            if tensor.shape != expected:
                raise EngineError(f"{name} has shape {tensor.shape}; {expected} was expected")
        gradients = dict(zip(trained, tensors[: len(trained)], strict=True))
        return Evaluated(
            float(loss), image, gradients, dict(zip(made, tensors[len(trained) :], strict=True))
        )
