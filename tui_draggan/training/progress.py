"""The line that says how far training is."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tui_draggan.training.config import TrainingConfig
from tui_draggan.wording import duration, in_kimg, number

LABELS = {
    "paired": "paired",
    "d": "D",
    "g": "G",
    "penalty": "penalty",
    "path_length": "path",
    "p": "p",
    "held_out": "held out",
    "metric": "SWD",
}
"""Labels of the log's values that the line shows, in its order."""
REDRAWN = 0.5
"""Seconds between two looks of the line on a terminal."""
SILENCE = 60.0
"""Most seconds without a line where there is no terminal."""


class Progress:
    """On a terminal one line that stays in its place; elsewhere a line for every one of the log, at
    least one a minute."""

    def __init__(self, config: TrainingConfig, console: Console) -> None:
        self._config = config
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._values: dict[str, float] = {}
        self._first: tuple[int, float] | None = None
        """The first step that was heard of, and when."""
        self._shown = time.monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def starting(self, what: str) -> None:
        """What is done before the first step."""
        self._show(f"{what} …")

    def step(self, step: int) -> None:
        """A step is done; shown where the line is out of date."""
        now = time.monotonic()
        if self._first is None:
            self._first = (step, now)
        if now - self._shown >= (REDRAWN if self._live.is_started else SILENCE):
            self._show(progress_line(self._values | self._at(step, now), self._config))

    def show(self, values: dict[str, float]) -> None:
        """values: the newest of the log, by name."""
        self._values = dict(values)
        self._show(progress_line(values, self._config))

    def _at(self, step: int, now: float) -> dict[str, float]:
        """How far it is, and the pace where the log does not know it yet."""
        values = {"kimg": step * self._config.batch / 1000}
        first, since = self._first or (step, now)
        if "seconds_per_kimg" not in self._values and step > first:
            done = (step - first) * self._config.batch / 1000
            values["seconds_per_kimg"] = (now - since) / done
        return values

    def _show(self, text: str) -> None:
        self._shown = time.monotonic()
        if self._live.is_started:
            self._live.update(Text(text), refresh=True)
        else:
            self._console.print(text, soft_wrap=True, markup=False, highlight=False)


def progress_line(values: dict[str, float], config: TrainingConfig) -> str:
    """«12.5 / 500 kimg   31.2 s/kimg   D 0.912   G 1.21   p 0.12   4 h 12 min left»"""
    words = [f"{in_kimg(values['kimg'])} / {config.total_kimg:g} kimg"]
    pace = values.get("seconds_per_kimg")
    if pace:
        words.append(f"{number(pace)} s/kimg")
    words += [f"{label} {number(values[name])}" for name, label in LABELS.items() if name in values]
    if pace:
        words.append(f"{duration(pace * (config.total_kimg - values['kimg']))} left")
    return "   ".join(words)
