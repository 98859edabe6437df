"""RUN/log.jsonl: how training goes, a JSON object a line; the same for TensorBoard.

A line holds step, kimg, seconds of training so far, and either the means of the steps since the
line before, with seconds_per_kimg, or a metric.
"""

from __future__ import annotations

import json
import math
import time

import torch
from torch import Tensor

from tui_draggan.arrays import Bytes
from tui_draggan.errors import DragganError
from tui_draggan.files import replacing
from tui_draggan.run_folder import RunFolder
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.tensorboard import open_board

Line = dict[str, float]


class DivergedError(DragganError):
    """Losses or weights are NaN or infinite."""

    title = "training"

    def __init__(self, what: str, step: int) -> None:
        super().__init__(
            f"{what} became NaN or infinite before step {step}; the last snapshot is kept; "
            "try a lower --learning-rate, another --gamma, or --precision fp32"
        )


def completes(step: int, kimg: float, batch: int) -> bool:
    """Whether this step completes another `kimg` thousand pictures."""
    return step * batch // (kimg * 1000) > (step - 1) * batch // (kimg * 1000)


def read_log(folder: RunFolder) -> list[Line]:
    """The intact lines of a run's log."""
    lines = folder.log.read_text().splitlines() if folder.log.exists() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:  # half a line, of a process that was killed
            continue
    return found


class Log:
    """Values of the steps, averaged, a line every `log_kimg`.

    A run that is resumed at `step` forgets what came after it.
    """

    def __init__(self, folder: RunFolder, config: TrainingConfig, step: int) -> None:
        self._path = folder.log
        self._config = config
        before = [line for line in read_log(folder) if line["step"] <= step]
        with replacing(self._path) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in before))
        self._seconds = before[-1]["seconds"] if before else 0.0
        self._began = self._since = time.monotonic()
        self._values: list[dict[str, Tensor]] = []
        self.last: Line = before[-1] if before else {}
        """Newest of all values."""
        self._board = open_board(folder.tensorboard, step)

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def add(self, step: int, values: dict[str, Tensor], p: Tensor) -> bool:
        """Take what a step gave; whether a line was written. Raises DivergedError where a value of
        the last steps is not finite."""
        self._values.append(values)
        if not completes(step, self._config.log_kimg, self._config.batch):
            return False
        self.flush(step, p)
        return True

    def flush(self, step: int, p: Tensor) -> None:
        """A line of the steps since the last one, if any. Raises DivergedError."""
        if not self._values:
            return
        means = _means(self._values)
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            raise DivergedError(", ".join(broken), step)
        now = time.monotonic()
        kimg = len(self._values) * self._config.batch / 1000
        pace = (now - self._since) / kimg
        self._values, self._since = [], now
        self.note(step, seconds_per_kimg=pace, **means, p=float(p))

    def skip_time(self) -> None:
        """The time since the last line does not count into the pace."""
        self._since = time.monotonic()

    def note(self, step: int, **values: float) -> None:
        """A line of its own."""
        seconds = self._seconds + time.monotonic() - self._began
        kimg = step * self._config.batch / 1000
        line: Line = {"step": step, "kimg": kimg, "seconds": round(seconds, 1)}
        line |= {name: float(f"{value:.5g}") for name, value in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self._board is not None:
            self._board.values(step, values)
        self.last |= line

    def picture(self, step: int, grid: Bytes) -> None:
        """A sample grid (H, W, 3), for TensorBoard."""
        if self._board is not None:
            self._board.picture(step, "samples", grid)


def write_config(folder: RunFolder, config: TrainingConfig) -> None:
    """config.json: the configuration, with resolution and length of both stages, which whoever
    watches the run needs."""
    values = {"resolution": config.resolution, **config.to_dict(), "kimg": config.total_kimg}
    with replacing(folder.config) as path:
        path.write_text(json.dumps(values, indent=2) + "\n")


def _means(values: list[dict[str, Tensor]]) -> dict[str, float]:
    """Mean of every value over the steps that have it."""
    names = {name for step in values for name in step}
    return {
        name: torch.stack([step[name] for step in values if name in step]).mean().item()
        for name in sorted(names)
    }
