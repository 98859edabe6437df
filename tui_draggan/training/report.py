"""What one watches while a run trains, and finds when it is done.

RUN/log.jsonl         a JSON object a line: step, kimg, seconds, seconds_per_kimg, and means
                      since the line before; now and then a metric
RUN/samples/*.png     a grid of the averaged generator's pictures, by kimg
RUN/tensorboard/      the same for TensorBoard
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.text import Text
from tensorboardX import SummaryWriter
from torch import Tensor

from tui_draggan.errors import DragganError
from tui_draggan.files import replacing
from tui_draggan.stylegan.pixels import to_pictures
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.randomness import random_of
from tui_draggan.training.state import TrainingState

LOG = "log.jsonl"
SAMPLES = "samples"
GRID = (8, 4)
"""Pictures of a sample grid: columns, rows."""
SHOWN = {
    "paired": "paired",
    "d": "D",
    "g": "G",
    "penalty": "penalty",
    "path_length": "path",
    "p": "p",
    "held_out": "held out",
    "metric": "SWD",
}
"""What the progress line says of a log's values, and under which name."""


class DivergedError(DragganError):
    """Losses or weights are NaN or infinite."""

    title = "training"


def passes(step: int, kimg: float, batch: int) -> bool:
    """Whether this step completes another ``kimg`` thousand pictures."""
    return step * batch // (kimg * 1000) > (step - 1) * batch // (kimg * 1000)


def read_log(folder: Path) -> list[dict[str, float]]:
    """The whole lines of a run's log."""
    path = folder / LOG
    lines = path.read_text().splitlines() if path.exists() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:  # half a line, of a process that was killed
            continue
    return found


class Log:
    """The steps' values, averaged, a line every ``log_kimg``; to the log, TensorBoard and screen.

    A run that goes on from ``step`` forgets what came after it.
    """

    def __init__(self, folder: Path, config: TrainingConfig, step: int, console: Console) -> None:
        self._path = folder / LOG
        self._config = config
        before = [line for line in read_log(folder) if line["step"] <= step]
        with replacing(self._path) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in before))
        self._seconds = before[-1]["seconds"] if before else 0.0
        self._began = self._since = time.monotonic()
        self._values: list[dict[str, Tensor]] = []
        self._last: dict[str, float] = before[-1] if before else {}
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._console = console

    def __enter__(self) -> Log:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._board.close()

    def add(self, step: int, values: dict[str, Tensor], p: Tensor) -> None:
        """Raises DivergedError where a value of the last steps is not finite."""
        self._values.append(values)
        if passes(step, self._config.log_kimg, self._config.batch):
            self.flush(step, p)

    def flush(self, step: int, p: Tensor) -> None:
        if not self._values:
            return
        names = {name for values in self._values for name in values}
        means = {
            name: torch.stack([v[name] for v in self._values if name in v]).mean().item()
            for name in sorted(names)
        }
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            raise DivergedError(
                f"{', '.join(broken)} became NaN or infinite before step {step}; the last snapshot "
                "is kept; try a lower --learning-rate, another --gamma, or --precision fp32"
            )
        now = time.monotonic()
        kimg = len(self._values) * self._config.batch / 1000
        pace = (now - self._since) / kimg
        self._values, self._since = [], now
        self.note(step, seconds_per_kimg=pace, **means, p=float(p))

    def resume(self) -> None:
        """What was done since the last line does not count into the pace."""
        self._since = time.monotonic()

    def note(self, step: int, **values: float) -> None:
        seconds = self._seconds + time.monotonic() - self._began
        kimg = step * self._config.batch / 1000
        line = {"step": step, "kimg": kimg, "seconds": round(seconds, 1)}
        line |= {name: float(f"{value:.5g}") for name, value in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
        self._last |= line
        self._show()

    def picture(self, step: int, grid: np.ndarray) -> None:
        """Grid (H, W, 3) uint8 for TensorBoard."""
        self._board.add_image("samples", grid, step, dataformats="HWC")
        self._board.flush()

    def _show(self) -> None:
        text = progress_line(self._last, self._config)
        if self._live.is_started:
            self._live.update(Text(text), refresh=True)
        else:
            self._console.print(text, soft_wrap=True)


def progress_line(values: dict[str, float], config: TrainingConfig) -> str:
    """«12.0 / 500 kimg   31.2 s/kimg   D 0.912   G 1.21   p 0.12   4 h 12 min left»"""
    total = config.total_steps * config.batch / 1000
    words = [f"{values['kimg']:.1f} / {total:g} kimg"]
    if pace := values.get("seconds_per_kimg"):
        words.append(f"{pace:.1f} s/kimg")
    words += [f"{label} {values[name]:.3g}" for name, label in SHOWN.items() if name in values]
    if pace:
        minutes = round(pace * (total - values["kimg"]) / 60)
        words.append(f"{minutes // 60} h {minutes % 60:02} min left")
    return "   ".join(words)


def sample_grid(state: TrainingState, config: TrainingConfig) -> np.ndarray:
    """The averaged generator's pictures of fixed z, classes in turn, (H, W, 3) uint8."""
    columns, rows = GRID
    images = samples(state, config, columns * rows)
    pictures = list(to_pictures(images).cpu().numpy())
    return np.concatenate(
        [
            np.concatenate(pictures[i : i + columns], axis=1)
            for i in range(0, len(pictures), columns)
        ]
    )


def samples(state: TrainingState, config: TrainingConfig, count: int) -> Tensor:
    """Pictures (count, 3, H, W) of fixed z, as large as the stage's, on the processor."""
    z = torch.randn(count, config.generator.z_dim, generator=random_of(config.seed, 0, "samples"))
    resolution = config.resolution_at(state.step)
    made = []
    for start in range(0, count, 32):
        part = z[start : start + 32].to(state.device)
        label = None
        if classes := config.generator.c_dim:
            numbers = (start + torch.arange(len(part))) % classes
            label = torch.nn.functional.one_hot(numbers, classes).float().to(state.device)
        with torch.no_grad():
            w = state.g_ema.mapping(part, label)
            ws = w[:, None].expand(-1, state.g_ema.num_ws, -1)
            walk = state.g_ema.synthesis.walk(ws)
            made.append(next(x for side, _, x in walk if side == resolution and x is not None))
    return torch.cat(made).float().cpu()


def save_samples(folder: Path, grid: np.ndarray, kimg: float) -> None:
    (folder / SAMPLES).mkdir(exist_ok=True)
    with replacing(folder / SAMPLES / f"{round(kimg):06d}.png") as path:
        Image.fromarray(grid).save(path)


def write_config(folder: Path, config: TrainingConfig) -> None:
    """config.json: the whole configuration, with resolution, batch and kimg on top."""
    values: dict[str, Any] = {"resolution": config.resolution, **config.to_dict()}
    values["kimg"] = config.total_steps * config.batch / 1000
    with replacing(folder / "config.json") as path:
        path.write_text(json.dumps(values, indent=2) + "\n")
