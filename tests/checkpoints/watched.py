"""Reads files under watch: what the interpreter reports while it does, and how much it takes.

python -m tests.checkpoints.watched WARM_UP FILE...
    reads the first file to have all modules imported, then each of the others; prints
    a line of JSON for each (`Outcome`).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.checkpoints.unpickling.limits import MAX_MEMORY
from tui_draggan.errors import CheckpointError

MODEL = "a model"
HARMLESS = ("builtins.id", "mmap.__new__")


@dataclass(frozen=True)
class Outcome:
    """`said`: the refusal without the file's path, `MODEL`, or the exception that came instead."""

    refused: bool
    said: str
    events: list[str]
    """What Python reported (sys.audit) other than that the file was opened to be read."""
    seconds: float


class Watch:
    """From its making on this process cannot take `MAX_MEMORY` more than it has."""

    def __init__(self, read: Callable[[Path], Any] = read_checkpoint) -> None:
        self._read = read
        self._path: Path | None = None
        self._events: list[str] = []
        sys.addaudithook(self._hook)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MAX_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._path is None:
            return
        if event == "open" and arguments[:2] == (str(self._path), "r"):
            return
        if event not in HARMLESS:
            self._events.append(f"{event} {arguments!r:.200}")

    def read(self, path: Path) -> Outcome:
        self._events.clear()
        refused = False
        started = time.process_time()
        self._path = path
        try:
            self._read(path)
            said = MODEL
        except CheckpointError as error:
            refused, said = True, str(error).removeprefix(f"{path} ")
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        self._path = None
        return Outcome(refused, said, list(self._events), time.process_time() - started)


def read_watched(warm_up: Path, paths: Sequence[Path], folder: Path) -> Iterator[Outcome]:
    """What comes of reading `paths` in a process of its own, which runs in `folder`."""
    for line in run_apart(["-m", __name__, warm_up, *paths], folder):
        yield Outcome(**json.loads(line))


def run_apart(arguments: Sequence[Any], folder: Path) -> list[str]:
    """The lines that another Python prints, run in `folder`. Warnings are errors there."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()


if __name__ == "__main__":
    warm_up, *paths = map(Path, sys.argv[1:])
    read_checkpoint(warm_up)
    watch = Watch()
    for path in paths:
        print(json.dumps(asdict(watch.read(path))), flush=True)
