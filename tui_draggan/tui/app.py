"""Starting and ending the editor: what comes before Textual is imported and after it has left."""

from __future__ import annotations

from tui_draggan.pictures.graphics import apply_colour, choose_display
from tui_draggan.tui.options import EditorOptions, ExportRequest, Hooks
from tui_draggan.tui.worker import EngineThread

__all__ = ["EditorOptions", "ExportRequest", "Hooks", "run_editor"]

PATIENCE = 30.0
"""Seconds the engine gets to finish the step at hand when the editor has been left."""


def run_editor(options: EditorOptions) -> int:
    """Runs the editor until it is left; returns the exit status.

    Raises the DragganError that kept the session from opening. The engine's thread starts first:
    model and screen load side by side.
    """
    apply_colour(options.colour)
    display = choose_display(options.graphics)
    thread = EngineThread(options.hooks.open_session)
    thread.start()
    try:
        from tui_draggan.tui.editor import DragganApp

        app = DragganApp(options, thread, display)
        status = app.run()
    finally:
        thread.stop()
        thread.join(PATIENCE)
        if options.hooks.close is not None:
            options.hooks.close()
    if app.problem is not None:
        raise app.problem
    return app.return_code or 0 if status is None else status
