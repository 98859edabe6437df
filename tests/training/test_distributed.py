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
LATE = -4
"""Steps from the end at which every loss counts."""
CASES: dict[str, tuple[TrainingConfig, int]] = {
    "adversarial": (
        replace(ADVERSARIAL, path_from=0.0, augment="ada", augment_target=-1.0),
        LATE,
    ),
    # Two parts of two shares of 16 are groups of four, as they are without.
    "accumulated": (
        replace(ADVERSARIAL, batch=16, kimg=0.32, accumulate=2, loss="relativistic"),
        LATE,
    ),
    "pairs": (replace(TINY, kimg=0.0), LATE),
    # The generator's upper blocks have no gradients yet.
    "growing": (replace(TINY, kimg=0.0), 0),
}
"""Configurations, and the step that is taken: from the end where negative."""

Gradients = dict[str, torch.Tensor]


def gradients(config: TrainingConfig, step: int, world: World) -> Gradients:
    """What one step leaves in .grad, and the numbers that all processes must agree on."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    data = PictureData(pictures, np.zeros(20, dtype=np.int64), (), (), None)
    state = TrainingState(config)
    state.step = step % config.total_steps
    source = open_source(config, None if config.data == CRITTERS else data, state.device, world)
    batch = next(iter(source.batches(state.step, state.step + 1)))
    train_step(state, batch, config, world)
    found = {"p": state.augment_p.clone(), "length": state.mean_path_length.clone()}
    for kind, network in (("g", state.g), ("d", state.d)):
        for name, weight in network.named_parameters():
            if weight.grad is not None:
                found[f"{kind}.{name}"] = weight.grad.clone()
    return found


def process(rank: int, meeting: str, folder: str) -> None:
    """All cases in one of the processes: starting it takes longer than they do."""
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    world = World(PROCESSES, rank)
    found = {name: gradients(*case, world) for name, case in CASES.items()}
    torch.save(found, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Gradients]]:
    """What each of the processes has found."""
    folder = tmp_path_factory.mktemp("processes")
    spawn(process, (f"file://{folder}/meeting", str(folder)), PROCESSES)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_one_process(shared: list[dict[str, Gradients]], case: str) -> None:
    config, step = CASES[case]
    alone = gradients(replace(config, accumulate=1), step, World())
    both = [found[case] for found in shared]
    assert alone.keys() == both[0].keys() == both[1].keys()
    assert len(alone) > 10
    for name, wanted in alone.items():
        for got in both:
            scale = wanted.abs().max().item() + 1e-6
            assert (got[name] - wanted).abs().max().item() <= 2e-4 * scale, name
