"""StyleGAN3's synthesis network, folded for one picture at a time: what the ONNX files hold.

The same numbers as `alias_free.AliasFreeSynthesis` (a test holds them together), rearranged as
`folded` does it: modulation on activations, styles of many layers at once, everything that depends
on weights alone a constant. Besides:
- the average magnitude of a layer's input is taken into its weights;
- normalising the styles drops out: s·ρ / √(ρ²·Σ s²·W2 + ε) is s / √(Σ s²·W2), since ε = 1e-8 is
  nothing beside sums of normalised weights;
- up-sampling is a product with a banded matrix from either side, on large maps a convolution for
  each phase; down-sampling is a convolution of every channel alone, radial or not;
- where only the picture is wanted, the non-linearity, which works on the finest grid, takes some
  channels after the other.

Shapes: batch 1; I/O input/output channels, S side of a map with its margins, L rows of w+.
"""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.export.folded import Styles, StyleSource
from tui_draggan.export.resampling import Constants
from tui_draggan.stylegan.alias_free import (
    AliasFreeLayer,
    AliasFreeSynthesis,
    FourierFeatures,
    grid,
)
from tui_draggan.stylegan.alias_free_config import LayerGeometry
from tui_draggan.stylegan.filters import down_filter, up_filter, up_matrix
from tui_draggan.stylegan.network import DEMODULATION_EPSILON, LRELU_GAIN, LRELU_SLOPE, clamped

UP_BY_PRODUCT = 160
"""The largest S for which a product is the faster form of up-sampling."""
AT_ONCE = 128 * 2**20
"""Bytes of a map on the finest grid that are there at a time where only the picture is wanted."""
FEWEST = 8
"""Channels that are filtered together even so: convolutions work on as many at once."""


class FoldedFourier(Constants):
    """`alias_free.FourierFeatures`: w (1, w_dim) → (1, C, S, S)."""

    affine_weight: Tensor
    affine_bias: Tensor
    places: Tensor
    waves: Tensor
    phases: Tensor
    mix: Tensor

    def __init__(self, features: FourierFeatures) -> None:
        super().__init__()
        self.size = features.stage.size
        affine, transform = features.affine, features.transform
        self.constant("affine_weight", (affine.weight * affine.weight_gain).t())
        self.constant("affine_bias", affine.bias * affine.bias_gain)
        places = grid(self.size, features.stage.rate).to(transform) @ transform[:2, :2].t()
        self.constant("places", (places + transform[:2, 2]).t())
        # In radians; so the sine needs no factor.
        self.constant("waves", 2 * math.pi * features.freqs)
        self.constant("phases", 2 * math.pi * features.phases[:, None])
        mix = features.weight / math.sqrt(len(features.weight)) * features.amplitudes()
        self.constant("mix", mix)

    def forward(self, w: Tensor) -> Tensor:
        numbers = torch.addmm(self.affine_bias, w, self.affine_weight)
        cos, sin = numbers[:, :1], numbers[:, 1:2]
        length = torch.sqrt(cos * cos + sin * sin)
        cos, sin = cos / length, sin / length
        shifted = self.places - (numbers[:, 2:] / length).t()
        x, y = shifted[:1], shifted[1:]
        turned = torch.cat([x * cos - y * sin, x * sin + y * cos])
        waves = torch.sin(torch.matmul(self.waves, turned) + self.phases)
        return torch.matmul(self.mix, waves).reshape(1, -1, self.size, self.size)


