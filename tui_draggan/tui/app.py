"""Starting and ending the editor: what comes before Textual is imported and after it has left."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui_draggan.tui.services import Choice, EditorOptions, ExportRequest, Services
from tui_draggan.tui.terminal.graphics import apply_colour, choose_display
from tui_draggan.tui.worker import EngineThread, end

if TYPE_CHECKING:
    from tui_draggan.tui.editor import DragganApp

__all__ = ["Choice", "EditorOptions", "ExportRequest", "Services", "run_editor"]

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
    threads = [EngineThread(options.hooks.open_session, options.pace, options.hooks.close)]
    threads[0].start()
    try:
        from tui_draggan.tui.editor import DragganApp

        app = DragganApp(options, threads, display)
        with _ending_signals(app):
            status = app.run()
    finally:
        end(threads, PATIENCE)
    if app.problem is not None:
        raise app.problem
    return (app.return_code or 0) if status is None else status


@contextmanager
def _ending_signals(app: DragganApp) -> Iterator[None]:
    """A killed editor leaves the terminal as it was and its journal closed.

    Where the terminal itself has gone, Textual waits for ever to write to it: after closing all
    that matters the process ends without it.
    """

    def last_resort(status: int) -> None:
        end(app.threads, PATIENCE)
        time.sleep(GRACE)
        os._exit(status)

    def leave(number: int, _frame: object) -> None:
        status = 128 + number
        threading.Thread(target=last_resort, args=(status,), daemon=True).start()
        app.end_soon(status)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
