"""Styles and demodulations of many convolutions at once, forward and backward.

The same numbers as `export.folded.Styles`.

J convolutions, each from its own row of w+. Those with fewer channels than the widest are padded
with zeros, as their constants are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class ConvStyle(NamedTuple):
    """Style and demodulation of one convolution, or the gradient by them."""

    style: Tensor
    """(I,)"""
    demodulation: Tensor
    """(O,) g·d: the gain of the activation rides on it."""


class Modulation:
    """Always in float32."""

    def __init__(
        self,
        constants: Mapping[str, Tensor],
        name: str,
        channels: Sequence[tuple[int, int]],
        device: torch.device,
    ) -> None:
        """`channels` of the convolutions: inputs and outputs."""
        self._channels = channels
        self._affine_weight = constants[f"{name}.affine_weight"].to(device)
        self._affine_bias = constants[f"{name}.affine_bias"].to(device)
        self._squares = constants[f"{name}.squares"].to(device)
        self._epsilons = constants[f"{name}.epsilons"].to(device)

    def forward(self, ws: Tensor) -> list[ConvStyle]:
        """ws (J, w_dim)"""
        self._styles = torch.matmul(ws[:, None], self._affine_weight) + self._affine_bias
        energy = torch.matmul(self._styles.square(), self._squares) + self._epsilons
        self._scales = energy.rsqrt()
        return [
            ConvStyle(style[0, :inputs], scale[0, :outputs])
            for style, scale, (inputs, outputs) in zip(
                self._styles, self._scales, self._channels, strict=True
            )
        ]

    def backward(self, gradients: Iterable[ConvStyle]) -> Tensor:
        """Gradients by the styles of the last `forward` → by ws (J, w_dim)."""
        by_style, by_scale = zip(*gradients, strict=True)
        by_energy = _padded(by_scale, self._scales) * self._scales.pow(3) * -0.5
        by_styles = _padded(by_style, self._styles)
        by_styles += 2 * self._styles * torch.matmul(by_energy, self._squares.transpose(1, 2))
        return torch.matmul(by_styles, self._affine_weight.transpose(1, 2))[:, 0]


def _padded(vectors: Iterable[Tensor], like: Tensor) -> Tensor:
    width = like.shape[2]
    full = [v if len(v) == width else F.pad(v, (0, width - len(v))) for v in vectors]
    return torch.stack(full)[:, None]
