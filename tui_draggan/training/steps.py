"""One training step, to be read from top to bottom: the paired stage's, the discriminator's, the
generator's.

After the paired stage, which only critters have, the training is StyleGAN2's (Karras et al.,
"Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020) with adaptive augmentation T of
whatever the discriminator D sees (Karras et al., "Training Generative Adversarial Networks with
Limited Data", NeurIPS 2020). With the logistic loss, for instance,

    D minimises  E softplus(−D(T x)) + E softplus(D(T G(z))) + γ · ½ E‖∇D(T x)‖²
    G minimises  E softplus(−D(T G(z)))                      + λ · E(‖Jᵀy‖ − a)²

where the last terms are lazy: computed every k-th step, k times as strong (CVPR 2020, appendix B).
The formulas themselves are in `losses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import torch
from torch import Tensor, nn

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.augmentation import augmented
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.regression import (
    generate_pairs,
    learning_rate,
    regression_loss,
)
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.distributed import World
from tui_draggan.training.draws import Network, StepDraws, draw_step
from tui_draggan.training.losses import LOSSES, path_lengths, penalty
from tui_draggan.training.sources import RealBatch
from tui_draggan.training.state import TrainingState

Values = dict[str, Tensor]
"""What is worth logging: numbers on the device, by name."""

ADA_INTERVAL = 4
"""Steps between two changes of the augmentation's probability."""
MOST_AUGMENTED = 0.85
"""Highest probability: with more, generated pictures would look augmented too."""
WARM_UP = 10_000
"""Pictures of the adversarial stage until an untrained discriminator has its full weight."""
PATH_MEAN_SHARE = 0.01
"""Share of a new path length in the running mean a."""


def train_step(
    state: TrainingState, batch: RealBatch, config: TrainingConfig, world: World
) -> Values:
    """Change `state` by this process's share of a batch; return what is worth logging."""
    if state.step < config.paired_steps:
        values = paired_step(state, batch, config, world)
    else:
        values = discriminator_step(state, batch, config, world)
        if (state.step - config.paired_steps) % config.n_critic == 0:
            values |= generator_step(state, batch, config, world)
    state.update_average(config)
    state.step += 1
    return values


def paired_step(
    state: TrainingState, batch: RealBatch, config: TrainingConfig, world: World
) -> Values:
    """Regression of the generator on the renderer: Muon for weights, Adam for the rest."""
    assert batch.pairs is not None
    rate = learning_rate(state.step / config.paired_steps)
    set_learning_rate(state.paired_muon, config.paired_lr * rate)
    set_learning_rate(state.paired_adam, config.paired_adam_lr * rate)

    state.g.zero_grad(set_to_none=True)
    loss = regression_loss(generate_pairs(state.g, batch.pairs, config), batch.pairs)
    torch.autograd.backward(loss)
    world.average_gradients(state.g)
    state.paired_muon.step()
    state.paired_adam.step()
    return {"paired": loss.detach()}


def discriminator_step(
    state: TrainingState, batch: RealBatch, config: TrainingConfig, world: World
) -> Values:
    """D learns to tell real pictures from generated ones."""
    adversarial = LOSSES[config.loss]
    penalised = (state.step - config.paired_steps) % config.penalty_interval == 0
    draws = _own_draws(state, config, world, "discriminator")
    means = _Means(config.accumulate)

    state.d.zero_grad(set_to_none=True)
    for part in _parts(batch, config):
        some, drawn = batch.of(part), draws.of(part)
        with torch.no_grad():
            fake = generate(state.g, drawn, some.label, config)
        real, fake = augmented(some.image, drawn.real), augmented(fake, drawn.fake)
        real_logits = discriminate(state.d, real, some.label, config)
        fake_logits = discriminate(state.d, fake, some.label, config)
        loss = adversarial.discriminator(real_logits, fake_logits)
        means.add(d=loss, real=real_logits.mean(), fake=fake_logits.mean())
        means.add(sign=real_logits.sign().mean())
        if penalised:
            # Second derivatives need float32.
            logits_of = partial(state.d, label=some.label)
            found = penalty(adversarial.penalty, logits_of, real, fake, drawn.between)
            loss = loss + config.penalty_weight * config.penalty_interval * found
            means.add(penalty=found)
        torch.autograd.backward(loss / config.accumulate)
    world.average_gradients(state.d)
    state.d_adam.step()

    _adapt_augmentation(state, means.values.pop("sign"), config, world)
    return means.values


def generator_step(
    state: TrainingState, batch: RealBatch, config: TrainingConfig, world: World
) -> Values:
    """G learns to make pictures that D takes for real; pairs, where there are any, keep it to the
    renderer."""
    adversarial = LOSSES[config.loss]
    smoothed = _path_lengths_count(state, config)
    draws = _own_draws(state, config, world, "generator", with_noise=smoothed)
    adversarial_weight = _adversarial_weight(state, batch, config)
    means = _Means(config.accumulate)

    state.g.zero_grad(set_to_none=True)
    state.d.requires_grad_(False)
    for part in _parts(batch, config):
        some, drawn = batch.of(part), draws.of(part)
        if some.pairs is None:
            fake = generate(state.g, drawn, some.label, config)
        else:
            fake = generate_pairs(state.g, some.pairs, config)
        fake_logits = discriminate(state.d, augmented(fake, drawn.fake), some.label, config)
        real_logits = fake_logits.detach()
        if adversarial.relative:
            with torch.no_grad():
                real = augmented(some.image, drawn.real)
                real_logits = discriminate(state.d, real, some.label, config)
        loss = adversarial.generator(fake_logits, real_logits)
        means.add(g=loss)
        loss = adversarial_weight * loss
        if some.pairs is not None:
            paired = regression_loss(fake, some.pairs)
            loss = loss + config.paired_share * paired
            means.add(paired=paired)
        if smoothed:
            lengths = _path_lengths(state.g, drawn, some.label)
            weight = config.path_weight * config.path_interval
            loss = loss + weight * (lengths - state.mean_path_length).square().mean()
            means.add(path_length=lengths.mean())
        torch.autograd.backward(loss / config.accumulate)
    state.d.requires_grad_(True)
    world.average_gradients(state.g)
    state.g_adam.step()

    if smoothed:
        length = world.mean(means.values["path_length"])
        state.mean_path_length.lerp_(length, PATH_MEAN_SHARE)
    return means.values


