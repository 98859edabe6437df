"""What a training run changes, and how it is kept on disk."""

import copy
from pathlib import Path
from typing import Any

import torch

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.muon import Muon, is_matrix
from tui_draggan.training.pairs import one_hot


class TrainingState:
    """Everything a run changes: networks, optimisers, step."""

    def __init__(self, config: TrainingConfig, device: torch.device | str = "cpu") -> None:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            g = Generator(config.generator)
            d = Discriminator(
                config.generator.resolution, config.discriminator_channels, config.generator.c_dim
            )
        # A quarter faster than the default layout on processors. (torch's types lack this call.)
        g.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        d.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.g = g
        self.d = d
        self.g_ema = copy.deepcopy(self.g).requires_grad_(False)
        parameters = list(self.g.parameters())
        self.paired_muon = Muon((p for p in parameters if is_matrix(p)), config.paired_lr)
        self.paired_adam = torch.optim.Adam(
            (p for p in parameters if not is_matrix(p)), config.paired_adam_lr, betas=(0.9, 0.99)
        )
        # The mapping network is done when stage 2 begins; there it moves as slowly as StyleGAN's.
        self.g_adam = torch.optim.Adam(
            [
                {"params": self.g.synthesis.parameters(), "lr": config.adversarial_lr},
                {"params": self.g.mapping.parameters(), "lr": config.adversarial_lr * 0.05},
            ],
            betas=(0.0, 0.99),
            eps=1e-8,
        )
        lazy = config.r1_interval / (config.r1_interval + 1)
        self.d_adam = torch.optim.Adam(
            self.d.parameters(), config.discriminator_lr * lazy, betas=(0.0, 0.99**lazy), eps=1e-8
        )
        self.step = 0

    _PARTS = ("g", "g_ema", "d", "paired_muon", "paired_adam", "g_adam", "d_adam")

    def save(self, path: Path) -> None:
        """Write all of it, atomically."""
        values: dict[str, Any] = {name: getattr(self, name).state_dict() for name in self._PARTS}
        save_atomically({**values, "step": self.step}, path)

    def load(self, path: Path) -> None:
        values = torch.load(path, map_location="cpu", weights_only=True)
        for name in self._PARTS:
            getattr(self, name).load_state_dict(values[name])
        self.step = values["step"]


def save_atomically(value: Any, path: Path) -> None:
    """torch.save into a neighbour, then rename: ``path`` is never half written."""
    unfinished = path.with_suffix(".tmp")
    torch.save(value, unfinished)
    unfinished.replace(path)


def save_generator(state: TrainingState, config: TrainingConfig, path: Path) -> None:
    """Write the averaged generator, its w_avg the mean over 10 000 w of all species alike."""
    z = torch.randn(10_000, config.generator.z_dim, generator=torch.Generator().manual_seed(0))
    label = one_hot(torch.arange(len(z)) % len(SPECIES))
    w_avg = state.g_ema.mapping.w_avg
    with torch.no_grad():
        w_avg.copy_(state.g_ema.mapping(z.to(w_avg.device), label.to(w_avg.device)).mean(0))
    weights = {name: value.cpu().contiguous() for name, value in state.g_ema.state_dict().items()}
    kimg = state.step * config.batch / 1000
    save_atomically({"config": config.generator.to_dict(), "state": weights, "kimg": kimg}, path)
