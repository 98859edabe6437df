"""StyleGAN3's generator, plain: Fourier features and layers with filtered non-linearities.

Written from Karras et al., "Alias-Free Generative Adversarial Networks" (NeurIPS 2021, section 3
and appendix C). The mapping network is StyleGAN2's. Parameter names and numerics are those of the
published checkpoints, so that their weights give their pictures.

Shapes: N batch, I/O input/output channels, S side of a map with its margins, L rows of w+.
This is the form for reading; `export.alias_free_folded` folds it for inference and editing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as Values

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.stylegan.alias_free_config import AliasFreeConfig, LayerGeometry
from tui_draggan.stylegan.filters import down_filter, up_filter
from tui_draggan.stylegan.network import (
    DEMODULATION_EPSILON,
    LRELU_GAIN,
    LRELU_SLOPE,
    FullyConnected,
    Mapping,
    built_around,
    clamped,
    pictures,
    random,
)


class FourierFeatures(nn.Module):
    """w (N, w_dim) → the first map (N, C, S, S): plane waves, mixed by a 1×1 convolution.

    The waves are turned and shifted as four numbers say that w gives: a direction (cos, sin) and
    a shift (x, y) in sides of the picture (section 3.2, "Fourier features", and appendix C.2).
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, config: AliasFreeConfig) -> None:
        super().__init__()
        stage = self.stage = config.stages[0]
        channels = stage.channels
        self.affine = FullyConnected(config.w_dim, 4)
        # At w = 0 neither turned nor shifted.
        self.affine.bias = nn.Parameter(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        self.weight = nn.Parameter(random(channels, channels))
        # Not on the meta device of `built_around`, as in `random`.
        waves = torch.randn(channels, 2, device="cpu")
        radii = waves.norm(dim=1, keepdim=True)
        # Uniform over the disc of frequencies up to the cutoff.
        waves = waves / radii * (1 - torch.exp(-radii.square() / 2)).sqrt() * stage.cutoff
        self.register_buffer("freqs", waves)
        self.register_buffer("phases", torch.rand(channels, device="cpu") - 0.5)
        self.register_buffer("transform", torch.eye(3, device="cpu"))

    def forward(self, w: Tensor) -> Tensor:
        places = grid(self.stage.size, self.stage.rate).to(w) @ self.transform[:2, :2].t()
        places = places + self.transform[:2, 2]
        places = posed(places, pose(self.affine(w)))
        waves = places @ self.freqs.t() + self.phases
        waves = torch.sin(2 * math.pi * waves) * self.amplitudes()
        x = waves @ (self.weight / math.sqrt(len(self.weight))).t()
        size = self.stage.size
        return x.transpose(1, 2).reshape(len(x), -1, size, size)

    def amplitudes(self) -> Tensor:
        """(C,) what the transform leaves of each wave: those it makes too fine fade out."""
        lengths = (self.freqs @ self.transform[:2, :2]).norm(dim=1)
        cutoff = self.stage.cutoff
        left: Tensor = 1 - (lengths - cutoff) / (self.stage.rate / 2 - cutoff)
        return left.clamp(0, 1)


def grid(size: int, rate: int) -> Tensor:
    """(size², 2) the (x, y) of a map's cells, row after row, the picture's middle at 0, its side
    1."""
    line = (torch.arange(size) - (size - 1) / 2) / rate
    return torch.stack([line.repeat(size), line.repeat_interleave(size)], dim=1)


def pose(numbers: Tensor) -> Tensor:
    """(N, 4) cos, sin, x, y as w gives them → with a direction of length 1."""
    return numbers / (numbers[:, :1].square() + numbers[:, 1:2].square()).sqrt()


def posed(places: Tensor, poses: Tensor) -> Tensor:
    """places (P, 2), poses (N, 4) → (N, P, 2), shifted against (x, y), then turned."""
    shifted = places - poses[:, None, 2:]
    cos, sin = poses[:, None, :1], poses[:, None, 1:2]
    x, y = shifted[:, :, :1], shifted[:, :, 1:]
    return torch.cat([cos * x - sin * y, sin * x + cos * y], dim=2)


class AliasFreeLayer(nn.Module):
    """Modulated convolution, bias, and the leaky ReLU between up- and down-sampling (section 3.1);
    ToRGB has none of these three and no demodulation.

    Modulation acts on the activations, as in `network.StyledConv`.
    """

    magnitude_ema: Tensor

    def __init__(self, geometry: LayerGeometry, config: AliasFreeConfig) -> None:
        super().__init__()
        self.geometry = geometry
        self.limit = config.conv_clamp
        inputs, outputs = geometry.source.channels, geometry.target.channels
        self.affine = FullyConnected(config.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(random(outputs, inputs, geometry.kernel, geometry.kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("magnitude_ema", torch.ones([]))

    @property
    def normalised_weight(self) -> Tensor:
        """Each output's weights with a mean square of 1; ToRGB's scaled by 1/√I."""
        if self.geometry.is_rgb:
            return self.weight / math.sqrt(self.weight.shape[1])
        return self.weight * self.weight.square().mean(dim=(1, 2, 3), keepdim=True).rsqrt()

    @property
    def input_gain(self) -> Tensor:
        """What brings the input to unit magnitude: an average that training took."""
        return self.magnitude_ema.rsqrt()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        geometry, weight, styles = self.geometry, self.normalised_weight, self.affine(w)
        if not geometry.is_rgb:
            styles = styles * styles.square().mean(dim=1, keepdim=True).rsqrt()
        x = x * (styles * self.input_gain)[:, :, None, None]
        x = F.conv2d(x, weight, padding=geometry.kernel - 1)
        if geometry.is_rgb:
            return clamped(x + self.bias[:, None, None], self.limit)
        squares = weight.square().sum(dim=(2, 3))
        demodulation = torch.rsqrt(styles.square() @ squares.t() + DEMODULATION_EPSILON)
        x = x * demodulation[:, :, None, None] + self.bias[:, None, None]
        x = upsampled(x, geometry)
        x = clamped(F.leaky_relu(x, LRELU_SLOPE) * LRELU_GAIN, self.limit)
        return downsampled(x, geometry)


def upsampled(x: Tensor, layer: LayerGeometry) -> Tensor:
    """(N, C, S, S) → (N, C, inner_size, inner_size): zeros between the cells, then the filter."""
    filter, up = _tensor(up_filter(layer), x), layer.up
    side = x.shape[2]
    spread = x.new_zeros(*x.shape[:2], side * up, side * up)
    spread[:, :, ::up, ::up] = x
    spread = F.pad(spread, layer.padding * 2)
    return _filtered(spread, torch.outer(filter, filter) * up**2, 1)


def downsampled(x: Tensor, layer: LayerGeometry) -> Tensor:
    """(N, C, inner_size, inner_size) → (N, C, S, S): the filter, at every `down`th cell."""
    filter = _tensor(down_filter(layer), x)
    return _filtered(x, filter if filter.ndim == 2 else torch.outer(filter, filter), layer.down)


def _filtered(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    maps = x.flatten(0, 1)[:, None]
    filtered = F.conv2d(maps, kernel[None, None], stride=stride)
    return filtered.reshape(*x.shape[:2], *filtered.shape[2:])


def _tensor(filter: np.ndarray[tuple[int, ...], np.dtype[np.float64]], like: Tensor) -> Tensor:
    return torch.from_numpy(filter).to(like)


class AliasFreeSynthesis(nn.Module):
    """w+ (N, L, w_dim) → picture (N, 3, H, W), about [-1, 1]."""

    def __init__(self, config: AliasFreeConfig) -> None:
        super().__init__()
        self.config = config
        self.input = FourierFeatures(config)
        for geometry in config.layers:
            self.add_module(geometry.name, AliasFreeLayer(geometry, config))

    @property
    def layers(self) -> list[AliasFreeLayer]:
        modules = [self.get_submodule(geometry.name) for geometry in self.config.layers]
        return [module for module in modules if isinstance(module, AliasFreeLayer)]

    def forward(self, ws: Tensor) -> Tensor:
        *_, x = self._maps(ws)
        return torch.mul(x, self.config.output_scale)

    def features(self, ws: Tensor, side: int) -> Tensor:
        """The feature map (N, C, side, side) of that sampling rate, without its margin: so that
        its cells and the picture's pixels have the same borders."""
        layer = self.config.feature_layers[side]
        *_, x = self._maps(ws[:, : layer.index + 2])
        margin = layer.target.margin
        return x[:, :, margin : margin + side, margin : margin + side]

    def _maps(self, ws: Tensor) -> Iterator[Tensor]:
        """The map after each layer for which there is a row of w+."""
        x = self.input(ws[:, 0])
        for layer, w in zip(self.layers, ws[:, 1:].unbind(1), strict=False):
            x = layer(x, w)
            yield x


class AliasFreeGenerator(nn.Module):
    """Mapping and synthesis network together."""

    def __init__(self, config: AliasFreeConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.synthesis = AliasFreeSynthesis(config)

    @classmethod
    def from_state(cls, config: AliasFreeConfig, state: Values[str, Tensor]) -> AliasFreeGenerator:
        """Built around tensors by their state_dict names, in float32; those that are, are shared.

        Raises RuntimeError where names or shapes do not fit.
        """
        return built_around(lambda: cls(config), state)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    def forward(self, z: Tensor, label: Tensor | None = None, psi: float = 1.0) -> Tensor:
        return pictures(self.mapping, self.synthesis, self.num_ws, z, label, psi)
