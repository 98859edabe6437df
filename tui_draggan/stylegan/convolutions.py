"""3×3 convolutions of feature maps (rows, columns, channels), forward and back to their input.

`TiledConv` is for processors in float32: few multiplications (Winograd, "Arithmetic Complexity of
Computations"; Lavin and Gray, CVPR 2016), all of them in large matrix products. `PlainConv` leaves
the work to torch, for everything else. Both compute what they are asked for of a map:
`source(rect)` is what they need for it, `aligned(rect)` what they give, and the gradient goes the
same way back.

Plain: y[j] = Σ_k w[k]·x[j + k − 1]. Up-sampling: t[j] = Σ_{2i + k = j} w[k]·x[i], stride 2, so
that x of side h gives t of side 2h + 1. I/O input/output channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.regions import Arena, Rect

BAND = 1 << 23
"""Elements of the largest intermediate result, 32 MB: longer maps are worked off in bands."""
SMALL = 16
"""Side of the map below which fewer weights to read count for more than fewer multiplications."""


class Convolution(Protocol):
    def aligned(self, rect: Rect) -> Rect:
        """The outputs that are computed where those in `rect` are asked for."""
        ...

    def source(self, rect: Rect) -> Rect:
        """The inputs those depend on."""
        ...

    def forward(self, x: Tensor, style: Tensor, out: Tensor, scratch: Arena) -> None:
        """x of the source, times style (I,) → `out`, the aligned outputs."""
        ...

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor, scratch: Arena) -> None:
        """Gradient of the aligned outputs, times scale (O,) → `out`, that of x·style."""
        ...


class PlainConv:
    """By torch's own convolutions, in the weight's precision and on its device."""

    def __init__(self, weight: Tensor, up: bool) -> None:
        """weight (O, I, 3, 3), or (I, O, 3, 3) where `up`."""
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        self._up = up

    def aligned(self, rect: Rect) -> Rect:
        if not self._up:
            return rect
        return Rect(*(v // 2 * 2 for v in rect[:2]), *(-(-v // 2) * 2 for v in rect[2:]))

    def source(self, rect: Rect) -> Rect:
        if not self._up:
            return rect.grown(1, 1)
        return Rect(*(v // 2 for v in self.aligned(rect))).grown(1, 0)

    def forward(self, x: Tensor, style: Tensor, out: Tensor, scratch: Arena) -> None:
        scratch.clear()
        x = _planes(torch.mul(x, style, out=scratch.empty(*x.shape)))
        if self._up:  # the first row and the last lack a neighbour
            y = F.conv_transpose2d(x, self._weight, stride=2)[:, :, 2:-1, 2:-1]
        else:
            y = F.conv2d(x, self._weight)
        out.copy_(_pixels(y))

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor, scratch: Arena) -> None:
        scratch.clear()
        y = _planes(torch.mul(gradient, scale, out=scratch.empty(*gradient.shape)))
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


@dataclass(frozen=True)
class Algorithm:
    """A bilinear algorithm along one axis, for tiles of n inputs and m outputs, p products.

    outputs = out · ((taps · w)[uses] ⊙ (into · inputs)). Tile u reads the inputs from step·u − 1
    on and gives the outputs from m·u on. Two-dimensional tiles apply it along both axes.
    """

    taps: Tensor
    """(factors, 3) from the kernel"""
    uses: tuple[int, ...]
    """Which factor each of the p products takes."""
    into: Tensor
    """(p, n)"""
    out: Tensor
    """(m, p)"""
    step: int


def winograd(outputs: int, points: Sequence[float]) -> Algorithm:
    """Plain convolution, F(outputs, 3): one product for each point and one for infinity."""
    taps, into, out = _toom_cook(outputs, 3, points)
    return Algorithm(taps, tuple(range(len(taps))), into, out, outputs)


def up_winograd(inputs: int, points: Sequence[float]) -> Algorithm:
    """Up-sampling convolution: t[2i] = w₀·x[i] + w₂·x[i − 1] is an F(inputs, 2), t[2i + 1] =
    w₁·x[i] takes one factor for all."""
    even, into, out = _toom_cook(inputs, 2, points)
    count = len(even)
    taps = torch.zeros(count + 1, 3, dtype=even.dtype)
    taps[:count, 2], taps[:count, 0], taps[count, 1] = even[:, 0], even[:, 1], 1
    odd = torch.eye(inputs, dtype=even.dtype)
    outputs = torch.zeros(2 * inputs, count + inputs, dtype=even.dtype)
    outputs[0::2, :count], outputs[1::2, count:] = out, odd
    into = torch.cat([into, F.pad(odd, (1, 0))])
    return Algorithm(taps, (*range(count), *[count] * inputs), into, outputs, inputs)


def _toom_cook(outputs: int, taps: int, points: Sequence[float]) -> tuple[Tensor, Tensor, Tensor]:
    """Correlation y[i] = Σ_k w[k]·x[i + k] by evaluation at points and infinity, transposed."""

    def evaluated(width: int) -> Tensor:
        rows = [[point**power for power in range(width)] for point in points]
        return torch.tensor([*rows, [0.0] * (width - 1) + [1.0]], dtype=torch.float64)

    count = outputs + taps - 1
    assert len(points) + 1 == count
    return evaluated(taps), torch.linalg.inv(evaluated(count)).t(), evaluated(outputs).t()


# Points near each other in size, half and twice of opposite sign, round least.
LARGE_TILES = winograd(4, (0, 1, -1, 0.5, -2))
SMALL_TILES = winograd(2, (0, 1, -1))
UP_TILES = up_winograd(3, (0, 1, -1))


class TiledConv:
    """By matrix products over the tiles of a map, float32.

    Every tile is transformed by one small matrix, the products with the transformed weights are
    one large matrix product each, the results are transformed back. The gradient takes the same
    way in the other direction, with the matrices transposed and the same weights.
    """

    def __init__(self, weight: Tensor, up: bool, side: int) -> None:
        """weight (O, I, 3, 3), or (I, O, 3, 3) where `up`; `side` of the outputs."""
        plain = SMALL_TILES if side < SMALL else LARGE_TILES
        algorithm = UP_TILES if up else plain
        self._step = algorithm.step
        self._outputs, _ = algorithm.out.shape
        self._inputs = algorithm.into.shape[1]
        self._channels = (
            (weight.shape[0], weight.shape[1]) if up else (weight.shape[1], weight.shape[0])
        )
        factors = len(algorithm.taps)
        uses = [row * factors + column for row in algorithm.uses for column in algorithm.uses]
        times = Counter(uses)
        # Products that share a factor lie side by side, factors shared as often as well.
        order = sorted(range(len(uses)), key=lambda index: (times[uses[index]], uses[index]))
        self._into = torch.kron(algorithm.into, algorithm.into)[order].float().contiguous()
        self._out = torch.kron(algorithm.out, algorithm.out)[:, order].float().contiguous()
        self._weights: list[tuple[int, Tensor]] = []
        taps = algorithm.taps.float()
        for shared in sorted(set(times.values())):
            chosen = sorted(factor for factor, count in times.items() if count == shared)
            rows = taps[[factor // factors for factor in chosen]]
            columns = taps[[factor % factors for factor in chosen]]
            pairs = (rows[:, :, None] * columns[:, None, :]).flatten(1)  # (factors, 9)
            kernel = weight.flatten(2) if up else weight.transpose(0, 1).flatten(2)
            self._weights.append((shared, torch.einsum("fk,iok->fio", pairs, kernel).contiguous()))

    def _tiles(self, rect: Rect) -> Rect:
        size = self._outputs
        return Rect(*(v // size for v in rect[:2]), *(-(-v // size) for v in rect[2:]))

    def aligned(self, rect: Rect) -> Rect:
        return Rect(*(v * self._outputs for v in self._tiles(rect)))

    def source(self, rect: Rect) -> Rect:
        tiles = Rect(*(v * self._step for v in self._tiles(rect)))
        return tiles.grown(1, self._inputs - self._step - 1)

    def forward(self, x: Tensor, style: Tensor, out: Tensor, scratch: Arena) -> None:
        n, m, p = self._inputs, self._outputs, len(self._into)
        inputs, outputs = self._channels
        windows = x.unfold(0, n, self._step).unfold(1, n, self._step).permute(3, 4, 0, 1, 2)
        tiles = _tiles_of(out, m)
        for first, last in self._bands(windows.shape[2], windows.shape[3]):
            scratch.clear()
            part = windows[:, :, first:last]
            count = part.shape[2] * part.shape[3]
            taken = torch.mul(part, style, out=scratch.empty(*part.shape))
            into = scratch.empty(p, count * inputs)
            torch.mm(self._into, taken.view(n * n, -1), out=into)
            products = scratch.empty(p, count * outputs)
            at = 0
            for shared, weights in self._weights:
                end = at + shared * len(weights)
                torch.bmm(
                    into[at:end].view(len(weights), -1, inputs),
                    weights,
                    out=products[at:end].view(len(weights), -1, outputs),
                )
                at = end
            part = tiles[:, :, first:last]
            given = torch.mm(self._out, products, out=scratch.empty(m * m, count * outputs))
            part.copy_(given.view(part.shape))

    def backward(self, gradient: Tensor, scale: Tensor, out: Tensor, scratch: Arena) -> None:
        n, m, p, step = self._inputs, self._outputs, len(self._into), self._step
        inputs, outputs = self._channels
        tiles = _tiles_of(gradient, m)
        rows, columns = tiles.shape[2:4]
        # The windows overlap: their parts, which do not, are added one after the other.
        borders = ((0, step), (step, n))
        parts = [
            (top, bottom, left, right, _windows(out, top, bottom, left, right, step, rows, columns))
            for top, bottom in borders
            for left, right in borders
        ]
        out.zero_()
        for first, last in self._bands(rows, columns):
            scratch.clear()
            part = tiles[:, :, first:last]
            count = part.shape[2] * part.shape[3]
            given = torch.mul(part, scale, out=scratch.empty(*part.shape))
            products = scratch.empty(p, count * outputs)
            torch.mm(self._out.t(), given.view(m * m, -1), out=products)
            into = scratch.empty(p, count * inputs)
            at = 0
            for shared, weights in self._weights:
                end = at + shared * len(weights)
                torch.bmm(
                    products[at:end].view(len(weights), -1, outputs),
                    weights.transpose(1, 2),
                    out=into[at:end].view(len(weights), -1, inputs),
                )
                at = end
            taken = torch.mm(self._into.t(), into, out=scratch.empty(n * n, count * inputs))
            taken = taken.view(n, n, last - first, columns, inputs)
            for top, bottom, left, right, windows in parts:
                windows[:, :, first:last].add_(taken[top:bottom, left:right])

    def _bands(self, rows: int, columns: int) -> list[tuple[int, int]]:
        """Rows of tiles in as few bands of about equal height as memory allows."""
        bands = -(-rows * columns * len(self._into) * max(self._channels) // BAND)
        height = -(-rows // bands)
        return [(first, min(first + height, rows)) for first in range(0, rows, height)]


def _tiles_of(x: Tensor, size: int) -> Tensor:
    """(rows·size, columns·size, C) → (size, size, rows, columns, C), the same memory."""
    return x.unflatten(1, (-1, size)).unflatten(0, (-1, size)).permute(1, 3, 0, 2, 4)


def _windows(
    x: Tensor, top: int, bottom: int, left: int, right: int, step: int, rows: int, columns: int
) -> Tensor:
    """Rows top … bottom and columns left … right of every window, (…, …, rows, columns, C)."""
    windows = x[top:].unfold(0, bottom - top, step)[:rows]
    windows = windows[:, left:].unfold(1, right - left, step)[:, :columns]
    return windows.permute(3, 4, 0, 1, 2)
