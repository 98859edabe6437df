"""What training changes: networks, optimisers, and a few numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.muon import Muon, is_matrix


class TrainingState:
    """Everything that steps change. All processes of a run hold the same."""

    def __init__(self, config: TrainingConfig, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            g = Generator(config.generator)
            d = Discriminator(
                config.resolution, config.discriminator_channels, config.generator.c_dim
            )
        # A quarter faster than the default layout on CPUs. (torch's types lack this call.)
        g.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        d.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.g = g
        self.d = d
        self.g_ema = copy.deepcopy(self.g).requires_grad_(False)

        matrices = [p for p in g.parameters() if is_matrix(p)]
        others = [p for p in g.parameters() if not is_matrix(p)]
        self.paired_muon = Muon(matrices, config.paired_lr)
        self.paired_adam = torch.optim.Adam(others, config.paired_adam_lr, betas=(0.9, 0.99))
        self.g_adam = _generator_adam(g, config)
        self.d_adam = _lazy_adam(d.parameters(), config.discriminator_lr, config.penalty_interval)

        fixed = config.augment not in ("ada", "none")
        self.augment_p = torch.tensor(float(config.augment) if fixed else 0.0)
        """Probability of augmentation, on the CPU."""
        self.signs = torch.zeros([], device=device)
        """Sum of the mean signs of real logits since `augment_p` last moved."""
        self.mean_path_length = torch.zeros([], device=device)
        """Running mean of path lengths, a of StyleGAN2's equation 4."""
        self.step = 0

    def update_average(self, config: TrainingConfig) -> None:
        """Move the averaged weights towards the current ones (EMA)."""
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
        networks = {name: network.state_dict() for name, network in self._networks.items()}
        optimisers = {name: one.state_dict() for name, one in self._optimisers.items()}
        return {**networks, **optimisers, **self._numbers, "step": self.step}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """All but the learning rates, which may change when a run is resumed. Raises KeyError,
        ValueError or RuntimeError where it is of another network."""
        for name, network in self._networks.items():
            network.load_state_dict(values[name])
        for name, optimiser in self._optimisers.items():
            rates = [group["lr"] for group in optimiser.param_groups]
            optimiser.load_state_dict(values[name])
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate
        for name, number in self._numbers.items():
            number.copy_(values[name])
        self.step = values["step"]

    # The names of a snapshot's parts, which are a file format.

    @property
    def _networks(self) -> dict[str, nn.Module]:
        return {"g": self.g, "g_ema": self.g_ema, "d": self.d}

    @property
    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "paired_muon": self.paired_muon,
            "paired_adam": self.paired_adam,
            "g_adam": self.g_adam,
            "d_adam": self.d_adam,
        }

    @property
    def _numbers(self) -> dict[str, Tensor]:
        return {
            "augment_p": self.augment_p,
            "signs": self.signs,
            "usual_length": self.mean_path_length,
        }


def _generator_adam(g: Generator, config: TrainingConfig) -> torch.optim.Adam:
    """Synthesis and mapping network in groups of their own: a mapping network that learnt from
    pairs at full rate continues at StyleGAN's."""
    slower = 0.01 / max(0.01, config.generator.mapping_lr)
    interval = config.path_interval if config.path_weight > 0 else None
    adam = _lazy_adam(g.synthesis.parameters(), config.generator_lr, interval)
    group = adam.param_groups[0]
    adam.add_param_group(
        {
            "params": list(g.mapping.parameters()),
            "lr": group["lr"] * slower,
            "betas": group["betas"],
        }
    )
    return adam


def _lazy_adam(
    parameters: Iterable[nn.Parameter], lr: float, interval: int | None
) -> torch.optim.Adam:
    """Adam with rates corrected for a loss that comes only every `interval` steps (StyleGAN2,
    appendix B)."""
    lazy = 1.0 if interval is None else interval / (interval + 1)
    return torch.optim.Adam(parameters, lr * lazy, betas=(0.0, 0.99**lazy), eps=1e-8, fused=True)
