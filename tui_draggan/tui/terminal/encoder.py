"""Encoding in a thread of its own: neither the screen nor the engine waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Encoder(threading.Thread):
    """Does the newest job only: what came too late to be seen is never encoded."""

    def __init__(self, deliver: Callable[[str], object]) -> None:
        """deliver: called in this thread with what a job has returned."""
        super().__init__(name="draggan-encoder", daemon=True)
        self._deliver = deliver
        self._changed = threading.Condition()
        self._job: Callable[[], str] | None = None
        self._ending = False

    def submit(self, job: Callable[[], str]) -> None:
        """Replaces the job that has not begun yet."""
        with self._changed:
            self._job = job
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ending or self._job is not None)
                if self._ending:
                    return
                job, self._job = self._job, None
            assert job is not None
            self._deliver(job())
