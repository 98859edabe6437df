"""Runs commands one after the other, each in a fork of a process that has imported everything.

A process of its own for each of a hundred commands would import torch a hundred times. Started as
root, it has given up the right to read and write what is closed to its user, as anyone else has.

On standard input a line of JSON for each command: its words. On standard output the answers:
status, standard output and standard error. A command that does not end in time has status null.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO

from tui_draggan.testing.pane import ROOT

LIMIT = 120.0
"""Seconds a command gets, on a busy machine."""
SLOW_IMPORTS = ("torch", "onnxruntime", "PIL.Image", "rich.console", "tui_draggan.testing.pilot")
PRIVILEGES = "-dac_override,-dac_read_search"


@dataclass(frozen=True)
class Ended:
    """How a command ended; status None: it did not."""

    status: int | None
    out: str
    err: str


class Forker:
    """The other end of such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, words: Sequence[str]) -> Ended:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(list(words)) + "\n")
        stdin.flush()
        return Ended(**json.loads(stdout.readline()))


def can_give_up_privileges() -> bool:
    return shutil.which("setpriv") is not None


@contextmanager
def forker(folder: Path) -> Iterator[Forker]:
    """In that folder, with caches, data and state of its own below it."""
    command = [sys.executable, "-m", "tests.commands.forked", str(folder)]
    if os.geteuid() == 0 and can_give_up_privileges():
        command = ["setpriv", f"--bounding-set={PRIVILEGES}", f"--inh-caps={PRIVILEGES}", *command]
    homes = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "DATA", "STATE")}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **homes, "COLUMNS": "500"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Forker(process)
    finally:
        process.kill()
        process.wait()


def _serve(folder: str) -> None:
    for name in SLOW_IMPORTS:
        import_module(name)
    os.chdir(folder)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _run(json.loads(line), out, err)
            status = _awaited(child)
            words = [stream.seek(0) or stream.read().decode() for stream in (out, err)]
        print(json.dumps({"status": status, "out": words[0], "err": words[1]}), flush=True)


def _run(words: list[str], out: IO[bytes], err: IO[bytes]) -> None:
    os.setsid()
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    status = 70
    try:
        from tui_draggan.cli import main

        status = main(words)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _awaited(child: int) -> int | None:
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    _serve(sys.argv[1])
