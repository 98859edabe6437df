"""Where a run's pictures come from: critters as they are drawn, or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.utils.data import DataLoader, Dataset

from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.critters.pairs import Pairs, draw_batch
from tui_draggan.training.data import PictureData, batches
from tui_draggan.training.data.workers import quiet_worker
from tui_draggan.training.distributed import World
from tui_draggan.training.objectives import Pictures

HELD_OUT = 2**40
"""A step that no run reaches: its pictures are never learnt from."""


class Source(Protocol):
    def batches(self, start: int, stop: int) -> Iterator[Pictures]:
        """This process's share of the batches of steps start to stop."""

    def some(self, count: int) -> Tensor:
        """Pictures (count, 3, H, W) in [-1, 1] to compare with, always the same."""


def open_source(
    config: TrainingConfig, data: PictureData | None, device: torch.device, world: World
) -> Source:
    """data: the folder's pictures, None for critters."""
    if data is None:
        return Critters(config, device, world)
    return Folder(data, config, device, world)


class Critters:
    """Drawn while training, by another process: none is ever seen twice."""

    def __init__(self, config: TrainingConfig, device: torch.device, world: World) -> None:
        self._config = config
        self._device = device
        self._world = world

    def batches(self, start: int, stop: int) -> Iterator[Pictures]:
        workers = self._config.workers
        loader: DataLoader[Pairs] = DataLoader(
            _Drawn(self._config, self._world.share),
            batch_size=None,
            sampler=range(start, stop),
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=quiet_worker,
        )
        for pairs in loader:
            pairs = pairs.to(self._device)
            yield Pictures(pairs.image, one_hot(pairs.species, len(SPECIES)).float(), pairs)

    def some(self, count: int) -> Tensor:
        seed = (self._config.seed, HELD_OUT)
        return draw_batch(count, self._config.resolution, seed).image

    def held_out(self, count: int, resolution: int) -> Pairs:
        return draw_batch(count, resolution, (self._config.seed, HELD_OUT), device=self._device)


class _Drawn(Dataset[Pairs]):
    """The pairs of every step."""

    def __init__(self, config: TrainingConfig, share: slice) -> None:
        self._config = config
        self._share = share

    def __getitem__(self, step: int) -> Pairs:
        c = self._config
        seed = (c.seed, step)
        return draw_batch(c.batch, c.resolution_at(step), seed, c.mixed, share=self._share)


class Folder:
    def __init__(
        self, data: PictureData, config: TrainingConfig, device: torch.device, world: World
    ) -> None:
        self._data = data
        self._config = config
        self._device = device
        self._world = world

    def batches(self, start: int, stop: int) -> Iterator[Pictures]:
        c, world = self._config, self._world
        classes = c.generator.c_dim
        pin = self._device.type == "cuda"
        for image, label in batches(
            self._data,
            batch=c.batch,
            seed=c.seed,
            start=start,
            steps=stop - start,
            mirror=c.mirror,
            rank=world.rank,
            world=world.size,
            workers=c.workers,
            pin=pin,
        ):
            image = image.to(self._device, non_blocking=pin)
            label = label.to(self._device, non_blocking=pin)
            yield Pictures(from_bytes(image), one_hot(label, classes).float() if classes else None)

    def some(self, count: int) -> Tensor:
        total = len(self._data.pictures)
        chosen = torch.linspace(0, total - 1, min(count, total)).long()
        picked = torch.from_numpy(self._data.pictures[chosen.numpy()]).permute(0, 3, 1, 2)
        return from_bytes(picked)
