"""Real pictures to compare with: renders of critters, or a folder's, in two halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.stylegan.pixels import to_bytes
from tui_draggan.training.critters import SPECIES, Z_DIM, parameters_from_z, render_parts
from tui_draggan.training.data import Survey, prepare
from tui_draggan.training.metrics import FEWEST

Progress = Callable[[int, int], None]
"""Told how many pictures are done, of how many."""


@dataclass(frozen=True)
class RealHalves:
    """Two halves of N pictures each, drawn alike.

    first, second (N, 3, H, W) uint8. labels (N,) int64 of the first half, classes their names;
    empty where there are none. landmarks (N, K, 2) in pixels of the first half, for critters.
    """

    first: Tensor
    second: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    landmarks: Tensor | None = None


def drawn_critters(
    count: int, resolution: int, seed: int, progress: Progress | None = None
) -> RealHalves:
    """Fresh renders, all species alike. progress(done, total) is called as they are drawn."""
    random = torch.Generator().manual_seed(seed)
    z = torch.randn(2 * count, Z_DIM, generator=random)
    species = torch.arange(2 * count) // 2 % len(SPECIES)
    images, landmarks = [], []
    for drawn in render_parts(parameters_from_z(z, species), resolution):
        images.append(to_bytes(drawn.image))
        landmarks.append(drawn.landmarks)
        if progress:
            progress(sum(map(len, images)), 2 * count)
    image = torch.cat(images)
    return RealHalves(image[::2], image[1::2], species[::2], SPECIES, torch.cat(landmarks)[::2])


def folder_pictures(
    surveyed: Survey, count: int, size: Size, seed: int, progress: Progress | None = None
) -> RealHalves:
    """A folder's pictures in that size and in random order; fewer than `count` where the halves
    hold fewer.

    progress(done, total) is called while they are prepared. Raises UsageError where there are too
    few.
    """
    data = prepare(surveyed, size, progress=progress)
    half = min(count, len(data.pictures) // 2)
    if half < FEWEST:
        raise UsageError(
            f"--data {surveyed.path} has {len(data.pictures)} pictures; {2 * FEWEST} are the fewest"
        )
    order = np.random.default_rng(seed).permutation(len(data.pictures))[: 2 * half]

    def taken(which: NDArray[np.int64]) -> Tensor:
        # Rows of a file on disk are read faster in their order.
        rows = torch.from_numpy(data.pictures[np.sort(which)])
        return rows.permute(0, 3, 1, 2).contiguous()

    first = np.sort(order[:half])
    labels = torch.from_numpy(np.asarray(data.labels)[first])
    return RealHalves(taken(first), taken(order[half:]), labels, tuple(data.classes))
