"""The line that says how far training is."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tui_draggan.training.config import TrainingConfig
from tui_draggan.wording import duration

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


class Progress:
    """On a terminal one line that stays in its place; elsewhere a line for every one of the log."""

    def __init__(self, config: TrainingConfig, console: Console) -> None:
        self._config = config
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, values: dict[str, float]) -> None:
        """values: the newest of the log, by name."""
        text = progress_line(values, self._config)
        if self._live.is_started:
            self._live.update(Text(text), refresh=True)
        else:
            self._console.print(text, soft_wrap=True)


def progress_line(values: dict[str, float], config: TrainingConfig) -> str:
    """«12.0 / 500 kimg   31.2 s/kimg   D 0.912   G 1.21   p 0.12   4 h 12 min left»"""
    total = config.total_kimg
    words = [f"{values['kimg']:.1f} / {total:g} kimg"]
    pace = values.get("seconds_per_kimg")
    if pace:
        words.append(f"{pace:.1f} s/kimg")
    words += [f"{label} {values[name]:.3g}" for name, label in LABELS.items() if name in values]
    if pace:
        words.append(f"{duration(pace * (total - values['kimg']))} left")
    return "   ".join(words)
