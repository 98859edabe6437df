"""Distances between two sets of pictures, or between the features of two sets.

Features are (N, D) of a stated network; pictures (N, 3, H, W) in [-1, 1]. All numbers are computed
in float64, but for the pictures' distance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

NEIGHBOURS = 3
"""k of precision and recall (Kynkäänniemi et al. 2019, section 3)."""
PATCH = 7
"""Side of a descriptor in pixels (Karras et al. 2018, section 5)."""
PATCHES = 128
"""Descriptors of a picture at every level (ibid.)."""
MOST_PATCHES = 2**16
"""Most descriptors of a set at one level: larger sets give fewer of each picture, which bounds
memory."""
PROJECTIONS = 512
"""Random directions (ibid.)."""
COARSEST = 16
"""The last level of the pyramid, in pixels (ibid.)."""
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)
_ROWS = 512
"""Centres looked at together."""
_TOGETHER = 64
"""Directions sorted at once."""


def frechet(real: Tensor, fake: Tensor) -> float:
    """Fréchet distance of the Gaussians of features real (N, D) and fake (M, D).

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½), Heusel et al., "GANs Trained by a Two Time-Scale Update
    Rule" (NeurIPS 2017), equation 6, on features of the caller's network instead of Inception's.
    The trace of the root comes from the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which are Σ₁Σ₂'s.
    """
    _check(real, fake)
    (mean_a, cov_a), (mean_b, cov_b) = _moments(real), _moments(fake)
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.t()
    product = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0.0)
    apart = (mean_a - mean_b).square().sum()
    return float(apart + cov_a.trace() + cov_b.trace() - 2.0 * product.sqrt().sum())


def kernel_distance(real: Tensor, fake: Tensor) -> float:
    """Unbiased squared MMD of features real (N, D) and fake (M, D) with the kernel (x·y/D + 1)³.

    Bińkowski et al., "Demystifying MMD GANs" (ICLR 2018), section 4 (there on Inception's features,
    as KID), by the estimator of Gretton et al., "A Kernel Two-Sample Test" (JMLR 2012), lemma 6.
    Being unbiased, it is often below 0 where the sets are alike.
    """
    _check(real, fake)
    a, b = real.double(), fake.double()

    def within(x: Tensor) -> Tensor:
        kernel = _cubic(x, x)
        return (kernel.sum() - kernel.trace()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2.0 * _cubic(a, b).mean())


def precision_recall(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall of features real (N, D) and fake (M, D).

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models"
    (NeurIPS 2019), section 3: the share of fakes that lie within some real one's distance
    to its k-th nearest other real one, and the other way round.
    """
    _check(real, fake)
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"precision and recall want more than {k} pictures of each")
    a, b = real.double(), fake.double()
    return _share_inside(b, a, k), _share_inside(a, b, k)


def _check(real: Tensor, fake: Tensor) -> None:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features (N, D) are compared, not {real.shape} with {fake.shape}")
    if min(len(real), len(fake)) < 2:
        raise ValueError("distances want at least 2 pictures of each")


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.double().mean(dim=0), torch.atleast_2d(torch.cov(features.double().t()))


def _cubic(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.t() / a.shape[1] + 1.0) ** 3


def _share_inside(points: Tensor, centres: Tensor, k: int) -> float:
    """Share of points in the union of balls round the centres, as wide as their k-th neighbour."""
    inside = torch.zeros(len(points), dtype=torch.bool, device=points.device)
    for some in centres.split(_ROWS):
        # The nearest centre is the centre itself.
        radii = torch.cdist(some, centres).kthvalue(k + 1, dim=1).values
        inside |= (torch.cdist(some, points) <= radii[:, None]).any(dim=0)
    return float(inside.double().mean())


