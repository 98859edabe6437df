"""Ctrl-C ends a command within two seconds, whatever it is doing; so do SIGTERM and SIGHUP.

Python acts on a signal only when the main thread is back from a library that computes or waits, and
a KeyboardInterrupt is lost where it is raised in a callback or a destructor. A thread that is told
by the signal itself sees that the process ends all the same.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tui_draggan.files import ENDING_SIGNALS, remove_unfinished

PATIENCE = 1.5
"""Seconds a signal gets to end the block."""
EXIT_PATIENCE = 2.0
"""Seconds the interpreter gets to end after that: the threads of libraries may hang then too."""
WATCHED = (signal.SIGINT, *ENDING_SIGNALS)
SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """What has been heard so far."""

    def __init__(self) -> None:
        self._deadline: float | None = None
        self._number = 0

    def forgive(self) -> None:
        """The interrupt has been answered, and the work goes on to its end."""
        self._deadline = None

    def watch(self, heard: int) -> None:
        """Ends the process when that is overdue. heard: gets the number of each signal."""
        while True:
            deadline = self._deadline
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if select.select([heard], [], [], wait)[0]:
                numbers = os.read(heard, 64)
                if not numbers:
                    return
                ending = next((number for number in WATCHED if number in numbers), None)
                if ending is not None and self._deadline is None:
                    self._number, self._deadline = ending, time.monotonic() + PATIENCE
                    atexit.register(signal.setitimer, signal.ITIMER_REAL, EXIT_PATIENCE)
            elif self._deadline is not None:
                _end(self._number)


@contextmanager
def prompt_interrupts() -> Iterator[Interrupts]:
    """While entered, a signal that has neither ended the block nor been forgiven in time ends the
    process, with its temporary files removed: one of `WATCHED` that has a handler in Python. Only
    the main thread can be watched."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    watcher = threading.Thread(target=interrupts.watch, args=(heard,), daemon=True)
    watcher.start()
    try:
        yield interrupts
    finally:
        signal.set_wakeup_fd(before)
        os.close(tell)  # which ends the watcher
        watcher.join()
        os.close(heard)


def _end(number: int) -> None:
    remove_unfinished()
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
        sys.stderr.write("tui-draggan: interrupted\n")
        sys.stderr.flush()
    os._exit(128 + number)
