"""One styled convolution of the synthesis network, forward and backward, on parts of maps.

The same numbers as `export.folded.FoldedConv` and `FoldedUpConv`, on maps (rows, columns,
channels), into memory that is there already. I/O input/output channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.engines.torch.convolutions import convolution
from tui_draggan.engines.torch.regions import Arena, Map, Rect
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.size import Size
from tui_draggan.stylegan.network import FIR, LRELU_SLOPE

aten = torch.ops.aten


@dataclass(frozen=True)
class LayerForward:
    """What a layer's backward pass needs of its forward pass."""

    source: Map
    convolved: Map
    """Outputs of the convolution, before the demodulation."""
    out: Map
    """Outputs of the layer; zeros beyond the border."""


class Layer:
    """Modulation, convolution, demodulation, bias, noise, leaky ReLU."""

    def __init__(
        self,
        constants: Mapping[str, Tensor],
        name: str,
        size: Size,
        limit: float | None,
        workers: Workers,
    ) -> None:
        """`size` of the outputs, `limit` of their clamp. float32 on the CPU goes by tiles,
        all else by torch."""
        device, dtype = workers.device, workers.dtype
        self._size = size
        self._limit = limit
        self._workers = workers
        self._up = f"{name}.weight0" in constants
        if self._up:
            weight = torch.cat(list(_numbered(constants, f"{name}.weight")), dim=1)
            # The filter has integer taps here; what they add up to is taken out of the weight.
            weight /= (sum(FIR) / 2) ** 2
        else:
            weight = constants[f"{name}.weight"]
        self._convolution = convolution(weight, self._up, size, workers)
        self._bias = constants[f"{name}.activation.bias"].flatten().to(device, dtype)
        self._outputs = len(self._bias)
        self._noise = None
        if (noise := constants.get(f"{name}.activation.noise")) is not None:
            self._noise = Map(Rect.whole(size), noise[0, 0, :, :, None].to(device, dtype))

    def source(self, rect: Rect) -> Rect:
        """What of the inputs the outputs in `rect` depend on; it may reach beyond the border."""
        return self._convolution.source(self._convolved(rect.within(self._size)))

    def _convolved(self, rect: Rect) -> Rect:
        """The convolution's outputs that the layer's outputs in `rect` depend on."""
        stretched = Size(self._size.height + 1, self._size.width + 1)
        return rect.grown(1, 2).within(stretched) if self._up else rect

    def forward(
        self, x: Map, rect: Rect, style: Tensor, demodulation: Tensor, kept: Arena
    ) -> LayerForward:
        """x of at least the source, style (I,), g·d (O,) → the outputs in `rect`."""
        workers, work = self._workers, self._workers.work
        work.clear()
        inside = rect.within(self._size)
        source = x.at(self.source(rect))
        aligned = self._convolution.aligned(self._convolved(inside))
        if self._up:
            stretched = work.map(aligned.hull(inside.grown(1, 2)), self._outputs)
            stretched.clear_outside(aligned)
            self._convolution.forward(source, style, stretched.at(aligned))
            convolved = kept.map(inside, self._outputs)
        else:
            convolved = kept.map(aligned, self._outputs)
            self._convolution.forward(source, style, convolved.values)
        out = kept.map(rect, self._outputs)
        out.clear_outside(inside)

        def activate(first: int, end: int) -> None:
            band = inside.rows(first, end)
            before, values = convolved.at(band), out.at(band)
            if self._up:
                fir_filter(stretched.at(band.grown(1, 2)), before, workers.scratch())
            torch.addcmul(self._bias, before, demodulation, out=values)
            if self._noise is not None:
                values += self._noise.at(band)
            F.leaky_relu_(values, LRELU_SLOPE)
            if self._limit is not None:
                values.clamp_(-self._limit, self._limit)

        workers.divide(inside.height, inside.width * self._outputs, activate)
        return LayerForward(x, convolved, out)

    def backward(
        self, forward: LayerForward, gradient: Map, style: Tensor, demodulation: Tensor, kept: Arena
    ) -> tuple[Map, Tensor, Tensor]:
        """Gradient by some of the outputs → by the inputs those depend on, by the style (I,) and
        by g·d (O,), the latter two in float32."""
        workers, work = self._workers, self._workers.work
        work.clear()
        rect = gradient.rect
        aligned = self._convolution.aligned(self._convolved(rect))
        padded = work.map(rect.grown(3, 3) if self._up else aligned, self._outputs)
        padded.clear_outside(rect)
        limits = None if self._limit is None else (-self._limit, self._limit)

        def deactivate(first: int, end: int) -> Tensor:
            band = rect.rows(first, end)
            slopes, out, values = gradient.at(band), forward.out.at(band), padded.at(band)
            if limits is not None:
                aten.hardtanh_backward.grad_input(slopes, out, *limits, grad_input=values)
                slopes = values
            aten.leaky_relu_backward.grad_input(slopes, out, LRELU_SLOPE, True, grad_input=values)
            return summed(values, forward.convolved.at(band), workers.scratch())

        by_demodulation = workers.total(rect.height, rect.width * self._outputs, deactivate)
        if self._up:
            filtered = rect.grown(1, 2)
            stretched = work.map(aligned.hull(filtered), self._outputs)
            stretched.clear_outside(filtered)

            def smooth(first: int, end: int) -> None:
                band = filtered.rows(first, end)
                fir_filter(padded.at(band.grown(2, 1)), stretched.at(band), workers.scratch())

            workers.divide(filtered.height, filtered.width * self._outputs, smooth)
            padded = stretched
        source = kept.map(self.source(rect), len(style))
        self._convolution.backward(padded.at(aligned), demodulation, source.values)
        inside = source.rect.within(self._size.scaled(1, 2) if self._up else self._size)

        def unstyle(first: int, end: int) -> Tensor:
            band = inside.rows(first, end)
            values = source.at(band)
            by_style = summed(values, forward.source.at(band), workers.scratch())
            values *= style
            return by_style

        by_style = workers.total(inside.height, inside.width * len(style), unstyle)
        return Map(inside, source.at(inside)), by_style, by_demodulation


def _numbered(constants: Mapping[str, Tensor], name: str) -> Iterator[Tensor]:
    number = 0
    while (value := constants.get(f"{name}{number}")) is not None:
        yield value
        number += 1


def summed(a: Tensor, b: Tensor, scratch: Arena) -> Tensor:
    """Σ a·b over rows and columns (channels,), in float32."""
    product = torch.mul(a, b, out=scratch.empty(*a.shape))
    return product.sum((0, 1), dtype=torch.float32)


def fir_filter(x: Tensor, out: Tensor, scratch: Arena) -> None:
    """x (r + 3, c + 3, C) → `out` (r, c, C): the taps 1, 3, 3, 1 along both axes. Symmetrical, so
    it is its own transpose."""
    between = scratch.empty(out.shape[0], *x.shape[1:])
    torch.add(x[:-3], x[3:], out=between)
    between.add_(x[1:-2], alpha=3).add_(x[2:-1], alpha=3)
    torch.add(between[:, :-3], between[:, 3:], out=out)
    out.add_(between[:, 1:-2], alpha=3).add_(between[:, 2:-1], alpha=3)
