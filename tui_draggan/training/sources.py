"""Where real pictures come from: critters as they are drawn, or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.utils.data import DataLoader, Dataset

from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.pairs import RenderPairs, draw_pairs, species_labels
from tui_draggan.training.data import PictureData, batches
from tui_draggan.training.data.workers import quiet_worker
from tui_draggan.training.distributed import World

HELD_OUT = 2**40
"""A step that no run reaches: its pictures are never learnt from."""


@dataclass(frozen=True)
class RealBatch:
    """Real pictures of one step: image (N, 3, H, W) in [-1, 1], label (N, c_dim) one-hot where
    there are classes, pairs where each comes with the latents that it was drawn from."""

    image: Tensor
    label: Tensor | None = None
    pairs: RenderPairs | None = None

    def of(self, which: slice) -> RealBatch:
        """Some of the pictures."""
        return RealBatch(
            self.image[which],
            None if self.label is None else self.label[which],
            None if self.pairs is None else self.pairs.of(which),
        )


class Source(Protocol):
    def batches(self, start: int, stop: int) -> Iterator[RealBatch]:
        """This process's share of the batches of steps start to stop."""

    def references(self, count: int) -> Tensor:
        """Pictures (count, 3, H, W) in [-1, 1] to compare with, always the same."""


def open_source(
    config: TrainingConfig, data: PictureData | None, device: torch.device, world: World
) -> Source:
    """data: the folder's pictures, None for critters."""
    if data is None:
        return CritterSource(config, device, world)
    return FolderSource(data, config, device, world)


class CritterSource:
    """Critters, drawn by another process while this one trains: none is ever seen twice."""

    def __init__(self, config: TrainingConfig, device: torch.device, world: World) -> None:
        self._config = config
        self._device = device
        self._world = world

    def batches(self, start: int, stop: int) -> Iterator[RealBatch]:
        workers = self._config.workers
        loader: DataLoader[RenderPairs] = DataLoader(
            _PairsByStep(self._config, self._world.share),
            batch_size=None,
            sampler=range(start, stop),
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=quiet_worker,
        )
        for pairs in loader:
            pairs = pairs.to(self._device)
            yield RealBatch(pairs.image, species_labels(pairs.species), pairs)

    def references(self, count: int) -> Tensor:
        return draw_pairs(count, self._config.resolution, self._held_out_seed).image

    def held_out(self, count: int, resolution: int) -> RenderPairs:
        """Pairs that are never learnt from."""
        return draw_pairs(count, resolution, self._held_out_seed, device=self._device)

    @property
    def _held_out_seed(self) -> tuple[int, int]:
        return self._config.seed, HELD_OUT


class _PairsByStep(Dataset[RenderPairs]):
    def __init__(self, config: TrainingConfig, share: slice) -> None:
        self._config = config
        self._share = share

    def __getitem__(self, step: int) -> RenderPairs:
        c = self._config
        seed = (c.seed, step)
        return draw_pairs(c.batch, c.resolution_at(step), seed, c.mixed, share=self._share)


class FolderSource:
    """A folder's pictures, epoch after epoch."""

    def __init__(
        self, data: PictureData, config: TrainingConfig, device: torch.device, world: World
    ) -> None:
        self._data = data
        self._config = config
        self._device = device
        self._world = world

    def batches(self, start: int, stop: int) -> Iterator[RealBatch]:
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
            one_of = one_hot(label, classes).float() if classes else None
            yield RealBatch(from_bytes(image), one_of)

    def references(self, count: int) -> Tensor:
        total = len(self._data.pictures)
        chosen = torch.linspace(0, total - 1, min(count, total)).long()
        picked = torch.from_numpy(self._data.pictures[chosen.numpy()]).permute(0, 3, 1, 2)
        return from_bytes(picked)