class UpSampling(Constants):
    """(1, C, S, S), as the layer's convolution leaves it → (1, C, n, n) on the finer grid."""

    def __init__(self, layer: LayerGeometry, widths: set[int], by_product: bool) -> None:
        """widths: C of the maps that it will be given."""
        super().__init__()
        self.by_product = by_product
        matrix = up_matrix(layer)
        if by_product:
            self.constant("matrix", matrix)
            self.constant("transposed", matrix.t())
            return
        self.factor, self.size = layer.up, layer.inner_size
        kernels, self.first = phase_kernels(layer)
        self.reach = kernels.shape[1]
        # Outputs of each phase along an axis, and the zeros they read before and behind the map.
        self.count = -(-self.size // self.factor)
        behind = self.count - 1 + self.first + self.reach - matrix.shape[1]
        self.padding = -self.first, behind
        for width, (phase, kernel) in product(widths, enumerate(kernels)):
            each = kernel.reshape(1, 1, -1, 1).expand(width, 1, -1, 1)
            self.constant(f"down{phase}_{width}", each)
            self.constant(f"across{phase}_{width}", each.transpose(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if self.by_product:
            matrix, transposed = self.get_buffer("matrix"), self.get_buffer("transposed")
            return torch.matmul(matrix, torch.matmul(x, transposed))
        x = F.pad(x, self.padding * 2)
        return self._along(self._along(x, "down", 2), "across", 3)

    def _along(self, x: Tensor, name: str, axis: int) -> Tensor:
        """One axis finer: the phases, put in turns."""
        channels = x.shape[1]
        phases = [
            F.conv2d(x, self.get_buffer(f"{name}{phase}_{channels}"), groups=channels)
            for phase in range(self.factor)
        ]
        sides = [*x.shape[2:]]
        sides[axis - 2] = self.count * self.factor
        finer = torch.stack(phases, dim=axis + 1).reshape(1, channels, *sides)
        return finer.narrow(axis, 0, self.size)


def phase_kernels(layer: LayerGeometry) -> tuple[Tensor, int]:
    """(up, reach) the filter's taps that each phase of the finer grid reads, and the first cell
    they read, seen from the phase's own."""
    taps, up, before = torch.from_numpy(up_filter(layer)) * layer.up, layer.up, layer.padding[0]
    first = -(before // up)
    last = (len(taps) - 1 - before + up - 1) // up
    offset = up * torch.arange(first, last + 1) + before - torch.arange(up)[:, None]
    inside = (offset >= 0) & (offset < len(taps))
    return torch.where(inside, taps[offset.clamp(0, len(taps) - 1)], 0.0).float(), first


class FilteredActivation(Constants):
    """What follows a convolution: bias, and leaky ReLU and clamp on a finer grid."""

    bias: Tensor

    def __init__(self, layer: AliasFreeLayer, picture_only: bool) -> None:
        super().__init__()
        geometry, outputs = layer.geometry, len(layer.bias)
        self.limit = layer.limit
        self.constant("bias", layer.bias[None, :, None, None] * LRELU_GAIN)
        by_product = not picture_only or geometry.source.size <= UP_BY_PRODUCT
        self.channels = outputs
        if picture_only:
            parts = -(-4 * outputs * geometry.inner_size**2 // AT_ONCE)
            self.channels = -(-outputs // (parts * FEWEST)) * FEWEST
        widths = {min(self.channels, outputs), outputs % self.channels} - {0}
        self.up = UpSampling(geometry, widths, by_product)
        filter = torch.from_numpy(down_filter(geometry))
        kernel = filter if filter.ndim == 2 else torch.outer(filter, filter)
        for width in widths:
            self.constant(f"down_{width}", kernel.expand(width, 1, *kernel.shape))
        self.stride = geometry.down

    def forward(self, x: Tensor, demodulation: Tensor) -> Tensor:
        x = x * demodulation + self.bias
        if x.shape[1] <= self.channels:
            return self._filtered(x)  # a split, even into one, would end the gradient's window
        parts: list[Tensor] = []
        for part in x.split(self.channels, dim=1):
            # All parts would run at once, if none waited for the one before.
            wait = 0 * parts[-1][:, :1, :1, :1] if parts else None
            parts.append(self._filtered(part if wait is None else part + wait))
        return torch.cat(parts, dim=1)

    def _filtered(self, x: Tensor) -> Tensor:
        x = clamped(F.leaky_relu(self.up(x), LRELU_SLOPE), self.limit)
        channels = x.shape[1]
        down = self.get_buffer(f"down_{channels}")
        return F.conv2d(x, down, stride=self.stride, groups=channels)


class FoldedLayer(Constants):
    """`alias_free.AliasFreeLayer`: x (1, I, S, S), s, √2·d → (1, O, S', S')."""

    weight: Tensor

    def __init__(self, layer: AliasFreeLayer, picture_only: bool) -> None:
        super().__init__()
        self.padding = layer.geometry.kernel - 1
        self.constant("weight", layer.normalised_weight * layer.input_gain)
        self.input_gain = float(layer.input_gain)
        self.activation = FilteredActivation(layer, picture_only)

    def squares(self) -> Tensor:
        """W2 (O, I), the sums of its squared taps, without the gain of its input."""
        return (self.weight / self.input_gain).square().sum(dim=(2, 3))

    def forward(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        y = F.conv2d(x * style, self.weight, padding=self.padding)
        activated: Tensor = self.activation(y, demodulation)
        return activated


class FoldedColours(Constants):
    """The ToRGB layer: features (1, I, H, H), w (1, w_dim) → picture (1, 3, H, H)."""

    affine_weight: Tensor
    affine_bias: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, layer: AliasFreeLayer, scale: float) -> None:
        super().__init__()
        affine, gain = layer.affine, layer.input_gain
        self.limit = None if layer.limit is None else layer.limit * scale
        self.constant("affine_weight", (affine.weight * affine.weight_gain).t())
        self.constant("affine_bias", affine.bias * affine.bias_gain)
        self.constant("weight", layer.normalised_weight.flatten(1) * gain * scale)
        self.constant("bias", layer.bias[:, None] * scale)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = torch.addmm(self.affine_bias, w, self.affine_weight)
        rgb = torch.matmul(self.weight * styles, x.reshape(x.shape[1], -1)) + self.bias
        return clamped(rgb, self.limit).reshape(1, 3, x.shape[2], x.shape[3])


class FoldedAliasFree(nn.Module):
    """`alias_free.AliasFreeSynthesis` for one picture, in two parts of w+: the lower R rows, which
    the features of `feature_block` depend on, and the upper ones."""

    def __init__(self, synthesis: AliasFreeSynthesis, feature_block: int) -> None:
        super().__init__()
        self.config = synthesis.config
        self.feature_block = feature_block
        self.rows = self.config.rows_through(feature_block)
        self.input = FoldedFourier(synthesis.input)
        *layers, colours = synthesis.layers
        for number, layer in enumerate(layers):
            picture_only = number + 2 > self.rows
            self.add_module(f"l{number}", FoldedLayer(layer, picture_only))
        self.torgb = FoldedColours(colours, self.config.output_scale)
        sources = [_style_source(layer) for layer in layers]
        upper = sources[self.rows - 1 :]
        self.lower_styles = Styles(sources[: self.rows - 1])
        self.upper_styles = Styles(upper) if upper else None

    def forward(self, ws: Tensor) -> Tensor:
        """w+ (1, L, w_dim) → picture (1, 3, H, H), about [-1, 1]."""
        return self.synthesised(ws[0, : self.rows], ws[0, self.rows :], self.config.resolution)[1]

    def convolutions(self) -> list[tuple[str, FoldedLayer]]:
        """All that are modulated, by their names, in the order of their styles."""
        *layers, _ = self.config.layers
        return [(f"l{number}", self._layer(number)) for number in range(len(layers))]

    def features(self, lower: Tensor) -> Tensor:
        """lower (R, w_dim) → (1, C, h, h): the map without its margin, so that its cells and the
        picture's pixels have the same borders."""
        return self._cropped(self._lower_map(lower))

    def synthesised(self, lower: Tensor, upper: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Features as of `features`, and the picture (1, 3, H, H): there is none of another
        size."""
        assert size == self.config.resolution
        x = self._lower_map(lower)
        features = self._cropped(x)
        if self.upper_styles is not None:
            styles = self.upper_styles(upper[:-1])
            for number, style in enumerate(styles, start=self.rows - 1):
                x = self._layer(number)(x, *style)
        return features, self.torgb(x, upper[-1:])

    def _lower_map(self, lower: Tensor) -> Tensor:
        x: Tensor = self.input(lower[:1])
        for number, style in enumerate(self.lower_styles(lower[1:])):
            x = self._layer(number)(x, *style)
        return x

    def _cropped(self, x: Tensor) -> Tensor:
        first = self.config.feature_layers[self.feature_block].target.margin
        end = first + self.feature_block
        return x[:, :, first:end, first:end] if first else x

    def _layer(self, number: int) -> FoldedLayer:
        layer = self.get_submodule(f"l{number}")
        assert isinstance(layer, FoldedLayer)
        return layer


def _style_source(layer: AliasFreeLayer) -> StyleSource:
    squares = layer.normalised_weight.square().sum(dim=(2, 3))
    return StyleSource(layer.affine, squares, LRELU_GAIN, DEMODULATION_EPSILON)
