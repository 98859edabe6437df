"""3×3 convolutions of feature maps (rows, columns, channels), forward and backward.

`TiledConv` is for many channels on CPUs in float32: few multiplications, all of them in large
matrix products. `PlainConv` leaves the work to torch, for all else. Both compute what is asked of a
map: `source(rect)` is what they need for it, `aligned(rect)` what they give; of `aligned` they take
a gradient, of `source` they give it.

Plain convolutions, padded by one; or up-sampling ones, transposed with stride 2, which give maps
of sides 2h + 1 and 2w + 1. I/O input/output channels.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.engines.torch.regions import Rect
from tui_draggan.engines.torch.winograd import LARGE_TILES, SMALL_TILES, UP_TILES
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.size import Size

BAND = 1 << 22
"""Elements of the largest intermediate result, 16 MB: longer maps are worked off in bands."""
SMALL = 32
"""Side of a map, were it a square, below which fewer weights to read count for more than fewer
multiplications."""


SHALLOW = {True: 256, False: 64}
"""Channels of the inputs up to which torch's convolutions are faster than tiles, of which every one
has to be transformed whatever its depth; of up-sampling ones, and of others."""


class Convolution(Protocol):
    def aligned(self, rect: Rect) -> Rect:
        """The outputs that are computed where those in `rect` are asked for."""
        ...

    def source(self, rect: Rect) -> Rect:
        """The inputs those depend on."""
        ...

    def forward(self, x: Tensor, style: Tensor, out: Tensor) -> None:
        """x of the source, times style (I,) → `out`, the aligned outputs."""
        ...

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor) -> None:
        """Gradient of the aligned outputs, times scale (O,) → `out`, that of x·style."""
        ...


def convolution(weight: Tensor, up: bool, size: Size, workers: Workers) -> Convolution:
    """weight (O, I, 3, 3), or (I, O, 3, 3) where `up`; `size` of the outputs."""
    inputs = weight.shape[0 if up else 1]
    if workers.by_tiles and inputs > SHALLOW[up]:
        return TiledConv(weight, up, size, workers)
    return PlainConv(weight, up, workers)


class PlainConv:
    """A convolution by torch's own, in the weight's precision and on its device."""

    def __init__(self, weight: Tensor, up: bool, workers: Workers) -> None:
        """weight (O, I, 3, 3), or (I, O, 3, 3) where `up`; goes to the workers' device."""
        weight = weight.to(workers.device, workers.dtype)
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        self._workers = workers
        self._up = up

    def aligned(self, rect: Rect) -> Rect:
        if not self._up:
            return rect
        return Rect(*(v // 2 * 2 for v in rect[:2]), *(-(-v // 2) * 2 for v in rect[2:]))

    def source(self, rect: Rect) -> Rect:
        if not self._up:
            return rect.grown(1, 1)
        return Rect(*(v // 2 for v in self.aligned(rect))).grown(1, 0)

    def forward(self, x: Tensor, style: Tensor, out: Tensor) -> None:
        def convolve(first: int, end: int) -> None:
            # Of an up-sampling one, two rows of outputs come from one of inputs and the one above.
            last = end + 1 if self._up else end + 2
            part, scratch = x[first:last], self._workers.scratch()
            planes = _planes(torch.mul(part, style, out=scratch.empty(*part.shape)))
            if self._up:  # the first row and the last lack a neighbour
                y = F.conv_transpose2d(planes, self._weight, stride=2)[:, :, 2:-1, 2:-1]
                out[2 * first : 2 * end].copy_(_pixels(y))
            else:
                out[first:end].copy_(_pixels(F.conv2d(planes, self._weight)))

        rows, (_, columns, outputs) = len(out), out.shape
        each = 2 if self._up else 1
        self._workers.divide(rows // each, each * columns * outputs, convolve)

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor) -> None:
        scaled = self._workers.scratch().empty(*gradient.shape)
        y = _planes(torch.mul(gradient, scale, out=scaled))
        if self._up:
            x = F.conv2d(F.pad(y, (2, 1, 2, 1)), self._weight, stride=2)
        else:
            x = F.conv_transpose2d(y, self._weight)
        out.copy_(_pixels(x))


def _planes(x: Tensor) -> Tensor:
    """(rows, columns, C) → (1, C, rows, columns), the same memory."""
    return x.permute(2, 0, 1)[None]


def _pixels(x: Tensor) -> Tensor:
    return x[0].permute(1, 2, 0)


class TiledConv:
    """A convolution by matrix products over the tiles of a map, float32.

    Every tile is transformed by one small matrix, the products with the transformed weights are
    one large matrix product each, the results are transformed to outputs. The backward pass goes
    through the same products in reverse, with the matrices transposed and the same weights.
    """

    def __init__(self, weight: Tensor, up: bool, size: Size, workers: Workers) -> None:
        """weight (O, I, 3, 3), or (I, O, 3, 3) where `up`; `size` of the outputs."""
        plain = SMALL_TILES if size.area < SMALL**2 else LARGE_TILES
        algorithm = UP_TILES if up else plain
        kernel = weight.flatten(2) if up else weight.transpose(0, 1).flatten(2)
        self._channels = kernel.shape[0], kernel.shape[1]
        self._step = algorithm.step
        self._outputs = algorithm.out.shape[0]
        self._inputs = algorithm.into.shape[1]
        self._workers = workers
        count = len(algorithm.taps)
        uses = [row * count + column for row in algorithm.uses for column in algorithm.uses]
        times = Counter(uses)
        # Products that share a factor lie side by side; the most shared, the longest to compute,
        # come first.
        order = sorted(range(len(uses)), key=lambda index: (-times[uses[index]], uses[index]))
        self._into = torch.kron(algorithm.into, algorithm.into)[order].float().contiguous()
        self._out = torch.kron(algorithm.out, algorithm.out)[:, order].float().contiguous()
        self._groups: list[_Group] = []
        taps, first = algorithm.taps.float(), 0
        for shared in sorted(set(times.values()), reverse=True):
            chosen = sorted(factor for factor, often in times.items() if often == shared)
            rows = taps[[factor // count for factor in chosen]]
            columns = taps[[factor % count for factor in chosen]]
            pairs = (rows[:, :, None] * columns[:, None, :]).flatten(1)  # (factors, 9)
            weights = torch.einsum("fk,iok->fio", pairs, kernel).contiguous()
            self._groups.append(_Group(first, shared, weights))
            first += len(chosen)

    def _tiles(self, rect: Rect) -> Rect:
        size = self._outputs
        return Rect(*(v // size for v in rect[:2]), *(-(-v // size) for v in rect[2:]))

    def aligned(self, rect: Rect) -> Rect:
        return Rect(*(v * self._outputs for v in self._tiles(rect)))

    def source(self, rect: Rect) -> Rect:
        tiles = Rect(*(v * self._step for v in self._tiles(rect)))
        return tiles.grown(1, self._inputs - self._step - 1)

    def forward(self, x: Tensor, style: Tensor, out: Tensor) -> None:
        size, step = self._inputs, self._step
        windows = x.unfold(0, size, step).unfold(1, size, step).permute(3, 4, 0, 1, 2)
        tiles = _tiles_of(out, self._outputs)
        for first, end in self._bands(*windows.shape[2:4]):
            self._forward(windows[:, :, first:end], style, tiles[:, :, first:end])

    def _forward(self, windows: Tensor, style: Tensor, tiles: Tensor) -> None:
        workers, (inputs, outputs) = self._workers, self._channels
        rows, columns = windows.shape[2:4]
        into, products = self._intermediate(rows, columns)

        def enter(first: int, end: int) -> None:
            part = windows[:, :, first:end]
            scaled = torch.mul(part, style, out=workers.scratch().empty(*part.shape))
            torch.mm(self._into, _matrix(scaled), out=into[:, first:end].flatten(1))

        def leave(first: int, end: int) -> None:
            part = tiles[:, :, first:end]
            given = workers.scratch().empty(*part.shape)
            torch.mm(self._out, products[:, first:end].flatten(1), out=_matrix(given))
            part.copy_(given)

        workers.divide(rows, len(into) * columns * inputs, enter)
        self._multiply(into, products)
        workers.divide(rows, len(into) * columns * outputs, leave)

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor) -> None:
        tiles = _tiles_of(gradient, self._outputs)
        out.zero_()
        for first, end in self._bands(*tiles.shape[2:4]):
            part = out[first * self._step : (end - 1) * self._step + self._inputs]
            self._backward(tiles[:, :, first:end], scale, part)

    def _backward(self, tiles: Tensor, scale: Tensor, out: Tensor) -> None:
        workers, (inputs, outputs) = self._workers, self._channels
        size, step = self._inputs, self._step
        rows, columns = tiles.shape[2:4]
        into, products = self._intermediate(rows, columns)
        windows = workers.shared.empty(size, size, rows, columns, inputs)

        def leave(first: int, end: int) -> None:
            part = tiles[:, :, first:end]
            scaled = torch.mul(part, scale, out=workers.scratch().empty(*part.shape))
            torch.mm(self._out.t(), _matrix(scaled), out=products[:, first:end].flatten(1))

        def enter(first: int, end: int) -> None:
            part = windows[:, :, first:end].flatten(2).flatten(0, 1)
            torch.mm(self._into.t(), into[:, first:end].flatten(1), out=part)

        def add(first: int, end: int) -> None:
            # Each window's part of the next one's rows and columns belongs to their piece.
            for top, bottom, below in ((0, step, 0), (step, size, 1)):
                part = slice(max(first - below, 0), min(end - below, rows))
                for left, right in ((0, step), (step, size)):
                    cells = out[top:].unfold(0, bottom - top, step)[part]
                    cells = cells[:, left:].unfold(1, right - left, step)[:, :columns]
                    cells.permute(3, 4, 0, 1, 2).add_(windows[top:bottom, left:right, part])

        workers.divide(rows, len(into) * columns * outputs, leave)
        self._multiply(into, products, backward=True)
        workers.divide(rows, len(into) * columns * inputs, enter)
        workers.divide(rows + 1, size * size * columns * inputs, add)

    def _intermediate(self, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """Room for the transformed inputs and the products, (p, rows, columns·channels)."""
        arena, count = self._workers.shared, len(self._into)
        arena.clear()
        inputs, outputs = (arena.empty(count, rows, columns * c) for c in self._channels)
        return inputs, outputs

    def _multiply(self, into: Tensor, products: Tensor, backward: bool = False) -> None:
        """products = into · weights, or `backward`: into = products · weightsᵀ."""
        inputs, outputs = self._channels
        at = 0
        groups = []
        for group in self._groups:
            count = len(group.weights)
            end = at + count * group.shared
            given = into[at:end].view(count, -1, inputs)
            product = products[at:end].view(count, -1, outputs)
            if backward:
                groups.append((group.first, product, group.weights.transpose(1, 2), given))
            else:
                groups.append((group.first, given, group.weights, product))
            at = end

        def multiply(first: int, end: int) -> None:
            for start, a, b, out in groups:
                part = slice(max(first - start, 0), max(end - start, 0))
                if len(out[part]):
                    torch.bmm(a[part], b[part], out=out[part])

        factors = sum(len(group.weights) for group in self._groups)
        elements = inputs * outputs + into[0].numel() + products[0].numel()
        self._workers.divide(factors, elements, multiply)

    def _bands(self, rows: int, columns: int) -> list[tuple[int, int]]:
        """Rows of tiles in as few bands of about equal height as memory allows."""
        bands = -(-rows * columns * len(self._into) * max(self._channels) // BAND)
        height = -(-rows // bands)
        return [(first, min(first + height, rows)) for first in range(0, rows, height)]


@dataclass(frozen=True)
class _Group:
    """Factors that are shared by as many products."""

    first: int
    """Number of factors before them."""
    shared: int
    weights: Tensor
    """(factors, I, O)"""


def _matrix(x: Tensor) -> Tensor:
    """(a, b, …) → (a·b, …)"""
    return x.view(x.shape[0] * x.shape[1], -1)


def _tiles_of(x: Tensor, size: int) -> Tensor:
    """(rows·size, columns·size, C) → (size, size, rows, columns, C), the same memory."""
    tiles: Tensor = x.unflatten(1, (-1, size)).unflatten(0, (-1, size))
    return tiles.permute(1, 3, 0, 2, 4)
