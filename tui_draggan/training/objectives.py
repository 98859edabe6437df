"""StyleGAN2's game: what each player's step minimises.

Each objective is a module whose one forward pass makes the whole loss, penalties included, so that
DistributedDataParallel can wrap it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.augmentation import Augmentation, augmented, draw
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.pairs import Pairs
from tui_draggan.training.critters.regression import generate, paired_loss
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.losses import LOSSES, path_lengths, penalty
from tui_draggan.training.randomness import random_of


@dataclass(frozen=True)
class Pictures:
    """Real pictures: image (N, 3, H, W) in [-1, 1], label (N, c_dim) one-hot where there are
    classes, pairs where each comes with the latents that it was drawn from."""

    image: Tensor
    label: Tensor | None = None
    pairs: Pairs | None = None


@dataclass(frozen=True)
class Deal:
    """The random choices of one player's step, for N pictures.

    z and other (N, z_dim); crossover (N,): the row of w+ from which on ``other`` rules; share (N,)
    in [0, 1] for the gradient penalty; noise (N, 3, H, W) for path lengths; augmentations None
    where pictures stay as they are.
    """

    z: Tensor
    other: Tensor
    crossover: Tensor
    share: Tensor
    noise: Tensor | None
    real: Augmentation | None
    fake: Augmentation | None

    def of(self, which: slice) -> Deal:
        """The choices of some of the pictures."""

        def part(value: Any) -> Any:
            if value is None:
                return None
            return value.of(which) if isinstance(value, Augmentation) else value[which]

        values: list[Any] = [part(getattr(self, field.name)) for field in fields(self)]
        return Deal(*values)

    def to(self, device: torch.device) -> Deal:
        """Tensors there; augmentations go with the pictures."""
        values: list[Any] = [getattr(self, field.name) for field in fields(self)]
        moved: list[Any] = [v.to(device) if isinstance(v, Tensor) else v for v in values]
        return Deal(*moved)


def deal(config: TrainingConfig, step: int, player: str, p: float, smooth: bool = False) -> Deal:
    """For the whole batch of all processes, on the processor. smooth: with noise."""
    random = random_of(config.seed, step, player)
    count, rows = config.batch, config.generator.num_ws
    z, other = (torch.randn(count, config.generator.z_dim, generator=random) for _ in range(2))
    mixed = torch.rand(count, generator=random) < config.style_mixing
    crossover = torch.randint(1, rows, (count,), generator=random)
    share = torch.rand(count, generator=random)
    return Deal(
        z=z,
        other=other,
        crossover=torch.where(mixed, crossover, rows),
        share=share,
        noise=torch.randn(count, 3, config.resolution, config.resolution, generator=random)
        if smooth
        else None,
        real=draw(count, p, random) if p > 0 else None,
        fake=draw(count, p, random) if p > 0 else None,
    )


def mixed_ws(g: Generator, dealt: Deal, label: Tensor | None) -> Tensor:
    """w+ (N, L, w_dim) of style mixing (Karras et al., StyleGAN, 2019, section 3.1)."""
    first, second = g.mapping(dealt.z, label), g.mapping(dealt.other, label)
    rows = torch.arange(g.num_ws, device=first.device)
    later = rows[None] >= dealt.crossover[:, None]
    return torch.where(later[:, :, None], second[:, None], first[:, None])


class DiscriminatorObjective(nn.Module):
    """Real and generated pictures → loss, and what is worth logging."""

    def __init__(self, d: Discriminator, config: TrainingConfig) -> None:
        super().__init__()
        self.d = d
        self.config = config

    def forward(
        self, real: Tensor, fake: Tensor, label: Tensor | None, dealt: Deal, penalised: bool
    ) -> dict[str, Tensor]:
        config, loss = self.config, LOSSES[self.config.loss]
        real, fake = _seen(real, dealt.real), _seen(fake, dealt.fake)
        real_logits = judge(self.d, real, label, config)
        fake_logits = judge(self.d, fake, label, config)
        values = {
            "d": loss.discriminator(real_logits, fake_logits),
            "real": real_logits.mean(),
            "fake": fake_logits.mean(),
            "sign": real_logits.sign().mean(),
        }
        values["loss"] = values["d"]
        if penalised:
            # Second derivatives want fp32.
            found = penalty(loss.penalty, partial(self.d, label=label), real, fake, dealt.share)
            weight = config.penalty_weight * config.penalty_interval
            values["loss"] = values["loss"] + weight * found
            values["penalty"] = found
        return values


class GeneratorObjective(nn.Module):
    """Latents → loss, and what is worth logging. The discriminator is not a part of it."""

    def __init__(self, g: Generator, d: Discriminator, config: TrainingConfig) -> None:
        super().__init__()
        self.g = g
        self.config = config
        self._d = (d,)  # in a tuple it is no submodule

    def forward(
        self, pictures: Pictures, dealt: Deal, trust: float, usual_length: Tensor | None
    ) -> dict[str, Tensor]:
        """trust: what the adversarial loss counts. usual_length: where not None, path lengths are
        drawn towards it."""
        config, loss, (d,) = self.config, LOSSES[self.config.loss], self._d
        if pictures.pairs is None:
            fake = make(self.g, dealt, pictures.label, config)
        else:
            fake = generate(self.g, pictures.pairs, config)
        logits = judge(d, _seen(fake, dealt.fake), pictures.label, config)
        real_logits = logits.detach()
        if loss.paired:
            with torch.no_grad():
                real_logits = judge(d, _seen(pictures.image, dealt.real), pictures.label, config)
        values = {"g": loss.generator(logits, real_logits)}
        values["loss"] = trust * values["g"]
        if pictures.pairs is not None:
            values["paired"] = paired_loss(fake, pictures.pairs)
            values["loss"] = values["loss"] + config.paired_share * values["paired"]
        if usual_length is not None:
            # Half of the batch will do (StyleGAN2, appendix B).
            half = slice(0, (len(dealt.z) + 1) // 2)
            few = dealt.of(half)
            label = None if pictures.label is None else pictures.label[half]
            ws = mixed_ws(self.g, few, label)
            assert few.noise is not None
            lengths = path_lengths(self.g.synthesis(ws), ws, few.noise)
            weight = config.path_weight * config.path_interval
            values["path_length"] = lengths.detach().mean()
            values["loss"] = values["loss"] + weight * (lengths - usual_length).square().mean()
        return values


def make(g: Generator, dealt: Deal, label: Tensor | None, config: TrainingConfig) -> Tensor:
    """Pictures (N, 3, H, W) of the deal's latents."""
    synthesis = _compiled(g.synthesis) if config.compiled else g.synthesis
    with torch.autocast(dealt.z.device.type, torch.bfloat16, enabled=config.bf16):
        return synthesis(mixed_ws(g, dealt, label)).float()


def judge(d: Discriminator, images: Tensor, label: Tensor | None, config: TrainingConfig) -> Tensor:
    """Logits (N,)."""
    images = images.contiguous(memory_format=torch.channels_last)
    judging = _compiled(d) if config.compiled else d
    with torch.autocast(images.device.type, torch.bfloat16, enabled=config.bf16):
        return judging(images, label).float()


def _seen(images: Tensor, augmentation: Augmentation | None) -> Tensor:
    return images if augmentation is None else augmented(images, augmentation)


@cache
def _compiled(module: nn.Module) -> Callable[..., Tensor]:
    return torch.compile(module)
