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
from importlib import import_module

from tui_draggan.files import ENDING_SIGNALS, remove_unfinished

PATIENCE = 1.5
"""Seconds a signal gets to end the block."""
EXIT_PATIENCE = 2.0
"""Seconds the interpreter gets to end after that: the threads of libraries may hang then too."""
LAST_RESORT = 20.0
"""Seconds after which the system ends it by SIGALRM, where not even a thread of ours runs."""
WATCHED = (signal.SIGINT, *ENDING_SIGNALS)
SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """What has been heard so far."""

    def __init__(self, heard: int | None = None) -> None:
        """heard: file that gets the number of each signal, read without waiting."""
        self._heard = heard
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self._number = 0

    def forgive(self) -> None:
        """The interrupt has been answered, and the work goes on to its end."""
        with self._lock:
            self._read()  # the answer may be quicker than the watcher
            self._deadline = None

    def watch(self) -> None:
        """Ends the process when that is overdue."""
        assert self._heard is not None
        while True:
            deadline = self._deadline
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            told = select.select([self._heard], [], [], wait)[0]
            with self._lock:
                if not told:
                    if self._deadline is not None:
                        _end(self._number)
                    continue
                numbers = self._read()
                if numbers == b"":
                    return
                ending = next((number for number in WATCHED if number in (numbers or b"")), None)
                if ending is not None and self._deadline is None:
                    self._number, self._deadline = ending, time.monotonic() + PATIENCE
                    self._guard_exit()

    def _guard_exit(self) -> None:
        """Sees to it that the interpreter ends, with the signal's status: its last steps wait for
        other threads and call what libraries have left. (A thread can no longer be made then.)"""
        leaving = threading.Event()

        def guard() -> None:
            leaving.wait()
            time.sleep(EXIT_PATIENCE)
            remove_unfinished()
            os._exit(128 + self._number)

        def leave() -> None:
            if self._deadline is not None:  # it has not been forgiven
                leaving.set()
                signal.setitimer(signal.ITIMER_REAL, LAST_RESORT)

        threading.Thread(target=guard, daemon=True).start()
        atexit.register(leave)

    def _read(self) -> bytes | None:
        """The numbers of new signals: nothing where the file is closed, None where none came."""
        if self._heard is None:
            return None
        try:
            return os.read(self._heard, 64)
        except BlockingIOError:
            return None


@contextmanager
def prompt_interrupts() -> Iterator[Interrupts]:
    """While entered, a signal that has neither ended the block nor been forgiven in time ends the
    process, with its temporary files removed: one of `WATCHED` that has a handler in Python. Only
    the main thread can be watched."""
    if threading.current_thread() is not threading.main_thread():
        yield Interrupts()
        return
    heard, tell = os.pipe()
    for end in (heard, tell):
        os.set_blocking(end, False)
    interrupts = Interrupts(heard)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    watcher = threading.Thread(target=interrupts.watch, daemon=True)
    watcher.start()
    try:
        yield interrupts
    finally:
        signal.set_wakeup_fd(before)
        os.close(tell)  # which ends the watcher
        watcher.join()
        os.close(heard)


def import_torch() -> None:
    """`import torch`, in which Ctrl-C ends the process at once: what has been imported by half
    registers itself twice or crashes when it is asked for again. Raises ImportError."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        import_module("torch")
        return
    signal.signal(signal.SIGINT, lambda number, _frame: _end(number))
    try:
        import_module("torch")
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int) -> None:
    remove_unfinished()
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
        sys.stderr.write("tui-draggan: interrupted\n")
        sys.stderr.flush()
    os._exit(128 + number)
