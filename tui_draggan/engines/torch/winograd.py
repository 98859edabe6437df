"""3×3 convolutions with few multiplications: bilinear algorithms along one axis.

Winograd, "Arithmetic Complexity of Computations"; for convolutional networks: Lavin and Gray, CVPR
2016. Plain: y[j] = Σ_k w[k]·x[j + k − 1]. Up-sampling: t[j] = Σ_{2i + k = j} w[k]·x[i].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Algorithm:
    """A bilinear algorithm along one axis, for tiles of n inputs and m outputs, p products.

    outputs = out · ((taps · w)[uses] ⊙ (into · inputs)). Tile u reads the inputs from step·u − 1
    on and gives the outputs from m·u on. Two-dimensional tiles apply it along both axes.
    """

    taps: Tensor
    """(factors, 3) from the kernel"""
    uses: tuple[int, ...]
    """Number of the factor that each of the p products takes."""
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


# Half and twice with opposite signs round less than twice with both.
LARGE_TILES = winograd(4, (0, 1, -1, 0.5, -2))
SMALL_TILES = winograd(2, (0, 1, -1))
UP_TILES = up_winograd(3, (0, 1, -1))
