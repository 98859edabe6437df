"""StyleGAN3's synthesis network once more, as plainly as it can be put: the reference for ours.

Written from Karras et al. 2021 (section 3; appendix C for schedules, sizes and filters), in float64
and one picture at a time. Signals are continuous here: every filter is a function of the distance
between two places in the picture, and every resampling a matrix of its values. It shares no code
with the package. Tensors go by the names of NVIDIA's checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.alias_free import AliasFreeGenerator

Values = NDArray[np.float64]


@dataclass(frozen=True)
class PlainStyleGAN3:
    """One w for each row (L, w_dim) → picture (3, H, H)."""

    tensors: Mapping[str, Tensor]
    resolution: int
    layers: int
    radial: bool = False
    critical: int = 2
    margin: int = 10
    taps: int = 6
    """Taps of a filter for each cell of the coarser grid."""
    clamp: float = 256.0
    shown: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = lambda x, y: (x, y)
    """Place (x, y) of the map → the place of the picture's plane that is shown there."""

    def cutoff(self, layer: int) -> float:
        return float(2 * (self.resolution / 4) ** self.share(layer))

    def stopband(self, layer: int) -> float:
        first, last = 2**2.1, self.resolution / 2 * 2**0.3
        return float(first * (last / first) ** self.share(layer))

    def share(self, layer: int) -> float:
        return min(layer / (self.layers - self.critical), 1)

    def rate(self, layer: int) -> int:
        """The smallest power of two that holds the stopband, at most that of the picture."""
        rate = 1
        while rate < 2 * self.stopband(layer) and rate < self.resolution:
            rate *= 2
        return rate

    def size(self, layer: int) -> int:
        if layer >= self.layers - 1:
            return self.resolution
        return self.rate(layer) + 2 * self.margin

    def half_width(self, layer: int) -> float:
        return max(self.stopband(layer), self.rate(layer) / 2) - self.cutoff(layer)

    def tensor(self, layer: str, name: str) -> Tensor:
        """By its layer's number: sizes and channels follow it in the file's names."""
        names = (key for key in self.tensors if key.startswith(f"synthesis.{layer}_"))
        (found,) = (key for key in names if key.split(".", 2)[2] == name)
        return self.tensors[found].double()

    def picture(self, ws: Tensor) -> Tensor:
        x = self.fourier_features(ws[0])
        for layer in range(self.layers + 1):
            x = self.layer(layer, x, ws[layer + 1])
        return x / 4

    def features(self, ws: Tensor, layer: int) -> Tensor:
        """What that layer gives out, with its margin."""
        x = self.fourier_features(ws[0])
        for index in range(layer + 1):
            x = self.layer(index, x, ws[index + 1])
        return x

    def fourier_features(self, w: Tensor) -> Tensor:
        own = {
            name.removeprefix("synthesis.input."): value.double()
            for name, value in self.tensors.items()
            if name.startswith("synthesis.input.")
        }
        w = w.double()
        four = own["affine.weight"] @ w / math.sqrt(len(w)) + own["affine.bias"]
        cos, sin, right, down = (four / four[:2].norm()).tolist()
        places = torch.tensor(centred(self.size(0), self.rate(0)))
        y, x = torch.meshgrid(places, places, indexing="ij")
        x, y = self.shown(x, y)
        x, y = x - right, y - down
        x, y = cos * x - sin * y, sin * x + cos * y
        waves = []
        for (across, along), phase in zip(
            own["freqs"].tolist(), own["phases"].tolist(), strict=True
        ):
            fades = (self.rate(0) / 2 - math.hypot(across, along)) / (self.rate(0) / 2 - 2)
            wave = torch.sin(2 * math.pi * (across * x + along * y + phase))
            waves.append(wave * min(max(fades, 0), 1))
        mixed = own["weight"] / math.sqrt(len(own["weight"]))
        return torch.einsum("oi,ihw->ohw", mixed, torch.stack(waves))

    def layer(self, index: int, x: Tensor, w: Tensor) -> Tensor:
        name, w = f"L{index}", w.double()
        weight, bias = self.tensor(name, "weight"), self.tensor(name, "bias")
        style = self.tensor(name, "affine.weight") @ w / math.sqrt(len(w))
        style = style + self.tensor(name, "affine.bias")
        x = x / self.tensor(name, "magnitude_ema").sqrt()
        if index == self.layers:
            weight = weight / math.sqrt(weight.shape[1]) * style[:, None, None]
            return (F.conv2d(x[None], weight)[0] + bias[:, None, None]).clamp(
                -self.clamp, self.clamp
            )
        weight = weight / weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        weight = weight * (style / style.square().mean().sqrt())[:, None, None]
        weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        x = F.conv2d(x[None], weight, padding=weight.shape[2] - 1)[0] + bias[:, None, None]
        return self.filtered_lrelu(index, x)

    def filtered_lrelu(self, index: int, x: Tensor) -> Tensor:
        before = max(index - 1, 0)
        coarse, fine = self.rate(before), 2 * max(self.rate(before), self.rate(index))
        out = self.rate(index)
        taps = self.taps * (fine // out)
        inner = (self.size(index) - 1) * (fine // out) + taps
        from_places, places = centred(x.shape[1], coarse), centred(inner, fine)
        kernel = Kernel(
            self.taps * (fine // coarse), self.cutoff(before), 2 * self.half_width(before), fine
        )
        up = torch.tensor(kernel(places[:, None] - from_places)) * (fine / coarse)
        x = up @ x @ up.t()
        x = (torch.where(x < 0, 0.2 * x, x) * math.sqrt(2)).clamp(-self.clamp, self.clamp)
        kernel = Kernel(taps, self.cutoff(index), 2 * self.half_width(index), fine)
        to_places = centred(self.size(index), out)
        if self.radial and index < self.layers - self.critical:
            return self.radially(x, kernel, to_places, places)
        down = torch.tensor(kernel(to_places[:, None] - places))
        return down @ x @ down.t()

    @staticmethod
    def radially(x: Tensor, kernel: Kernel, to: Values, at: Values) -> Tensor:
        """A weighted sum over all offsets, one after the other."""
        weights, offsets = kernel.radial()
        result = torch.zeros(x.shape[0], len(to), len(to), dtype=torch.float64)
        first = np.searchsorted(at, to[0] + offsets - 1e-9)
        step = round((to[1] - to[0]) / (at[1] - at[0]))
        for down, row in enumerate(first):
            for across, column in enumerate(first):
                part = x[:, row::step, column::step][:, : len(to), : len(to)]
                result += weights[down, across] * part
        return result


def plain_alias_free(generator: AliasFreeGenerator) -> PlainStyleGAN3:
    """Around one of ours that follows the paper's schedule: its weights and sizes, no more."""
    config = generator.config
    return PlainStyleGAN3(
        {name: value.clone() for name, value in generator.state_dict().items()},
        config.resolution,
        layers=len(config.stages) - 1,
        radial=config.radial,
        critical=config.critical,
        margin=config.stages[0].margin,
        clamp=config.conv_clamp or math.inf,
    )


@dataclass(frozen=True)
class Kernel:
    """A low-pass filter as a function of the distance, in sides of the picture."""

    taps: int
    cutoff: float
    width: float
    rate: int

    @property
    def beta(self) -> float:
        """Kaiser's, for stopbands of 21 dB and more."""
        attenuation = 2.285 * (self.taps - 1) * math.pi * 2 * self.width / self.rate + 7.95
        if attenuation > 50:
            return 0.1102 * (attenuation - 8.7)
        excess = max(attenuation - 21, 0)
        return float(0.5842 * excess**0.4 + 0.07886 * excess)

    def window(self, distance: Values) -> Values:
        """I0(β·√(1 − (x/a)²)) / I0(β), zero beyond a."""
        inside = 1 - (distance / ((self.taps - 1) / 2 / self.rate)) ** 2
        values = np.i0(self.beta * np.sqrt(np.maximum(inside, 0))) / np.i0(self.beta)
        return np.where(inside > -1e-9, values, 0.0)

    def __call__(self, distance: Values) -> Values:
        def shape(x: Values) -> Values:
            return np.asarray(np.sinc(2 * self.cutoff * x)) * self.window(x)

        return np.asarray(shape(distance) / shape(centred(self.taps, self.rate)).sum())

    def radial(self) -> tuple[Values, Values]:
        """(taps, taps) weights and the offsets along an axis: the jinc, J1 by Bessel's integral."""
        offsets = centred(self.taps, self.rate)
        radii = np.hypot(offsets[:, None], offsets)
        angles = (np.arange(2000) + 0.5) / 2000 * math.pi
        argument = 2 * math.pi * self.cutoff * radii[:, :, None]
        bessel = np.cos(angles - argument * np.sin(angles)).mean(axis=2)
        weights = bessel / radii * self.window(offsets)[:, None] * self.window(offsets)
        return weights / weights.sum(), offsets


def centred(count: int, rate: float) -> Values:
    """Places of that many cells around the picture's middle, in sides of the picture."""
    return np.asarray((np.arange(count) - (count - 1) / 2) / rate, np.float64)
