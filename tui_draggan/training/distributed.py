"""One process or several, by torchrun and DistributedDataParallel.

torchrun --nproc-per-node 4 -m tui_draggan train --data FOLDER --resolution 256 --out RUN
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class World:
    """How many processes train together, and which one this is."""

    size: int = 1
    rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes what a run leaves."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """Of a batch's pictures. Every size-th: so groups of minibatch deviation stay whole."""
        return slice(self.rank, None, self.size)

    def wrapped(self, objective: M) -> M | DistributedDataParallel:
        """Its gradients are then means over all processes."""
        if self.size == 1:
            return objective
        return DistributedDataParallel(objective)

    def mean(self, value: Tensor) -> Tensor:
        """Over all processes."""
        if self.size > 1:
            value = value.clone()
            distributed.all_reduce(value)
            value /= self.size
        return value

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process; all must ask at the same place."""
        if self.size == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=_device())) > 0)


@contextmanager
def world_of_torchrun(device: torch.device) -> Iterator[World]:
    """The processes that torchrun started, or this one alone."""
    if "WORLD_SIZE" not in os.environ:
        yield World()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(distributed.get_world_size(), distributed.get_rank())
    finally:
        distributed.destroy_process_group()


def local_device(name: str) -> torch.device:
    """cuda is this process's own card where torchrun says which."""
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return torch.device(name)


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
