"""One training step of either stage."""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    paired_loss,
)
from tui_draggan.training.pairs import Batch, one_hot
from tui_draggan.training.state import TrainingState


def train_step(state: TrainingState, batch: Batch, config: TrainingConfig) -> dict[str, float]:
    """Change ``state`` by one batch; return what is worth logging."""
    if state.step < config.paired_steps:
        values = _paired_step(state, batch, config)
    else:
        values = _adversarial_step(state, batch, config)
    _average(state, config)
    state.step += 1
    return values


def _paired_step(state: TrainingState, batch: Batch, config: TrainingConfig) -> dict[str, float]:
    share = _warm_cosine(state.step / config.paired_steps)
    state.paired_muon.param_groups[0]["lr"] = config.paired_lr * share
    state.paired_adam.param_groups[0]["lr"] = config.paired_adam_lr * share
    loss = paired_loss(generate(state.g, batch, config), batch, config.small_parts)
    state.g.zero_grad(set_to_none=True)
    loss.backward()
    state.paired_muon.step()
    state.paired_adam.step()
    return {"paired": loss.item(), "lr": config.paired_lr * share}


def _adversarial_step(
    state: TrainingState, batch: Batch, config: TrainingConfig
) -> dict[str, float]:
    step = state.step - config.paired_steps
    fake = generate(state.g, batch, config)
    real = batch.image.contiguous(memory_format=torch.channels_last)
    label = one_hot(batch.species)

    real_logits = _judge(state.d, real, label, config)
    fake_logits = _judge(state.d, fake.detach(), label, config)
    loss_d = discriminator_loss(real_logits, fake_logits)
    state.d_adam.zero_grad(set_to_none=True)
    loss_d.backward()
    values = {
        "d": loss_d.item(),
        "real": real_logits.mean().item(),
        "fake": fake_logits.mean().item(),
    }
    if step % config.r1_interval == 0:
        # Second derivatives want fp32.
        watched = real.detach().requires_grad_(True)
        penalty = gradient_penalty(state.d(watched, label), watched)
        (penalty * (config.gamma * config.r1_interval)).backward()
        values["r1"] = penalty.item()
    lazy = config.r1_interval / (config.r1_interval + 1)
    for group in state.d_adam.param_groups:
        group["lr"] = config.discriminator_lr * lazy
    state.d_adam.step()

    # D starts untrained: it gains its say over the first 10 kimg.
    trust = min(1.0, step * config.batch / 10_000)
    remaining = 1.0 - step / max(1, config.total_steps - config.paired_steps)
    rates = (config.adversarial_lr, config.adversarial_lr * 0.05)
    for group, rate in zip(state.g_adam.param_groups, rates, strict=True):
        group["lr"] = rate * min(1.0, 4.0 * remaining)
    state.d.requires_grad_(False)
    paired = paired_loss(fake, batch, config.small_parts)
    fooled = generator_loss(_judge(state.d, fake, label, config))
    loss_g = config.paired_share * paired + config.adversarial_share * trust * fooled
    state.g_adam.zero_grad(set_to_none=True)
    loss_g.backward()
    state.g_adam.step()
    state.d.requires_grad_(True)
    return {**values, "paired": paired.item(), "g": fooled.item()}


def generate(g: Generator, batch: Batch, config: TrainingConfig) -> Tensor:
    """What g makes of the batch's latents, as large as the batch's pictures (N, 3, H, W)."""
    pictures = _compiled_pictures() if config.compiled and torch.is_grad_enabled() else _pictures
    with torch.autocast(batch.z.device.type, torch.bfloat16, enabled=config.bf16):
        return pictures(g, batch, config.colour_row).float()


def _pictures(g: Generator, batch: Batch, colour_row: int) -> Tensor:
    label = one_hot(batch.species)
    shapes, colours = g.mapping(batch.z, label), g.mapping(batch.z_colour, label)
    ws = torch.cat(
        (
            shapes[:, None].expand(-1, colour_row, -1),
            colours[:, None].expand(-1, g.num_ws - colour_row, -1),
        ),
        dim=1,
    )
    wanted = batch.image.shape[-1]
    image = next(image for side, _, image in g.synthesis.walk(ws) if side == wanted)
    assert image is not None
    return image


@cache
def _compiled_pictures() -> Callable[[Generator, Batch, int], Tensor]:
    return torch.compile(_pictures)


def _judge(d: Discriminator, image: Tensor, label: Tensor, config: TrainingConfig) -> Tensor:
    with torch.autocast(image.device.type, torch.bfloat16, enabled=config.bf16):
        return d(image, label).float()


def _warm_cosine(done: float) -> float:
    """Learning rate of stage 1 relative to its peak: a short rise, then a cosine down to 1 %."""
    return min(1.0, 0.05 + done / 0.004) * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))


def _average(state: TrainingState, config: TrainingConfig) -> None:
    """Move the averaged weights; their half-life grows with the run until it is ``ema_kimg``."""
    images = (state.step + 1) * config.batch
    half_life = min(config.ema_kimg * 1000, 0.05 * images)
    share = 1.0 - 0.5 ** (config.batch / max(half_life, 1e-8))
    with torch.no_grad():
        torch._foreach_lerp_(
            list(state.g_ema.parameters()), list(state.g.parameters()), weight=share
        )
