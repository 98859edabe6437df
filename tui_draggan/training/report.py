"""What a training run tells: a log of numbers and sheets of samples."""

import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.losses import paired_loss
from tui_draggan.training.pairs import Batch, to_uint8
from tui_draggan.training.state import TrainingState
from tui_draggan.training.steps import generate

LOG = "log.jsonl"


def passes(step: int, kimg: float, batch: int) -> bool:
    """Whether this step completes another ``kimg`` thousand pictures."""
    return step * batch // (kimg * 1000) > (step - 1) * batch // (kimg * 1000)


def held_out(state: TrainingState, samples: Batch, config: TrainingConfig) -> float:
    """Paired loss of the averaged generator on pairs the training never saw."""
    with torch.no_grad():
        fake = generate(state.g_ema, samples, config)
        return paired_loss(fake, samples, config.small_parts).item()


def write_samples(
    folder: Path, state: TrainingState, samples: Batch, config: TrainingConfig
) -> None:
    """A PNG of 4 × 8 pairs of critters the training never saw: drawn above generated."""
    with torch.no_grad():
        fake = generate(state.g_ema, samples.first(32), config)
    rows = []
    for start in range(0, 32, 8):
        for pictures in (samples.image, fake):
            rows.append(np.concatenate(list(to_uint8(pictures[start : start + 8])), axis=1))
    (folder / "samples").mkdir(exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(folder / "samples" / f"{state.step:06d}.png")


def read_log(folder: Path) -> list[dict[str, float]]:
    """The lines of a run's log; each has step and kimg, and means since the line before."""
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


class Log:
    """Means of the steps' values, a JSON line every ``log_kimg``."""

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        self.path = path
        self.config = config
        self.values: dict[str, list[float]] = {}
        self.since = time.monotonic()
        self.steps = 0

    def add(self, step: int, values: dict[str, float]) -> None:
        self.steps += 1
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)
        if not passes(step, self.config.log_kimg, self.config.batch):
            return
        seconds = time.monotonic() - self.since
        means = {name: float(f"{np.mean(v):.5g}") for name, v in self.values.items()}
        rate = round(self.steps * self.config.batch / seconds, 1)
        self.note(step, pictures_per_second=rate, **means)
        self.values, self.since, self.steps = {}, time.monotonic(), 0

    def note(self, step: int, **values: float) -> None:
        line = {"step": step, "kimg": step * self.config.batch / 1000, **values}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