# -- forward passes --------------------------------------------------------------------------------


def generate(
    g: Generator, draws: StepDraws, label: Tensor | None, config: TrainingConfig
) -> Tensor:
    """Pictures (N, 3, H, W) of the drawn latents."""
    synthesis = _compiled(g.synthesis) if config.compiled else g.synthesis
    with torch.autocast(draws.z.device.type, torch.bfloat16, enabled=config.bf16):
        image: Tensor = synthesis(mixed_ws(g, draws, label))
    return image.float()


def mixed_ws(g: Generator, draws: StepDraws, label: Tensor | None) -> Tensor:
    """w+ (N, L, w_dim) of style mixing (Karras et al., StyleGAN, 2019, section 3.1)."""
    early, late = g.mapping(draws.z, label), g.mapping(draws.z_late, label)
    rows = torch.arange(g.num_ws, device=early.device)
    is_late = rows[None] >= draws.crossover[:, None]
    return torch.where(is_late[:, :, None], late[:, None], early[:, None])


def discriminate(
    d: Discriminator, images: Tensor, label: Tensor | None, config: TrainingConfig
) -> Tensor:
    """Logits (N,) of pictures (N, 3, H, W)."""
    images = images.contiguous(memory_format=torch.channels_last)
    network = _compiled(d) if config.compiled else d
    with torch.autocast(images.device.type, torch.bfloat16, enabled=config.bf16):
        logits: Tensor = network(images, label)
    return logits.float()


def _path_lengths(g: Generator, draws: StepDraws, label: Tensor | None) -> Tensor:
    """Path lengths of the first half of the pictures, which will do (StyleGAN2, appendix B)."""
    half = slice(0, (len(draws.z) + 1) // 2)
    few = draws.of(half)
    assert few.noise is not None
    ws = mixed_ws(g, few, None if label is None else label[half])
    return path_lengths(g.synthesis(ws), ws, few.noise)


@cache
def _compiled(module: nn.Module) -> Callable[..., Tensor]:
    return torch.compile(module)


# -- weights and schedules -------------------------------------------------------------------------


def _path_lengths_count(state: TrainingState, config: TrainingConfig) -> bool:
    """Whether path lengths are regularised in this step."""
    generator_steps = (state.step - config.paired_steps) // config.n_critic
    return (
        config.path_weight > 0
        and state.step >= config.path_from * config.total_steps
        and generator_steps % config.path_interval == 0
    )


def _adversarial_weight(state: TrainingState, batch: RealBatch, config: TrainingConfig) -> float:
    """Weight of the adversarial loss in the generator's: 1, but for a generator that has learnt
    from pairs, which an untrained discriminator would spoil."""
    if batch.pairs is None:
        return 1.0
    seen = (state.step - config.paired_steps) * config.batch
    return config.adversarial_share * min(1.0, seen / WARM_UP)


def _adapt_augmentation(
    state: TrainingState, sign: Tensor, config: TrainingConfig, world: World
) -> None:
    """Move the augmentation's probability so that r_t, the mean sign of real logits, comes near its
    target (Karras et al. 2020, "Limited Data", section 3.1)."""
    if config.augment != "ada":
        return
    state.signs += sign
    if (state.step + 1) % ADA_INTERVAL == 0:
        overfitting = (world.mean(state.signs) / ADA_INTERVAL - config.augment_target).sign()
        move = ADA_INTERVAL * config.batch / (config.augment_kimg * 1000)
        state.augment_p.add_(overfitting.cpu(), alpha=move).clamp_(0.0, MOST_AUGMENTED)
        state.signs.zero_()


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


# -- a batch in parts ------------------------------------------------------------------------------


def _own_draws(
    state: TrainingState,
    config: TrainingConfig,
    world: World,
    network: Network,
    with_noise: bool = False,
) -> StepDraws:
    """The choices for this process's share of the batch."""
    draws = draw_step(config, state.step, network, float(state.augment_p), with_noise)
    return draws.of(world.share).to(state.device)


def _parts(batch: RealBatch, config: TrainingConfig) -> Iterator[slice]:
    """Parts of the batch whose gradients are accumulated, to save memory."""
    for i in range(config.accumulate):
        yield slice(i, len(batch.image), config.accumulate)


class _Means:
    """Means of values over the parts of a batch."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self.values: Values = {}

    def add(self, **values: Tensor) -> None:
        for name, value in values.items():
            so_far = self.values.get(name)
            share = value.detach() / self._parts
            self.values[name] = share if so_far is None else so_far + share
