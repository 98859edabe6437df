"""`tui-draggan`: the editor, with everything it asks others to do."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import models, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.opening import OpenOptions, open_bundle, open_session, origin
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.tui.services import Choice, EditorOptions, ExportRequest, Services
from tui_draggan.tui.terminal import graphics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui_draggan.edit.journal import Journal
    from tui_draggan.edit.session import Session
    from tui_draggan.engines.base import Engine

MAX_PACE = 1000


def run(options: OpenOptions, graphics_choice: str, colour: str, pace: float) -> int:
    """Runs the editor until the person leaves it; the exit status.

    Raises UsageError where there is no terminal for it, BundleError where there is no model.
    """
    if not 0 <= pace <= MAX_PACE:
        raise UsageError(f"pace is {pace}; expected 0 to {MAX_PACE} steps a second")
    problem = graphics.terminal_problem()
    if problem is not None:
        raise UsageError(f"{problem}; without a screen use: tui-draggan drag --help")

    def on_model(options: OpenOptions) -> EditorOptions:
        bundle = open_bundle(options)
        return EditorOptions(
            _hooks(options, bundle, on_model),
            model=bundle.info.name,
            resolution=bundle.info.resolution,
            resumed=origin(options, bundle),
            pace=pace,
            graphics=graphics_choice,
            colour=colour,
        )

    editor = on_model(options)

    from tui_draggan.tui.launch import run_editor

    return run_editor(editor)


def _hooks(
    options: OpenOptions,
    bundle: ModelBundle,
    on_model: Callable[[OpenOptions], EditorOptions],
) -> Services:
    """What the editor asks for while it works on one model."""
    opened = ExitStack()
    journal = _journal(bundle.info.name)
    if journal is not None:
        opened.enter_context(closing(journal))

    def engine(bundle: ModelBundle, device: str, name: str) -> Engine:
        from tui_draggan.engines.process import EngineProcess

        return opened.enter_context(closing(EngineProcess(bundle, device, name)))

    return Services(
        open_session=lambda: open_session(
            options, bundle, journal.record if journal else None, engine
        ),
        export=lambda session, request: _export(session, request, bundle),
        check_export=_check_export,
        save_session=lambda session, path: _save(session, path, bundle),
        close=opened.close,
        resume=f"tui-draggan --model {models.name_that_opens(bundle.path)} --resume",
        models=lambda: _choices(bundle),
        open_model=lambda name: on_model(OpenOptions(name, options.device, options.engine)),
    )


def _choices(current: ModelBundle) -> list[Choice]:
    return [
        Choice(
            model.name,
            model.name,
            models.DAMAGED if model.bundle is None else models.facts(model.bundle.info),
            model.problem,
            model.path.resolve() == current.path.resolve(),
        )
        for model in models.all_models()
    ]


def _journal(model: str) -> Journal | None:
    """None where it cannot be written: an edit without a journal beats no edit."""
    from tui_draggan.edit.journal import Journal

    try:
        return Journal(paths.journals(), model)
    except OutputError:
        return None


def _export(session: Session, request: ExportRequest, bundle: ModelBundle) -> str:
    from tui_draggan.commands.results import write_picture, write_run

    path, document = request.path.expanduser(), session.document
    if path.suffix.lower() == ".png":
        write_picture(path, document, session.picture, bundle.info, request.markers)
    else:
        write_run(path, document, session.frames, bundle.info, request.markers)
    return f"written: {path}"


def _check_export(path: Path) -> None:
    from tui_draggan.commands.results import check_result

    check_result(path)


def _save(session: Session, path: Path, bundle: ModelBundle) -> str:
    from tui_draggan.edit.store import save_session

    path = path.expanduser()
    save_session(path, session.document, bundle.info.name)
    name = models.name_that_opens(bundle.path)
    model = "" if name == bundle.info.name else f" --model {name}"  # else the session's own
    return f"saved: {path}; go on later with tui-draggan{model} --session {path}"
