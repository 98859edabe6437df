"""A measurement that is made again while nothing else is asked of the machine.

It runs in a process of its own, which is killed as soon as there is something to do: so no picture
and no step waits for it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

REST = 3.0
"""Seconds without a question before it begins: a person who looks at the picture asks later."""
BURIAL = 0.5
"""Seconds the system gets to end a process that has been killed; a driver may hold it up."""


class Remeasuring:
    """`attend` it while there is nothing to do, `disturb` it when there is."""

    def __init__(self, command: Sequence[str], clock: Callable[[], float] = monotonic) -> None:
        """command: what measures and remembers the result; it must end with its parent."""
        self._command = command
        self._clock = clock
        self._rest_since: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False

    @property
    def is_running(self) -> bool:
        """Whether the machine is being measured now."""
        return self._process is not None and self._process.poll() is None

    def attend(self) -> bool:
        """Begins it when the machine has rested; whether it is still to begin or to end."""
        if self._is_over:
            return False
        if self._process is not None:
            self._is_over = self._process.poll() is not None
            return not self._is_over
        if self._rest_since is None:
            self._rest_since = self._clock()
        if self._clock() - self._rest_since >= REST:
            self._start()
        return not self._is_over

    def disturb(self) -> None:
        """Ends it at once, unless it has ended; the next rest begins it anew."""
        self._rest_since = None
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is not None:
            self._is_over = True
            return
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(BURIAL)

    def _start(self) -> None:
        silent = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                self._command, stdin=silent, stdout=silent, stderr=silent
            )
        except OSError:  # as good as one that measured nothing
            self._is_over = True
