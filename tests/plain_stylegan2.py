"""StyleGAN2's generator once more, as plainly as it can be put: the reference for importers.

Written from Karras et al. 2020 (equations 1 to 3 for weight modulation, figure 7 for the three
architectures) and the numerics of the published networks. One picture at a time, weights modulated
as the paper has it, every resampling spelt out; it shares no code with the package. Tensors go by
the names of NVIDIA's checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-8


@dataclass(frozen=True)
class PlainGenerator:
    """z (z_dim,) and maybe a class → picture (3, H, W), in the precision of the tensors."""

    tensors: Mapping[str, Tensor]
    architecture: str = "skip"
    conv_clamp: float | None = None
    mapping_lr: float = 0.01

    def w(self, z: Tensor, label: int | None = None) -> Tensor:
        """(w_dim,)"""
        x = z / (z.square().mean() + EPSILON).sqrt()
        if "mapping.embed.weight" in self.tensors:
            weight = self.tensors["mapping.embed.weight"]
            y = weight[:, label] / math.sqrt(weight.shape[1]) + self.tensors["mapping.embed.bias"]
            x = torch.cat([x, y / (y.square().mean() + EPSILON).sqrt()])
        layer = 0
        while f"mapping.fc{layer}.weight" in self.tensors:
            weight = self.tensors[f"mapping.fc{layer}.weight"]
            gain = self.mapping_lr / math.sqrt(weight.shape[1])
            bias = self.tensors[f"mapping.fc{layer}.bias"] * self.mapping_lr
            x = activation(weight @ x * gain + bias)
            layer += 1
        return x

    def picture(self, w: Tensor) -> Tensor:
        """(3, H, W) of one w for all layers."""
        x = self.styled("b4.conv1", self.tensors["synthesis.b4.const"], w)
        image = self.to_rgb("b4", x, w) if self.architecture == "skip" else None
        side = 8
        while f"synthesis.b{side}.conv0.weight" in self.tensors:
            block = f"b{side}"
            y = self.styled(f"{block}.conv0", x, w, up=True)
            if self.architecture == "resnet":
                y = self.styled(f"{block}.conv1", y, w, gain=math.sqrt(0.5))
                weight = self.tensors[f"synthesis.{block}.skip.weight"]
                straight = F.conv2d(x[None], weight / math.sqrt(weight.shape[1]))[0]
                x = doubled(straight) * math.sqrt(0.5) + y
            else:
                x = self.styled(f"{block}.conv1", y, w)
            last = f"synthesis.b{side * 2}.conv0.weight" not in self.tensors
            if self.architecture == "skip":
                assert image is not None
                image = doubled(image) + self.to_rgb(block, x, w)
            elif last:
                image = self.to_rgb(block, x, w)
            side *= 2
        assert image is not None
        return image

    def style(self, layer: str, w: Tensor) -> Tensor:
        weight = self.tensors[f"synthesis.{layer}.affine.weight"]
        return weight @ w / math.sqrt(len(w)) + self.tensors[f"synthesis.{layer}.affine.bias"]

    def styled(
        self, layer: str, x: Tensor, w: Tensor, up: bool = False, gain: float = 1.0
    ) -> Tensor:
        weight = self.tensors[f"synthesis.{layer}.weight"]
        modulated = weight * self.style(layer, w)[None, :, None, None]  # equation 1
        sigma = (modulated.square().sum(dim=(1, 2, 3), keepdim=True) + EPSILON).sqrt()
        modulated = modulated / sigma  # equation 3
        if up:
            # Every pixel lays down its kernel, as it is stored, at twice its place; then the FIR.
            spread = F.pad(zeros_between(x)[:, :-1, :-1], (2, 2, 2, 2))
            x = filtered(F.conv2d(spread[None], modulated.flip(2, 3))[0], (1, 1, 1, 1))
        else:
            x = F.conv2d(x[None], modulated, padding=1)[0]
        noise = self.tensors[f"synthesis.{layer}.noise_const"]
        x = x + noise * self.tensors[f"synthesis.{layer}.noise_strength"]
        x = x + self.tensors[f"synthesis.{layer}.bias"][:, None, None]
        return self.clamped(activation(x) * gain, gain)

    def to_rgb(self, block: str, x: Tensor, w: Tensor) -> Tensor:
        weight = self.tensors[f"synthesis.{block}.torgb.weight"]
        style = self.style(f"{block}.torgb", w) / math.sqrt(weight.shape[1])
        image = F.conv2d(x[None], weight * style[None, :, None, None])[0]
        return self.clamped(image + self.tensors[f"synthesis.{block}.torgb.bias"][:, None, None])

    def clamped(self, x: Tensor, gain: float = 1.0) -> Tensor:
        if self.conv_clamp is None:
            return x
        return x.clamp(-self.conv_clamp * gain, self.conv_clamp * gain)


def activation(x: Tensor) -> Tensor:
    return torch.where(x < 0, 0.2 * x, x) * math.sqrt(2)


def zeros_between(x: Tensor) -> Tensor:
    """(C, H, W) → (C, 2H, 2W), a zero after every pixel."""
    channels, rows, columns = x.shape
    spread = x.new_zeros(channels, 2 * rows, 2 * columns)
    spread[:, ::2, ::2] = x
    return spread


def filtered(x: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    """[1, 3, 3, 1] in both directions, with the gain 4 that makes up for the zeros."""
    taps = torch.tensor([1, 3, 3, 1], dtype=x.dtype)
    kernel = torch.outer(taps, taps) / 64 * 4
    return F.conv2d(F.pad(x, padding)[:, None], kernel[None, None])[:, 0]


def doubled(x: Tensor) -> Tensor:
    """(C, H, W) → (C, 2H, 2W)"""
    return filtered(zeros_between(x), (2, 1, 2, 1))
