"""Path length: how evenly pictures change along straight lines in w."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

EPSILON = 1e-2
"""Share of a line that one step covers. Karras et al. take 1e-4; the features here are
differences of float32 sums, which so small a step does not outweigh."""
KEPT = (0.01, 0.99)
"""Quantiles between which lengths count, as in Karras et al.'s published code."""


def path_length(
    features_of: Callable[[Tensor], Tensor],
    ends: Tensor,
    spread: float,
    seed: int = 0,
) -> float:
    """Mean of |φ(g(w(t + ε))) − φ(g(w(t)))|² / (ε²·spread), w(t) on the line from w₁ to w₂.

    Karras et al., "A Style-Based Generator Architecture for GANs" (CVPR 2019), section 4.1,
    "perceptual path length" in W over whole paths, as Karras et al. (CVPR 2020) use it: t is
    uniform in [0, 1]; with features φ of a stated network instead of LPIPS, so numbers compare
    only where φ is the same.
    features_of: w (N, w_dim) → φ(g(w)) (N, D). ends (N, 2, w_dim) of the lines. spread:
    the variance of the real pictures' features, summed over their dimensions, which makes the
    number free of φ's unit: 1 says that a line, crossed evenly, is one deviation of the real
    features long.
    """
    random = torch.Generator().manual_seed(seed)
    t = torch.rand(len(ends), 1, generator=random).to(ends)
    first, second = (features_of(torch.lerp(ends[:, 0], ends[:, 1], at)) for at in (t, t + EPSILON))
    lengths = (second - first).double().square().sum(dim=1) / (EPSILON**2 * spread)
    values = lengths.cpu().numpy()
    low, high = np.quantile(values, KEPT, method="inverted_cdf")
    return float(values[(values >= low) & (values <= high)].mean())
