"""StyleGAN3's low-pass filters (Karras et al. 2021, appendix C.1): designed, not stored.

Separable ones are Kaiser-windowed sincs; radial ones windowed jincs, the sinc's counterpart on a
disc of frequencies. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function"
(1974), for the window's shape.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.stylegan.alias_free_config import LayerGeometry

Taps = NDArray[np.float64]


def up_filter(layer: LayerGeometry) -> Taps:
    """(up_taps,) with sum 1; [1] where the grid stays as it is."""
    source = layer.source
    return low_pass(layer.up_taps, source.cutoff, 2 * source.half_width, layer.inner_rate)


def down_filter(layer: LayerGeometry) -> Taps:
    """(down_taps,), or (down_taps, down_taps) for a radial one, with sum 1."""
    target = layer.target
    design = radial_low_pass if layer.radial and layer.down_taps > 1 else low_pass
    return design(layer.down_taps, target.cutoff, 2 * target.half_width, layer.inner_rate)


def up_matrix(layer: LayerGeometry) -> Tensor:
    """(n, S + k − 1): zeros between the cells and the filter, along one axis."""
    taps = torch.from_numpy(up_filter(layer)) * layer.up
    cells = layer.source.size + layer.kernel - 1
    tap = (
        layer.up * torch.arange(cells) + layer.padding[0] - torch.arange(layer.inner_size)[:, None]
    )
    inside = (tap >= 0) & (tap < len(taps))
    return torch.where(inside, taps[tap.clamp(0, len(taps) - 1)], 0.0).float()


def low_pass(taps: int, cutoff: float, width: float, rate: float) -> Taps:
    """A Kaiser-windowed sinc with sum 1. cutoff and width of the transition band in periods, rate
    in samples, all per side of the picture."""
    if taps == 1:
        return np.ones(1)
    places = _places(taps) / rate
    values = np.sinc(2 * cutoff * places) * _window(taps, width, rate)
    return np.asarray(values / values.sum(), np.float64)


def radial_low_pass(taps: int, cutoff: float, width: float, rate: float) -> Taps:
    """(taps, taps): a jinc, J1(2π f_c r) / (π r), with a Kaiser window along either axis."""
    places = _places(taps) / rate
    radii = np.hypot(places[:, None], places)
    # An even number of taps has none at the centre, where the quotient is a limit.
    radii = np.maximum(radii, 1e-12)
    bessel = torch.special.bessel_j1(torch.from_numpy(2 * math.pi * cutoff * radii))
    window = _window(taps, width, rate)
    values = bessel.numpy() / (math.pi * radii) * np.outer(window, window)
    return np.asarray(values / values.sum(), np.float64)


def _places(taps: int) -> Taps:
    return np.asarray(np.arange(taps) - (taps - 1) / 2, np.float64)


def _window(taps: int, width: float, rate: float) -> Taps:
    """Kaiser's window for a transition band of that width: his formulas for the attenuation that
    so many taps reach, and for the shape β that gives it."""
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.asarray(np.kaiser(taps, beta), np.float64)
