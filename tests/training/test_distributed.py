"""Two processes and one with the double batch take the same step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from tests.training.tiny import ADVERSARIAL, TINY
from tui_draggan.training.config import CRITTERS, TrainingConfig
from tui_draggan.training.data import PictureData
from tui_draggan.training.distributed import World
from tui_draggan.training.sources import open_source
from tui_draggan.training.state import TrainingState
from tui_draggan.training.steps import train_step

pytestmark = pytest.mark.slow

PROCESSES = 2


def gradients(config: TrainingConfig, world: World) -> dict[str, torch.Tensor]:
    """What one step leaves in .grad, and the numbers that all processes must agree on."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    data = PictureData(pictures, np.zeros(20, dtype=np.int64), (), (), None)
    state = TrainingState(config)
    state.step = config.total_steps - 4  # late enough for every loss
    source = open_source(config, None if config.data == CRITTERS else data, state.device, world)
    batch = next(iter(source.batches(state.step, state.step + 1)))
    train_step(state, batch, config, world)
    found = {"p": state.augment_p.clone(), "length": state.mean_path_length.clone()}
    for kind, network in (("g", state.g), ("d", state.d)):
        for name, weight in network.named_parameters():
            if weight.grad is not None:
                found[f"{kind}.{name}"] = weight.grad.clone()
    return found


def process(rank: int, config: TrainingConfig, meeting: str, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    torch.save(gradients(config, World(PROCESSES, rank)), Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.parametrize(
    "config",
    [
        replace(ADVERSARIAL, path_from=0.0, augment="ada", augment_target=-1.0),
        # Two parts of two shares of 16 are groups of four, as they are without.
        replace(ADVERSARIAL, batch=16, kimg=0.32, accumulate=2, loss="relativistic"),
        replace(TINY, kimg=0.0),
    ],
    ids=["adversarial", "accumulated", "pairs"],
)
def test_gradients_are_those_of_one_process(config: TrainingConfig, tmp_path: Path) -> None:
    meeting = f"file://{tmp_path}/meeting"
    spawn(process, (config, meeting, str(tmp_path)), PROCESSES)
    alone = gradients(replace(config, accumulate=1), World())
    both = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]
    assert alone.keys() == both[0].keys() == both[1].keys()
    assert len(alone) > 10
    for name, wanted in alone.items():
        for got in both:
            scale = wanted.abs().max().item() + 1e-6
            assert (got[name] - wanted).abs().max().item() <= 2e-4 * scale, name
