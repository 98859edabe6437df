"""One process or several, started by torchrun.

torchrun --nproc-per-node 4 -m tui_draggan train --data FOLDER --resolution 256 --out RUN

Every process holds the same networks, computes gradients of its share of a batch, and takes the
same step by the mean of all gradients.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class World:
    """How many processes train together, and which one this is."""

    size: int = 1
    rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes what a run keeps."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """Which of a batch's pictures this process takes: every size-th, so that groups of
        minibatch deviation stay together."""
        return slice(self.rank, None, self.size)

    def average_gradients(self, network: nn.Module) -> None:
        """Gradients become their means over all processes: one exchange of all of them."""
        if self.size == 1:
            return
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        together /= self.size
        parts = torch.split(together, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def mean(self, value: Tensor) -> Tensor:
        """Mean over all processes."""
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


def local_device(device: torch.device) -> torch.device:
    """cuda becomes this process's own card where torchrun says which."""
    if device == torch.device("cuda") and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
