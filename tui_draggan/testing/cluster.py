"""A Dask cluster on loopback, of processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tui_draggan.testing.waiting import wait_until

HERE = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
"""Without them Dask listens on every interface."""
ONE_EACH = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0"}
"""Without it a worker holds a second job in reserve, which is counted as lost with the first."""


@dataclass(frozen=True)
class Scheduler:
    """One that is running."""

    address: str
    pid: int


@contextmanager
def dask_cluster(
    folder: Path, workers: int, environment: Mapping[str, str] | None = None, protocol: str = "tcp"
) -> Iterator[Scheduler]:
    """With so many workers, each of one thread and under a nanny that starts it again.

    folder: of its own; what they say goes to files in it. environment: what they get beside this
    process's.
    """
    with ExitStack() as stack:

        def start(program: str, *words: str) -> int:
            command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *words]
            log = stack.enter_context((folder / f"{program}.log").open("ab"))
            process = subprocess.Popen(
                [*command, *HERE, "--protocol", protocol],
                env={**os.environ, **ONE_EACH, **(environment or {})},
                cwd=folder,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process.pid

        file = folder / "scheduler.json"
        pid = start("scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_until(lambda: _address(file), "the scheduler")
        address = _address(file)
        for _ in range(workers):
            start("worker", address, "--nthreads", "1")
        yield Scheduler(address, pid)


def _address(file: Path) -> str:
    """What the scheduler writes there when it listens; empty until it has."""
    try:
        return str(json.loads(file.read_text())["address"])
    except (FileNotFoundError, ValueError):
        return ""
