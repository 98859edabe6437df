"""`tui-draggan`: the editor, with everything it asks others to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.pictures import graphics
from tui_draggan.tui.options import EditorOptions, ExportRequest, Hooks
from tui_draggan.workbench import OpenOptions, open_bundle, open_session

MAX_PACE = 1000
if TYPE_CHECKING:
    from tui_draggan.drag.journal import Journal
    from tui_draggan.drag.session import DragSession


def run(options: OpenOptions, graphics_choice: str, colour: str, pace: float) -> int:
    """Runs the editor until the person leaves it; the exit status.

    Raises UsageError where there is no terminal for it, BundleError where there is no model.
    """
    if not 0 <= pace <= MAX_PACE:
        raise UsageError(f"pace is {pace}; expected 0 to {MAX_PACE} steps a second")
    problem = graphics.terminal_problem()
    if problem is not None:
        raise UsageError(f"{problem}; without a screen use: tui-draggan drag --help")
    bundle = open_bundle(options)

    from tui_draggan.engines.apart import EngineApart
    from tui_draggan.tui.app import run_editor

    journal = _journal(bundle.info.name)
    recorder = journal.record if journal else None
    hooks = Hooks(
        open_session=lambda: open_session(options, bundle, recorder, EngineApart),
        export=lambda session, request: _export(session, request, bundle),
        check_export=_check_export,
        save_session=lambda session, path: _save(session, path, bundle),
        close=journal.close if journal else None,
    )
    return run_editor(
        EditorOptions(
            hooks,
            model=bundle.info.name,
            resolution=bundle.info.resolution,
            pace=pace,
            graphics=graphics_choice,
            colour=colour,
        )
    )


def _journal(model: str) -> Journal | None:
    """None where it cannot be written: an edit without a journal beats no edit."""
    from tui_draggan.drag.journal import Journal

    try:
        return Journal(paths.journals(), model)
    except OutputError:
        return None


def _export(session: DragSession, request: ExportRequest, bundle: ModelBundle) -> str:
    from tui_draggan.results import write_picture, write_run

    path, document = request.path.expanduser(), session.document
    if path.suffix.lower() == ".png":
        write_picture(path, document, session.picture, bundle.info, request.markers)
    else:
        write_run(path, document, session.frames, bundle.info, request.markers)
    return f"written: {path}"


def _check_export(path: Path) -> None:
    from tui_draggan.results import check_result

    check_result(path)


def _save(session: DragSession, path: Path, bundle: ModelBundle) -> str:
    from tui_draggan.drag.store import save_session

    path = path.expanduser()
    save_session(path, session.document, session.params, bundle.info.name)
    return f"saved: {path}; go on later with tui-draggan --session {path}"
