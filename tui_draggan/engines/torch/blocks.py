"""One block of the synthesis network, forward and backward, on parts of feature maps.

The same numbers as `export.folded.FoldedBlock`; maps and memory as in `layers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.engines.torch.layers import Layer, LayerForward, fir_filter
from tui_draggan.engines.torch.modulation import ConvStyle
from tui_draggan.engines.torch.regions import Arena, Map, Rect
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import FIR, RESIDUAL_GAIN, clamped

BAND = 1 << 21
"""Elements of a map that are computed at once where only the picture is wanted of them."""
ROWS = 24
"""Bands are multiples of this: of the rows of every kind of tile."""


@dataclass(frozen=True)
class BlockForward:
    """What a block's backward pass needs of its forward pass on a part of the map."""

    source: Map
    layers: list[LayerForward]
    out: Map


class Block:
    """Convolutions (one in b4, then two), resnet's skip where there is one, ToRGB."""

    def __init__(
        self,
        config: GeneratorConfig,
        constants: Mapping[str, Tensor],
        resolution: int,
        workers: Workers,
    ) -> None:
        """resolution: the block's name. constants: those of `export.folded.FoldedSynthesis` by
        their names. Raises KeyError where one is not there."""
        self.resolution = resolution
        self.size = size = config.size_of(resolution)
        self._workers = workers
        name, device, dtype = f"b{resolution}", workers.device, workers.dtype
        skip = constants.get(f"{name}.skip_weight")
        limit = config.conv_clamp
        last = limit if limit is None or skip is None else limit * RESIDUAL_GAIN
        self._layers = [Layer(constants, f"{name}.conv1", size, last, workers)]
        if resolution > 4:
            self._layers.insert(0, Layer(constants, f"{name}.conv0", size, limit, workers))
        else:
            self.const = self._padded(constants[f"{name}.const"][0].permute(1, 2, 0))
        self._skip = None
        if skip is not None:
            weight = skip[:, :, 0, 0].t() / (sum(FIR) / 2) ** 2
            self._skip = weight.to(device, dtype).contiguous()
        self._rgb = None
        if config.has_torgb(resolution):
            self._rgb = Colours(constants, f"{name}.torgb", limit, device)

    def _padded(self, const: Tensor) -> Map:
        """With as many zeros around it as any part of the block needs."""
        inside = Rect.whole(self.size)
        rect = self.source(inside)
        values = torch.zeros(rect.height, rect.width, const.shape[2])
        Map(rect, values).at(inside).copy_(const)
        return Map(rect, values.to(self._workers.device, self._workers.dtype))

    @property
    def convolutions(self) -> int:
        return len(self._layers)

    def source(self, rect: Rect) -> Rect:
        """What of the previous block's features those in `rect` depend on, and zeros around it."""
        for layer in reversed(self._layers):
            rect = layer.source(rect)
        return rect

    def forward(self, x: Map, rect: Rect, styles: list[ConvStyle], kept: Arena) -> BlockForward:
        """x of at least the source → the features in `rect`, zero beyond the border."""
        rects = [rect]
        for layer in reversed(self._layers[1:]):
            rects.insert(0, layer.source(rects[0]))
        layers: list[LayerForward] = []
        out = x
        for layer, part, style in zip(self._layers, rects, styles, strict=True):
            layers.append(layer.forward(out, part, *style, kept))
            out = layers[-1].out
        if self._skip is not None:
            out = self._with_skip(x, out, self._skip, kept)
        return BlockForward(x, layers, out)

    def backward(
        self, forward: BlockForward, gradient: Map, styles: list[ConvStyle], kept: Arena
    ) -> tuple[Map, list[ConvStyle]]:
        """Gradient by some of the features → by what they depend on, and by the styles."""
        by_styles: list[ConvStyle] = []
        by_input = gradient
        for layer, passed, style in zip(
            reversed(self._layers), reversed(forward.layers), reversed(styles), strict=True
        ):
            by_input, *by_style = layer.backward(passed, by_input, *style, kept)
            by_styles.insert(0, ConvStyle(*by_style))
        if self._skip is not None:
            self._add_skip_gradient(gradient, by_input, self._skip)
        return by_input, by_styles

    def _with_skip(self, x: Map, out: Map, weight: Tensor, kept: Arena) -> Map:
        """out + the up-sampled 1×1 convolution of x: zeros between the cells, FIR filter."""
        work = self._workers.work
        work.clear()
        inside = out.rect.within(self.size)
        rect = inside.grown(2, 1)
        spread = work.map(rect, weight.shape[1])
        spread.values.zero_()
        source = x.at(_halved(rect))
        _every_other(spread).copy_(
            (source.reshape(-1, len(weight)) @ weight).view(*source.shape[:2], -1)
        )
        both = kept.map(out.rect, weight.shape[1])
        both.clear_outside(inside)
        fir_filter(spread.values, both.at(inside), work)
        both.at(inside).add_(out.at(inside))
        return both

    def _add_skip_gradient(self, gradient: Map, by_input: Map, weight: Tensor) -> None:
        work = self._workers.work
        work.clear()
        padded = work.map(gradient.rect.grown(3, 3), weight.shape[1])
        padded.clear_outside(gradient.rect)
        padded.at(gradient.rect).copy_(gradient.values)
        spread = work.map(gradient.rect.grown(2, 1), weight.shape[1])
        fir_filter(padded.values, spread.values, work)
        cells = _every_other(spread)
        values = (cells.reshape(-1, weight.shape[1]) @ weight.t()).view(*cells.shape[:2], -1)
        rect = _halved(spread.rect)
        inside = rect.within(self.size.scaled(1, 2))
        by_input.at(inside).add_(Map(rect, values).at(inside))

    def draw(
        self,
        x: Map,
        rect: Rect | None,
        styles: list[ConvStyle],
        w: Tensor,
        kept: Arena,
        band: Arena,
    ) -> tuple[Map | None, Tensor | None]:
        """All features, as far as `rect` (None: none), and the colours as of `colours`; a band of
        rows at a time, so that only the features are as large as the map."""
        whole, channels = Rect.whole(self.size), len(styles[-1].demodulation)
        out = None
        if rect is not None:
            out = kept.map(rect, channels)
            out.clear_outside(whole)
        colours: list[Tensor] = []
        height = max(BAND // (channels * self.size.width * ROWS), 1) * ROWS
        for first in range(0, self.size.height, height):
            band.clear()
            rows = whole.rows(first, min(first + height, self.size.height))
            part = self.forward(x, rows, styles, band).out
            if out is not None:
                out.at(rows).copy_(part.values)
            if self._rgb is not None:
                colours.append(self._rgb(part.values, w))
        return out, torch.cat(colours) if colours else None

    def colours(self, x: Map, w: Tensor) -> Tensor | None:
        """All features, w (1, w_dim) → what the block adds to the picture (H, W, 3), in
        float32, if anything."""
        return None if self._rgb is None else self._rgb(x.at(Rect.whole(self.size)), w)


class Colours:
    """As `export.folded.FoldedToRGB`: features (rows, columns, I), w (1, w_dim) → (rows, columns,
    3) in float32."""

    def __init__(
        self,
        constants: Mapping[str, Tensor],
        name: str,
        limit: float | None,
        device: torch.device,
    ) -> None:
        self._affine_weight = constants[f"{name}.affine_weight"].to(device)
        self._affine_bias = constants[f"{name}.affine_bias"].to(device)
        self._weight = constants[f"{name}.weight"].to(device)
        self._bias = constants[f"{name}.bias"].flatten().to(device)
        self._limit = limit

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        styles = torch.addmm(self._affine_bias, w, self._affine_weight)
        weight = (self._weight * styles).t().to(x.dtype)
        colours = torch.bmm(x, weight.expand(len(x), -1, -1)).float() + self._bias
        return clamped(colours, self._limit)


def _halved(rect: Rect) -> Rect:
    """The cells of the map half as large that lie in `rect` when it is spread out."""
    return Rect(*(-(-v // 2) for v in rect))


def _every_other(x: Map) -> Tensor:
    """The cells with even coordinates."""
    return x.values[x.rect.top % 2 :: 2, x.rect.left % 2 :: 2]
