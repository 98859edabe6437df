"""What a training run changes: networks, optimisers, and a few numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.regression import PairedObjective
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.distributed import World
from tui_draggan.training.muon import Muon, is_matrix
from tui_draggan.training.objectives import DiscriminatorObjective, GeneratorObjective

NETWORKS = ("g", "g_ema", "d")
OPTIMISERS = ("paired_muon", "paired_adam", "g_adam", "d_adam")
NUMBERS = ("augment_p", "signs", "usual_length")


class TrainingState:
    """Everything a run changes. All processes of a run hold the same."""

    def __init__(
        self,
        config: TrainingConfig,
        device: torch.device | str = "cpu",
        world: World | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.world = world or World()
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            g = Generator(config.generator)
            d = Discriminator(
                config.resolution, config.discriminator_channels, config.generator.c_dim
            )
        # A quarter faster than the default layout on processors. (torch's types lack this call.)
        g.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        d.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.g = g
        self.d = d
        self.g_ema = copy.deepcopy(self.g).requires_grad_(False)
        self.paired_objective = self._wrapped(PairedObjective(g, config), config.paired_steps > 0)
        playing = config.total_steps > config.paired_steps
        self.d_objective = self._wrapped(DiscriminatorObjective(d, config), playing)
        self.g_objective = self._wrapped(GeneratorObjective(g, d, config), playing)

        matrices = [p for p in g.parameters() if is_matrix(p)]
        others = [p for p in g.parameters() if not is_matrix(p)]
        self.paired_muon = Muon(matrices, config.paired_lr)
        self.paired_adam = torch.optim.Adam(others, config.paired_adam_lr, betas=(0.9, 0.99))
        self.g_adam = self._g_adam(config)
        self.d_adam = self._adam(d.parameters(), config.discriminator_lr, config.penalty_interval)

        fixed = config.augment not in ("ada", "none")
        self.augment_p = torch.tensor(float(config.augment) if fixed else 0.0)
        """The augmentation's probability, on the processor."""
        self.signs = torch.zeros([], device=device)
        self.usual_length = torch.zeros([], device=device)
        """Running mean of path lengths."""
        self.step = 0

    def _wrapped(self, objective: nn.Module, used: bool) -> nn.Module:
        return self.world.wrapped(objective) if used else objective

    def _g_adam(self, config: TrainingConfig) -> torch.optim.Adam:
        # A mapping network that learnt pairs at full rate goes on at StyleGAN's.
        slow = 0.01 / max(0.01, config.generator.mapping_lr)
        smoothed = config.path_weight > 0
        adam = self._adam(
            self.g.synthesis.parameters(),
            config.generator_lr,
            config.path_interval if smoothed else None,
        )
        group = adam.param_groups[0]
        adam.add_param_group(
            {
                "params": list(self.g.mapping.parameters()),
                "lr": group["lr"] * slow,
                "betas": group["betas"],
            }
        )
        return adam

    def _adam(
        self, parameters: Iterable[nn.Parameter], lr: float, interval: int | None
    ) -> torch.optim.Adam:
        """Rates are corrected for a loss that comes only every ``interval`` steps (StyleGAN2,
        appendix B)."""
        lazy = 1.0 if interval is None else interval / (interval + 1)
        return torch.optim.Adam(
            parameters, lr * lazy, betas=(0.0, 0.99**lazy), eps=1e-8, fused=True
        )

    def average(self, config: TrainingConfig) -> None:
        """Move the averaged weights towards today's."""
        share = 1.0 - 0.5 ** (config.batch / max(config.half_life(self.step), 1e-8))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.g_ema.parameters()), list(self.g.parameters()), weight=share
            )

    def finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        weights = [*self.g.parameters(), *self.d.parameters()]
        return bool(torch.stack([p.detach().isfinite().all() for p in weights]).all())

    def state_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            name: getattr(self, name).state_dict() for name in NETWORKS + OPTIMISERS
        }
        return {**values, **{name: getattr(self, name) for name in NUMBERS}, "step": self.step}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """All but the learning rates, which may change when a run goes on. Raises KeyError,
        ValueError or RuntimeError where it is of another network."""
        for name in NETWORKS:
            getattr(self, name).load_state_dict(values[name])
        for name in OPTIMISERS:
            optimiser = getattr(self, name)
            rates = [group["lr"] for group in optimiser.param_groups]
            optimiser.load_state_dict(values[name])
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate
        for name in NUMBERS:
            getattr(self, name).copy_(values[name])
        self.step = values["step"]
