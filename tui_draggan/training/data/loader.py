"""Batches of a folder's pictures, in an order that is a function of the seed and the step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tui_draggan.training.data.folder import PictureData
from tui_draggan.training.data.workers import quiet_worker

Batch = tuple[Tensor, Tensor]


def batches(
    data: PictureData,
    *,
    batch: int,
    seed: int,
    start: int,
    steps: int,
    mirror: bool,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    pin: bool = False,
) -> Iterator[Batch]:
    """Pictures (batch / world, 3, H, W) uint8 and labels (batch / world,) int64 of steps start to
    start + steps.

    Step s takes the pictures s·batch … (s + 1)·batch − 1 of an endless sequence of epochs, each a
    permutation; rank r takes every world-th of them, from the r-th on. mirror: each is flipped
    left to right by a coin of its place in the sequence.
    """
    loader: DataLoader[Batch] = DataLoader(
        _Batches(data, batch, seed, mirror, slice(rank, None, world)),
        batch_size=None,
        sampler=range(start, start + steps),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=quiet_worker,
        pin_memory=pin,
    )
    yield from loader


class _Batches(Dataset[Batch]):
    def __init__(
        self, data: PictureData, batch: int, seed: int, mirror: bool, share: slice
    ) -> None:
        self._data = data
        self._batch = batch
        self._seed = seed
        self._mirror = mirror
        self._share = share

    def __getitem__(self, step: int) -> Batch:
        places = np.arange(step * self._batch, (step + 1) * self._batch)[self._share]
        chosen = np.array([self._picture(int(place)) for place in places])
        # A copy: what is mapped is read here, and not where the batch is used.
        pictures = self._data.pictures[chosen]
        if self._mirror:
            flipped = np.array([_coin(self._seed, int(place)) for place in places])
            pictures[flipped] = pictures[flipped, :, ::-1]
        image = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
        return image, torch.from_numpy(self._data.labels[chosen])

    def _picture(self, place: int) -> int:
        epoch, number = divmod(place, len(self._data.labels))
        return int(_permutation(self._seed, epoch, len(self._data.labels))[number])


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)


def _coin(seed: int, place: int) -> bool:
    return bool(np.random.SeedSequence((seed, place, 1)).generate_state(1)[0] & 1)