def sliced_wasserstein(a: Tensor, b: Tensor, seed: int = 0) -> float:
    """Sliced Wasserstein distance of pictures a (N, 3, H, W) and b (M, 3, H, W), times 1000.

    Karras et al., "Progressive Growing of GANs" (ICLR 2018), section 5: 7×7 patches at random
    places of every level of a Laplacian pyramid down to 16 px, each colour of a set's patches
    brought to mean 0 and deviation 1, projected on 512 random directions; the mean distance
    between the sorted projections, averaged over the levels. No network looks at the pictures.
    Both sets count with the smaller one's number of pictures, their first. The same seed takes the
    same places and directions. Raises ValueError where the sizes differ or are below 7.
    """
    if a.ndim != 4 or a.shape[1:] != b.shape[1:] or min(a.shape[-2:]) < PATCH:
        sizes = f"{tuple(a.shape)} with {tuple(b.shape)}"
        raise ValueError(f"pictures of one size of at least {PATCH} px are compared, not {sizes}")
    count = min(len(a), len(b))
    random = torch.Generator(a.device).manual_seed(seed)
    found = []
    for level_a, level_b in zip(_pyramid(a[:count]), _pyramid(b[:count]), strict=True):
        places = _places(level_a, random)
        found.append(_sliced(_patches(level_a, places), _patches(level_b, places), random))
    return 1000.0 * sum(found) / len(found)


def _pyramid(pictures: Tensor) -> Iterator[Tensor]:
    """Laplacian levels, the finest first; the coarsest is the reduced picture itself."""
    level = pictures.float()
    while all(side >= 2 * COARSEST and side % 2 == 0 for side in level.shape[-2:]):
        smaller = _blurred(level)[:, :, ::2, ::2]
        spread = torch.zeros_like(level)
        spread[:, :, ::2, ::2] = smaller
        yield level - _blurred(spread) * 4.0
        level = smaller
    yield level


def _blurred(pictures: Tensor) -> Tensor:
    """Burt and Adelson's 5×5 binomial filter (1983), borders mirrored."""
    taps = pictures.new_tensor(_BINOMIAL) / 16.0
    channels = pictures.shape[1]
    padded = F.pad(pictures, (2, 2, 2, 2), mode="reflect")
    rows = F.conv2d(padded, taps.view(1, 1, 1, 5).expand(channels, 1, 1, 5), groups=channels)
    return F.conv2d(rows, taps.view(1, 1, 5, 1).expand(channels, 1, 5, 1), groups=channels)


def _places(level: Tensor, random: torch.Generator) -> Tensor:
    """Top left corners (N, P) of patches, as indices into a level's flattened rows."""
    count, _, height, width = level.shape
    each = max(1, min(PATCHES, MOST_PATCHES // count))
    shape, device = (count, each), level.device
    y = torch.randint(height - PATCH + 1, shape, generator=random, device=device)
    x = torch.randint(width - PATCH + 1, shape, generator=random, device=device)
    return y * width + x


def _patches(level: Tensor, places: Tensor) -> Tensor:
    """Descriptors (N·P, 3·7·7); every colour has mean 0 and deviation 1 over the whole set."""
    count, channels, _, width = level.shape
    steps = torch.arange(PATCH, device=level.device)
    inside = (steps[:, None] * width + steps).flatten()
    indices = (places[:, :, None] + inside).view(count, 1, -1).expand(-1, channels, -1)
    taken = level.flatten(2).gather(2, indices)
    mean = taken.mean(dim=(0, 2), keepdim=True)
    deviation = taken.std(dim=(0, 2), keepdim=True).clamp(min=1e-8)
    taken = ((taken - mean) / deviation).view(count, channels, places.shape[1], -1)
    return taken.transpose(1, 2).reshape(count * places.shape[1], -1)


def _sliced(a: Tensor, b: Tensor, random: torch.Generator) -> float:
    """Mean over random directions of the one-dimensional Wasserstein distances of (K, D)."""
    size = (a.shape[1], PROJECTIONS)
    directions = F.normalize(torch.randn(size, generator=random, device=a.device), dim=0)
    total = 0.0
    for some in directions.split(_TOGETHER, dim=1):
        first, second = (_sorted(some.t() @ x.t()) for x in (a, b))
        total += float((first - second).abs().mean(dim=1).sum())
    return total / PROJECTIONS


def _sorted(rows: Tensor) -> Tensor:
    if rows.device.type != "cpu":
        return rows.sort(dim=1).values
    # Several times as fast as torch's.
    return torch.from_numpy(np.sort(rows.numpy(), axis=1))
