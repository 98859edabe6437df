"""What a file leaves out of a generator: what stands in for it, and what pictures lose by it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.stylegan.network import MEAN_SAMPLES

NOISE_SEED = 0
USUAL_MULTIPLIER = 0.01
"""Learning-rate multiplier of the mapping network in the papers and nearly every program."""
MULTIPLIERS = (1.0, 0.1, 0.01, 0.001)
FITS = 5.0
SAMPLED_NUMBERS, SAMPLED_LAYERS = 1 << 16, 16
"""How much of the mapping network's weights is measured."""
TYPICAL_PSI = 0.7

MEAN_NOTE = (
    f"no mean w in the file; it is estimated from {MEAN_SAMPLES:,} z, which at ψ {TYPICAL_PSI:g} "
    f"moves each w by about {(1 - TYPICAL_PSI) / math.sqrt(MEAN_SAMPLES):.1%} of the spread of w"
)
"""Truncation moves w by (1 − ψ) of the error of its centre, the standard error of a mean."""


def sampled_noise(layers: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Noise maps from N(0, 1) by `layers`, their names and shapes, the same ones every time.

    The original programs draw them so when they build a network; a file without them leaves those.
    """
    source = np.random.RandomState(NOISE_SEED)
    return {
        name: source.standard_normal(shape).astype(np.float32) for name, shape in layers.items()
    }


def noise_notes(without: list[str], sampled: list[str], layers: int) -> tuple[str, ...]:
    """Notes on the layers `without` noise and on those with `sampled` maps, of so many `layers`."""

    def where(names: list[str]) -> str:
        return "" if len(names) == layers else f" for {', '.join(names)}"

    notes: tuple[str, ...] = ()
    if without:
        notes += (f"no noise in the file{where(without)}; pictures are made without it",)
    if sampled:
        notes += (
            f"no noise maps in the file{where(sampled)}; random ones (seed {NOISE_SEED}) are used, "
            "as its own program does: fine detail differs from its pictures",
        )
    return notes


def fitting_multiplier(tensors: Mapping[str, Array]) -> tuple[float, float | None]:
    """Learning-rate multiplier of a mapping network by the size of its stored weights.

    A network begins with weights from N(0, 1) divided by the multiplier (Karras et al. 2018,
    section 4.1, and 2019, appendix B), and training moves them little in comparison. Returns
    `USUAL_MULTIPLIER` where it fits within a factor of `FITS`, else the nearest of `MULTIPLIERS`,
    and the root mean square of the weights, or None where they cannot be measured.
    """
    layers = (
        tensor
        for name, tensor in tensors.items()
        if re.fullmatch(r"mapping\.fc\d+\.weight", name) and tensor.dtype.kind == "f"
    )
    # Their shapes are not known to fit yet, so that only so much of them is looked at.
    samples = [tensor.flat[:SAMPLED_NUMBERS] for tensor in islice(layers, SAMPLED_LAYERS)]
    numbers = np.concatenate(samples) if samples else np.zeros(0)
    with np.errstate(over="ignore", invalid="ignore"):
        rms = math.sqrt(np.square(numbers, dtype=np.float64).mean()) if numbers.size else 0.0
    if not 0 < rms < math.inf:
        return USUAL_MULTIPLIER, None

    if _misfit(USUAL_MULTIPLIER, rms) <= FITS:
        return USUAL_MULTIPLIER, rms
    return min(MULTIPLIERS, key=lambda multiplier: _misfit(multiplier, rms)), rms


def _misfit(multiplier: float, rms: float) -> float:
    """By what factor weights of this size are too large or too small for it."""
    return max(multiplier * rms, 1 / (multiplier * rms))


def multiplier_note(multiplier: float, rms: float | None) -> str:
    """On a multiplier that the file does not give."""
    missing = "the file does not give the mapping network's learning-rate multiplier"
    if rms is None:
        return f"{missing}; {multiplier:g}, the usual value, is assumed"
    if _misfit(multiplier, rms) > FITS:
        return (
            f"{missing}; {multiplier:g} is assumed, but its weights (RMS {rms:.3g}) fit no usual "
            "value: pictures may be wrong"
        )
    fits = f"{multiplier:g} is assumed, which fits its weights (RMS {rms:.3g})"
    if multiplier == USUAL_MULTIPLIER:
        return f"{missing}; {fits}"
    return f"{missing}; {fits} better than the usual {USUAL_MULTIPLIER:g}"
