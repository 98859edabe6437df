"""What the editor and the watcher have in common as full-screen programs: colours, and the end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textual.app import App
from textual.theme import Theme

GRACE = 2.0
"""Seconds the screen gets to put the terminal back after a signal."""
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

THEME = Theme(
    name="draggan",
    primary="#56b4e9",
    secondary="#8fa3b8",
    accent="#56b4e9",
    foreground="#d7dce2",
    background="#13161b",
    surface="#1a1e25",
    panel="#232933",
    success="#4cc38a",
    warning="#f0c05a",
    error="#e5707a",
    dark=True,
    variables={
        "footer-background": "#1a1e25",
        "footer-key-foreground": "#56b4e9",
        "footer-description-foreground": "#9aa5b1",
        "footer-item-background": "#1a1e25",
        "foreground-muted": "#8893a0",
    },
)


class Program(App[int]):
    """A program with this project's colours. Returns the exit status."""

    def __init__(self) -> None:
        super().__init__()
        self.title = "tui-draggan"
        self._own_loop: asyncio.AbstractEventLoop | None = None

    def begin(self, theme: str | None = None) -> None:
        """Called first when it is mounted. theme: name of a Textual theme; else the project's."""
        self._own_loop = asyncio.get_running_loop()
        self.register_theme(THEME)
        self.theme = theme if theme and theme in self.available_themes else THEME.name

    def action_end(self, status: int) -> None:
        """Leaves at once with that exit status."""
        self.exit(status, status)

    def end_soon(self, status: int) -> None:
        """`action_end` for signal handlers."""
        if self.is_running and self._own_loop is not None:
            self._own_loop.call_soon_threadsafe(self.action_end, status)


def run_program(program: Program, close: Callable[[], None] | None = None) -> int:
    """Runs it until it is left; the exit status.

    close: closes what must not be lost, before the process is ended in spite of the screen.
    """
    with _ending_signals(program, close):
        status = program.run()
    return (program.return_code or 0) if status is None else status


@contextmanager
def _ending_signals(program: Program, close: Callable[[], None] | None) -> Iterator[None]:
    """A killed program leaves the terminal as it was.

    Where the terminal itself has gone, Textual waits for ever to write to it: after closing all
    that matters the process ends without it.
    """

    def last_resort(status: int) -> None:
        if close is not None:
            close()
        time.sleep(GRACE)
        os._exit(status)

    def leave(number: int, _frame: object) -> None:
        status = 128 + number
        threading.Thread(target=last_resort, args=(status,), daemon=True).start()
        program.end_soon(status)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
