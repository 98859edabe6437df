"""Progress of work that takes more than a second: on a terminal a line that moves, elsewhere a line
for each part of the work that takes so long, and one every while.

    with progress() as report:
        report("drawing critters")
        report("drawing critters", 120, 2000)
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from tui_draggan.wording import duration, printable

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

AFTER = 1.0
"""Seconds after which a part of the work is worth a line where there is no terminal."""
EVERY = 15.0
"""Seconds from one line of a part to the next there."""


class Report(Protocol):
    """Takes what is being done now, and how much of it is done."""

    def __call__(self, what: str, done: int = 0, total: int | None = None) -> None: ...


@contextmanager
def progress(
    stream: TextIO | None = None, shown: bool = True, keep: bool = False
) -> Iterator[Report]:
    """What is reported goes to `stream`, standard error where none is given; nowhere unless
    `shown`. keep: on a terminal the parts stay when they are done, elsewhere each has a line,
    however short it is."""
    out = stream or sys.stderr
    if not shown:
        yield _silence
    elif out.isatty():
        with _on_a_terminal(out, keep) as report:
            yield report
    else:
        with _Lines(out, 0.0 if keep else AFTER) as report:
            yield report


def _silence(what: str, done: int = 0, total: int | None = None) -> None:
    pass


class _Lines:
    """A line for a part that takes long, and one every while; by a thread, since the one that works
    may have nothing to report for minutes."""

    def __init__(self, out: TextIO, after: float) -> None:
        self._out, self._after = out, after
        self._what, self._done, self._total = "", 0, 0
        self._began = 0.0
        self._due = math.inf
        self._ended = False
        self._changed = threading.Condition()
        """Held by whoever looks at all that."""
        self._speaker = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Report:
        self._speaker.start()
        return self._report

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._speaker.join()

    def _report(self, what: str, done: int = 0, total: int | None = None) -> None:
        with self._changed:
            if what != self._what:
                self._what, self._began = what, time.monotonic()
                self._due = self._began + self._after
                if not self._after:
                    self._say()
                self._changed.notify()
            self._done, self._total = done, total or 0

    def _speak(self) -> None:
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                if now < self._due:
                    self._changed.wait(None if self._due == math.inf else self._due - now)
                else:
                    self._say()

    def _say(self) -> None:
        now = time.monotonic()
        self._due = now + EVERY
        words = printable(self._what)
        if self._total:
            words = f"{words}: {self._done} of {self._total}"
        seconds = now - self._began
        words = f"{words}, {duration(seconds)}" if seconds >= AFTER else f"{words} …"
        with suppress(OSError, ValueError):  # whoever reads may have gone
            print(words, file=self._out, flush=True)


def elapsed_column() -> ProgressColumn:
    """A column of rich's progress: the time that a task has taken so far."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Elapsed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(duration(task.finished_time or task.elapsed or 0.0))

    return Elapsed()


@contextmanager
def _on_a_terminal(out: TextIO, keep: bool) -> Iterator[Report]:
    # What draws it takes a tenth of a second to import.
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
    from rich.text import Text

    class Count(ProgressColumn):
        """«120 of 2000», where the part has a length and is not done."""

        def render(self, task: Task) -> Text:
            if task.total is None or task.finished:
                return Text()
            return Text(f"{round(task.completed)} of {round(task.total)}")

    what = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(finished_text="✓"), what, Count(), elapsed_column())
    with Progress(*columns, console=Console(file=out), transient=not keep) as shown:
        parts: dict[str, TaskID] = {}

        def finish() -> None:
            for part in parts.values():
                shown.update(part, total=1, completed=1, visible=keep)

        def report(what: str, done: int = 0, total: int | None = None) -> None:
            if what not in parts:
                finish()
                parts[what] = shown.add_task(printable(what), total=None)
            shown.update(parts[what], completed=done, total=total)

        yield report
        finish()
