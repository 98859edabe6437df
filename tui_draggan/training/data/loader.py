"""Batches of a folder's pictures, in an order that is a function of the seed and the step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from mmap import mmap
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tui_draggan.training.data.dataset import PictureData
from tui_draggan.training.data.workers import quiet_worker

PREFETCHED = 4
"""Batches each worker makes ahead."""

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
    left to right by a coin of its place in the sequence. workers: processes that read ahead. pin:
    in memory from which a GPU copies while it computes.
    """
    loader: DataLoader[Batch] = DataLoader(
        _Batches(data, batch, seed, mirror, slice(rank, None, world)),
        batch_size=None,
        sampler=range(start, start + steps),
        num_workers=workers,
        prefetch_factor=PREFETCHED if workers else None,
        worker_init_fn=quiet_worker,
        pin_memory=pin,
    )
    yield from loader


class _Batches(Dataset[Batch]):
    """One process's share of the batch of every step."""

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
        chosen, coins = self._draw(places)
        # A copy: what is mapped is read here, and not where the batch is used.
        pictures = self._data.pictures[chosen]
        if self._mirror:
            # As fast again as a slice that runs backwards over pixels of three bytes.
            backwards = np.arange(pictures.shape[2])[::-1]
            pictures[coins] = np.take(pictures[coins], backwards, axis=2)
        image = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
        return image, torch.from_numpy(self._data.labels[chosen])

    def _draw(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Pictures and coins at places of the endless sequence."""
        count = len(self._data.labels)
        chosen = np.empty(len(places), np.int64)
        coins = np.empty(len(places), np.bool_)
        epochs, numbers = np.divmod(places, count)
        for epoch in np.unique(epochs):
            order, flips = _epoch(self._seed, int(epoch), count)
            here = epochs == epoch
            chosen[here], coins[here] = order[numbers[here]], flips[numbers[here]]
        return chosen, coins

    def __getstate__(self) -> dict[str, Any]:
        """For workers that are not forked: the file's name goes over, not gigabytes of pictures."""
        pictures = self._data.pictures
        if not (isinstance(pictures, np.memmap) and isinstance(pictures.base, mmap)):
            return self.__dict__  # no whole file
        data = replace(self._data, pictures=np.empty(0, np.uint8))
        return {**self.__dict__, "_data": data, "_file": str(pictures.filename)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        file = state.pop("_file", None)
        if file is not None:
            pictures = np.load(file, mmap_mode="r")
            state["_data"] = replace(state["_data"], pictures=pictures)
        self.__dict__.update(state)


@lru_cache(maxsize=2)
def _epoch(seed: int, epoch: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The order of an epoch's pictures, and a coin for each place."""
    random = np.random.default_rng((seed, epoch))
    return random.permutation(count), random.random(count) < 0.5
