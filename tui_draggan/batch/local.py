"""Workers that are processes on this machine, each on cores of its own.

A process that dies costs the job it had in hand, which is made again by another; a job that kills
two has failed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue

from tui_draggan import children
from tui_draggan.batch.job import Failed, Job, Outcome
from tui_draggan.batch.maker import Maker
from tui_draggan.files import reason_of

TRIES = 2
"""Processes that a job may kill before it has failed."""
AHEAD = 2
"""Jobs that wait for each worker, beside the one it has in hand."""


class LocalWorkers:
    """`workers.Workers`: a thread for each process, which hands it one job at a time."""

    def __init__(self, shares: Sequence[Sequence[int]], engine: str, device: str) -> None:
        """shares: the CPUs of each worker, by number; none for all of them."""
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._children: dict[int, children.Child] = {}
        """The processes there are, by the number of their worker."""
        self._threads = [
            threading.Thread(
                target=self._serve,
                args=(number, (engine, device, ",".join(map(str, cpus)))),
                daemon=True,
            )
            for number, cpus in enumerate(shares)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def room(self) -> int:
        return (1 + AHEAD) * len(self._threads)

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes there are."""
        with self._lock:
            return [child.pid for child in self._children.values()]

    def submit(self, job: Job) -> None:
        self._jobs.put(job)

    def finished(self) -> Outcome:
        return self._outcomes.get()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            running = list(self._children.values())
        for _ in self._threads:
            self._jobs.put(None)
        for child in running:
            child.end()
        for thread in self._threads:
            thread.join()

    def _serve(self, number: int, words: tuple[str, str, str]) -> None:
        while not self._closed and (job := self._jobs.get()) is not None:
            try:
                outcome = self._made(number, words, job)
            except OSError as error:  # no more processes, or files, for this user
                outcome = Failed(job, f"no worker can be started: {reason_of(error)}")
            if outcome is not None:
                self._outcomes.put(outcome)

    def _made(self, number: int, words: tuple[str, str, str], job: Job) -> Outcome | None:
        """None where the workers have been closed."""
        for _ in range(TRIES):
            child = self._started(number, words)
            if child is None:
                return None
            try:
                child.send(job)
                outcome: Outcome = child.receive()
                return outcome
            except children.EndedError as error:
                ended = error
                with self._lock:
                    del self._children[number]
                child.end()
        return None if self._closed else Failed(job, f"the worker {ended}; so has another one")

    def _started(self, number: int, words: tuple[str, str, str]) -> children.Child | None:
        """The process of a worker; None where the workers have been closed."""
        with self._lock:
            if self._closed:
                return None
            if number not in self._children:
                self._children[number] = children.Child(children.command(__name__, *words))
            return self._children[number]


def main() -> None:
    """Such a process. Engine, device and the CPUs it is to keep to are the arguments."""
    children.end_with_parent()
    parent = children.Parent()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)  # the terminal's signals are the command's business
    engine, device, cpus = sys.argv[1:]
    if cpus:
        with suppress(OSError):
            os.sched_setaffinity(0, [int(cpu) for cpu in cpus.split(",")])
    maker = Maker(engine, device)
    with suppress(EOFError, BrokenPipeError):
        while True:
            parent.send(maker.made(parent.receive()))
