"""The random choices of training, each a function of the seed, the step and what it is for.

So a resumed run makes the choices of one that was never stopped, and several processes those of
one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tui_draggan.training.augmentation import Augmentation, draw_augmentation
from tui_draggan.training.config import TrainingConfig

Network = Literal["discriminator", "generator"]


def random_for(seed: int, step: int, purpose: str) -> torch.Generator:
    """A source of random numbers on the CPU, its own for every step and purpose."""
    words = np.random.SeedSequence((seed, step, zlib.crc32(purpose.encode()))).generate_state(2)
    return torch.Generator().manual_seed(int(words[0]) << 31 ^ int(words[1]))


@dataclass(frozen=True)
class StepDraws:
    """Random choices of one network's step, for N pictures.

    z, z_late (N, z_dim): latents of style mixing. crossover (N,): the row of w+ from which on
    `z_late` decides. between (N,) in [0, 1]: where between real and fake the gradient penalty
    looks. noise (N, 3, H, W): direction in which path lengths are measured, where they are. real,
    fake: augmentations, None where pictures stay as they are.
    """

    z: Tensor
    z_late: Tensor
    crossover: Tensor
    between: Tensor
    noise: Tensor | None
    real: Augmentation | None
    fake: Augmentation | None

    def of(self, which: slice) -> StepDraws:
        """The choices for some of the pictures."""
        return StepDraws(
            z=self.z[which],
            z_late=self.z_late[which],
            crossover=self.crossover[which],
            between=self.between[which],
            noise=None if self.noise is None else self.noise[which],
            real=None if self.real is None else self.real.of(which),
            fake=None if self.fake is None else self.fake.of(which),
        )

    def to(self, device: torch.device) -> StepDraws:
        """On a device; augmentations move there with the pictures that they change."""
        return StepDraws(
            z=self.z.to(device),
            z_late=self.z_late.to(device),
            crossover=self.crossover.to(device),
            between=self.between.to(device),
            noise=None if self.noise is None else self.noise.to(device),
            real=self.real,
            fake=self.fake,
        )


def draw_step(
    config: TrainingConfig, step: int, network: Network, p: float, with_noise: bool = False
) -> StepDraws:
    """Choices for the whole batch of all processes, on the CPU; p: probability of augmentation."""
    random = random_for(config.seed, step, network)
    count, rows = config.batch, config.generator.num_ws
    z, z_late = (torch.randn(count, config.generator.z_dim, generator=random) for _ in range(2))
    mixed = torch.rand(count, generator=random) < config.style_mixing
    crossover = torch.randint(1, rows, (count,), generator=random)
    between = torch.rand(count, generator=random)
    noise = None
    if with_noise:
        noise = torch.randn(count, 3, config.resolution, config.resolution, generator=random)
    return StepDraws(
        z=z,
        z_late=z_late,
        crossover=torch.where(mixed, crossover, rows),
        between=between,
        noise=noise,
        real=draw_augmentation(count, p, random) if p > 0 else None,
        fake=draw_augmentation(count, p, random) if p > 0 else None,
    )
