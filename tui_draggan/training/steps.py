"""One training step, of either stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.regression import rate
from tui_draggan.training.objectives import Deal, Pictures, deal, make
from tui_draggan.training.state import TrainingState

Values = dict[str, Tensor]
"""What is worth logging, numbers on the device."""

ADA_INTERVAL = 4
"""Steps between two changes of the augmentation's probability."""


def train_step(state: TrainingState, pictures: Pictures, config: TrainingConfig) -> Values:
    """Change ``state`` by this process's share of a batch; return what is worth logging."""
    if state.step < config.paired_steps:
        values = _paired_step(state, pictures, config)
    else:
        values = _discriminator_step(state, pictures, config)
        if (state.step - config.paired_steps) % config.n_critic == 0:
            values |= _generator_step(state, pictures, config)
    state.average(config)
    state.step += 1
    return values


def _paired_step(state: TrainingState, pictures: Pictures, config: TrainingConfig) -> Values:
    share = rate(state.step / config.paired_steps)
    set_rate(state.paired_muon, config.paired_lr * share)
    set_rate(state.paired_adam, config.paired_adam_lr * share)
    assert pictures.pairs is not None
    state.g.zero_grad(set_to_none=True)
    loss = state.paired_objective(pictures.pairs)
    loss.backward()
    state.paired_muon.step()
    state.paired_adam.step()
    return {"paired": loss.detach()}


def _discriminator_step(state: TrainingState, pictures: Pictures, config: TrainingConfig) -> Values:
    dealt = _dealt(state, config, "discriminator")
    penalised = (state.step - config.paired_steps) % config.penalty_interval == 0

    def loss(part: slice) -> Values:
        few, label = dealt.of(part), _label(pictures, part)
        with torch.no_grad():
            fake = make(state.g, few, label, config)
        return state.d_objective(pictures.image[part], fake, label, few, penalised)

    state.d.zero_grad(set_to_none=True)
    values = _accumulated(state, state.d_objective, loss, config)
    state.d_adam.step()
    _adapt(state, values.pop("sign"), config)
    return values


def _generator_step(state: TrainingState, pictures: Pictures, config: TrainingConfig) -> Values:
    played = state.step - config.paired_steps
    smoothed = (
        config.path_weight > 0
        and state.step >= config.path_from * config.total_steps
        and played // config.n_critic % config.path_interval == 0
    )
    dealt = _dealt(state, config, "generator", smoothed)
    trust = 1.0
    if pictures.pairs is not None:
        # The discriminator starts untrained: it gains its say over the first 10 kimg.
        trust = config.adversarial_share * min(1.0, played * config.batch / 10_000)
    usual = state.usual_length if smoothed else None

    def loss(part: slice) -> Values:
        few = Pictures(
            pictures.image[part],
            _label(pictures, part),
            None if pictures.pairs is None else pictures.pairs.of(part),
        )
        return state.g_objective(few, dealt.of(part), trust, usual)

    state.g.zero_grad(set_to_none=True)
    state.d.requires_grad_(False)
    values = _accumulated(state, state.g_objective, loss, config)
    state.d.requires_grad_(True)
    state.g_adam.step()
    if smoothed:
        state.usual_length.lerp_(state.world.mean(values["path_length"]), 0.01)
    return values


def _accumulated(
    state: TrainingState,
    objective: torch.nn.Module,
    loss: Callable[[slice], Values],
    config: TrainingConfig,
) -> Values:
    """Gradients of the mean over the parts of a batch; the mean of what is worth logging."""
    total: Values = {}
    for part, last in _parts(config.batch // state.world.size, config.accumulate):
        apart = isinstance(objective, DistributedDataParallel) and not last
        with objective.no_sync() if apart else nullcontext():  # type: ignore[operator]
            values = loss(part)
            (values.pop("loss") / config.accumulate).backward()
        for name, value in values.items():
            total[name] = total.get(name, 0) + value.detach() / config.accumulate
    return total


def _parts(count: int, parts: int) -> Iterator[tuple[slice, bool]]:
    for i in range(parts):
        yield slice(i, count, parts), i == parts - 1


def _dealt(state: TrainingState, config: TrainingConfig, player: str, smooth: bool = False) -> Deal:
    whole = deal(config, state.step, player, float(state.augment_p), smooth)
    return whole.of(state.world.share).to(state.device)


def _adapt(state: TrainingState, sign: Tensor, config: TrainingConfig) -> None:
    """Moves the augmentation's probability so that the mean sign of real logits comes near its
    target (Karras et al. 2020, section 3.1, r_t)."""
    if config.augment != "ada":
        return
    state.signs += sign
    if (state.step + 1) % ADA_INTERVAL == 0:
        too_sure = (state.world.mean(state.signs) / ADA_INTERVAL - config.augment_target).sign()
        move = ADA_INTERVAL * config.batch / (config.augment_kimg * 1000)
        state.augment_p.add_(too_sure.cpu(), alpha=move).clamp_(0.0, 0.85)
        state.signs.zero_()


def _label(pictures: Pictures, part: slice) -> Tensor | None:
    return None if pictures.label is None else pictures.label[part]


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
