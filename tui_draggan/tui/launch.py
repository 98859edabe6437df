"""Starting and ending the editor: what comes before Textual is imported and after it has left."""

from __future__ import annotations

from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.terminal.graphics import Terminal, apply_colour
from tui_draggan.tui.worker import end, engine_thread

PATIENCE = 1.5
"""Seconds that engines, killed already, and journals get to close when the editor has been left."""


def run_editor(options: EditorOptions) -> int:
    """Runs the editor until it is left; returns the exit status.

    Raises the DragganError that kept the session from opening. The engine's thread starts first:
    model and screen load side by side.
    """
    apply_colour(options.colour)
    terminal = Terminal.at_start(options.graphics, options.colour)
    threads = [engine_thread(options)]
    threads[0].start()
    try:
        from tui_draggan.tui.app import EditorApp
        from tui_draggan.tui.program import run_program

        app = EditorApp(options, threads, terminal)
        status = run_program(app, lambda: end(threads, PATIENCE))
    finally:
        end(threads, PATIENCE)
    if app.problem is not None:
        raise app.problem
    return status
