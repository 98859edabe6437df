"""Starting and ending the editor: what comes before Textual is imported and after it has left."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui_draggan.pictures.graphics import apply_colour, choose_display
from tui_draggan.tui.options import EditorOptions, ExportRequest, Hooks
from tui_draggan.tui.worker import EngineThread

if TYPE_CHECKING:
    from tui_draggan.tui.editor import DragganApp

__all__ = ["EditorOptions", "ExportRequest", "Hooks", "run_editor"]

PATIENCE = 30.0
"""Seconds the engine gets to finish the step at hand when the editor has been left."""
GRACE = 2.0
"""Seconds the screen gets to put the terminal back after a signal."""
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def run_editor(options: EditorOptions) -> int:
    """Runs the editor until it is left; returns the exit status.

    Raises the DragganError that kept the session from opening. The engine's thread starts first:
    model and screen load side by side.
    """
    apply_colour(options.colour)
    display = choose_display(options.graphics)
    thread = EngineThread(options.hooks.open_session, options.pace)
    close = _once(thread, options.hooks)
    thread.start()
    try:
        from tui_draggan.tui.editor import DragganApp

        app = DragganApp(options, thread, display)
        with _ending_signals(app, close):
            status = app.run()
    finally:
        close()
    if app.problem is not None:
        raise app.problem
    return (app.return_code or 0) if status is None else status


def _once(thread: EngineThread, hooks: Hooks) -> Callable[[], None]:
    """What stops and joins the engine's thread and then closes the journal, one time."""
    lock = threading.Lock()
    closed = False

    def close() -> None:
        nonlocal closed
        with lock:
            if closed:
                return
            closed = True
            thread.stop()
            thread.join(PATIENCE)
            if hooks.close is not None:
                hooks.close()

    return close


@contextmanager
def _ending_signals(app: DragganApp, close: Callable[[], None]) -> Iterator[None]:
    """A killed editor leaves the terminal as it was and its journal closed.

    Where the terminal itself has gone, Textual waits for ever to write to it: after closing all
    that matters the process ends without it.
    """

    def last_resort(status: int) -> None:
        close()
        time.sleep(GRACE)
        os._exit(status)

    def end(number: int, _frame: object) -> None:
        status = 128 + number
        threading.Thread(target=last_resort, args=(status,), daemon=True).start()
        app.end_soon(status)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
