"""A photograph's loss in torch: by w+, and by the network's weights.

The network runs here, on the device and by autograd; how far its picture is from the photograph
comes from the bundle's graph of that alone, which has the network of features in it: so the loss
is the same whatever computes the picture.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import DISTANCE, SYNTHESIS, ModelBundle
from tui_draggan.engines import cpu, graph_cache, graph_inputs, runtime
from tui_draggan.engines.base import Comparison
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.torch import whole_synthesis
from tui_draggan.engines.torch.alias_free import AliasFreeSynthesis
from tui_draggan.engines.torch.latent_optimizer import failing_as, torch_device
from tui_draggan.engines.torch.weights import read_weights
from tui_draggan.engines.tunable import Tunable
from tui_draggan.engines.tuning import Evaluated, Weights
from tui_draggan.errors import EngineError
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.families import config_from
from tui_draggan.stylegan.pixels import to_pictures

Constants = Mapping[str, Tensor]


class TorchPhotographs:
    """The bundle's network on one device, in float32, with a photograph beside its picture."""

    def __init__(self, bundle: ModelBundle, device: str) -> None:
        """device: `cpu`, `cuda`, `cuda:N` or `mps`. Raises BundleError, EngineError."""
        check_files(bundle, SYNTHESIS)
        self._bundle, self._info = bundle, bundle.info
        self._device = torch_device(device)
        self._config = config_from(bundle.info.generator)
        stored = read_weights(bundle.file(SYNTHESIS))
        with failing_as("inversion"):
            self.own = {
                name: torch.from_numpy(array).to(self._device) for name, array in stored.items()
            }
        """All constants of the network, by their names."""
        self._distance = graph_cache.open_graph(bundle, DISTANCE, "cpu")

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        """As `base.Engine.compare`."""
        start = time.perf_counter()
        wanted = graph_inputs.wanted_picture(target, self._info)
        latent = self.on_device(ws).requires_grad_(True)
        with failing_as("inversion", self), all_cores():
            image = self.draw(self.own, latent)
            loss, by_image = self.distance(image, wanted)
            (gradient,) = torch.autograd.grad(image, latent, by_image)
        spent = (time.perf_counter() - start) * 1000
        return Comparison(loss, gradient.numpy(force=True), _picture(image), spent)

    def on_device(self, array: Floats) -> Tensor:
        """A copy."""
        return torch.tensor(array, device=self._device)

    def draw(self, own: Constants, w_plus: Tensor) -> Tensor:
        """w_plus (L, w_dim) → (1, C, H, W)."""
        block = self._info.drag.feature_block
        try:
            if isinstance(self._config, AliasFreeConfig):
                float32 = torch.float32
                return AliasFreeSynthesis(self._config, block, own, self._device, float32).whole(
                    w_plus
                )
            return whole_synthesis.draw(self._config, block, own, w_plus)
        except KeyError as error:
            raise EngineError(
                f"{self._bundle.path} holds no {error.args[0]}; export it again"
            ) from error

    def distance(self, image: Tensor, wanted: Floats) -> tuple[float, Tensor]:
        """The loss, and its gradient by the picture."""
        feeds = {"picture": image.numpy(force=True), "target": wanted}
        with runtime.failing_as("distance"):
            loss, gradient = self._distance.run(["loss", "gradient"], feeds)
        return float(loss), torch.from_numpy(gradient).to(self._device)

    def tuned(self, tunable: Tunable) -> TorchTuning:
        """The loss by the weights."""
        return TorchTuning(self, tunable)


class TorchTuning:
    """`tuning.LossByWeights` in torch."""

    def __init__(self, photographs: TorchPhotographs, tunable: Tunable) -> None:
        self._photographs = photographs
        own = photographs.own
        convolutions = [list(names) for _, names in groupby(tunable.weights, _module)]
        self._made: dict[str, list[list[str]]] = {}
        """The weights of each convolution whose squares stand in a tensor, one after the other."""
        for name, place in tunable.made.items():
            count = place.shape[0]
            self._made[name], convolutions = convolutions[:count], convolutions[count:]
        self._scales = {
            name: [
                float(stored.double().sum() / _squares(own, names).double().sum())
                for stored, names in zip(own[name], parts, strict=True)
            ]
            for name, parts in self._made.items()
        }
        """What the squares of each convolution are multiplied by; it does not depend on them."""

    def evaluate(self, ws: Floats, target: Floats, weights: Weights) -> Evaluated:
        photographs = self._photographs
        with failing_as("tuning", photographs), all_cores():
            leaves = {
                name: photographs.on_device(value).requires_grad_(True)
                for name, value in weights.items()
            }
            own: dict[str, Tensor] = {**photographs.own, **leaves}
            made = {name: self._stacked(own, name) for name in self._made}
            image = photographs.draw({**own, **made}, photographs.on_device(ws))
            loss, by_image = photographs.distance(image, target)
            gradients = torch.autograd.grad(image, list(leaves.values()), by_image)
        return Evaluated(
            loss,
            _picture(image),
            {
                name: gradient.numpy(force=True)
                for name, gradient in zip(leaves, gradients, strict=True)
            },
            {name: value.numpy(force=True) for name, value in made.items()},
        )

    def _stacked(self, own: Constants, name: str) -> Tensor:
        """The squares of some convolutions, each padded with zeros to the largest."""
        inputs, outputs = own[name].shape[1:]
        parts = []
        for names, scale in zip(self._made[name], self._scales[name], strict=True):
            squares = _squares(own, names) * scale
            wider, deeper = inputs - squares.shape[0], outputs - squares.shape[1]
            parts.append(F.pad(squares, (0, deeper, 0, wider)))
        return torch.stack(parts)


def _module(weight: str) -> str:
    """The convolution that a weight is of."""
    return weight.rpartition(".")[0]


def _squares(own: Constants, names: list[str]) -> Tensor:
    """The sums of a convolution's squared taps, (I, O). A weight in parts, which has a number, is a
    transposed convolution's, (I, some of O, k, k); any other (O, I, k, k)."""
    sums = [own[name].square().sum(dim=(2, 3)) for name in names]
    return torch.cat(sums, dim=1) if names[0][-1].isdecimal() else sums[0].t()


def _picture(image: Tensor) -> Bytes:
    """(1, C, H, W) → (H, W, C)"""
    picture: Bytes = to_pictures(image.detach())[0].numpy(force=True)
    return np.ascontiguousarray(picture)


@contextmanager
def all_cores() -> Iterator[None]:
    """Operators are divided among the cores, where a drag divides its tiles."""
    before = torch.get_num_threads()
    torch.set_num_threads(cpu.physical_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)
