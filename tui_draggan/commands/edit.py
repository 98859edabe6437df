"""`tui-draggan`: the editor, with everything it asks others to do."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import library, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.arguments import add_opening, add_screen
from tui_draggan.errors import UsageError
from tui_draggan.files import unwritable
from tui_draggan.notices import Notices, heard
from tui_draggan.tui.services import Choice, EditorOptions, ExportRequest, Services
from tui_draggan.tui.terminal import graphics
from tui_draggan.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui_draggan.commands.opening import OpenRequest
    from tui_draggan.edit.marks import Mark
    from tui_draggan.edit.mask import LoadedMask
    from tui_draggan.edit.snapshot import Snapshot
    from tui_draggan.edit.tuning import TunedModel
    from tui_draggan.engines.process import EngineProcess
    from tui_draggan.tui.tutorial import Tutorial

MAX_PACE = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Drag points of a GAN picture in the terminal. Without a command: the editor."
    )
    add_opening(parser)
    screen = parser.add_argument_group("screen")
    screen.add_argument(
        "--pace",
        type=float,
        default=argparse.SUPPRESS,
        metavar="N",
        help="steps per second at most; 0: as many as the engine makes (default: 30)",
    )
    add_screen(screen)


def run(
    options: argparse.Namespace,
    gallery: bool = False,
    tutorial: Tutorial | None = None,
) -> int:
    """Runs the editor until the person leaves it. Returns the exit status.

    gallery: whether it begins with the gallery. tutorial: what leads through a first edit. Raises
    UsageError where there is no terminal for it, BundleError where there is no model.
    """
    from tui_draggan.commands.settings import read_settings, screen_options

    settings = read_settings()
    terminal = screen_options(options, settings)
    pace = getattr(options, "pace", settings.pace)
    if not 0 <= pace <= MAX_PACE:
        raise UsageError(f"pace is {pace:g}; expected 0 to {MAX_PACE} steps per second")
    problem = graphics.terminal_problem()
    if problem is not None:
        raise UsageError(f"{problem}; to work without a screen, see: tui-draggan drag --help")
    from tui_draggan.commands.file_opening import run_at, weights_at
    from tui_draggan.commands.opening import LastEdit, OpenRequest, open_at_once, open_mask
    from tui_draggan.commands.resuming import edits_to_resume
    from tui_draggan.commands.snapshots import SnapshotPictures
    from tui_draggan.engines.process import NICENESS

    notices = Notices()
    asked = OpenRequest.of(options)
    folder = run_at(asked.model)
    run = None if folder is None else SnapshotPictures(folder)

    def on_model(request: OpenRequest) -> EditorOptions:
        bundle, engine = open_at_once(request, NICENESS)
        if bundle.files:  # else it is not there yet
            library.remember(bundle.path)
        mask = open_mask(request, bundle)
        start = request.start
        is_newest = start == LastEdit()
        weights = weights_at(request.model)
        own = run if run is not None and weights in run.files() else None
        return EditorOptions(
            replace(_services(request, bundle, engine, mask, on_model, notices), run=own),
            model=bundle.info.name,
            size=bundle.info.size,
            resumed=start.note(bundle.info) if isinstance(start, LastEdit) else "",
            edits=edits_to_resume(bundle.info.name, request.model is not None) if is_newest else (),
            masked="" if mask is None else mask.note,
            weights=weights,
            pace=pace,
            graphics=terminal[0],
            colour=terminal[1],
            theme=settings.theme,
            export_folder=settings.export_folder if tutorial is None else tutorial.folder,
            keymap=settings.keys,
        )

    from tui_draggan.tui.launch import run_editor

    with heard(notices), nullcontext() if run is None else closing(run):
        return run_editor(replace(on_model(asked), gallery=gallery, tutorial=tutorial))


def _services(
    request: OpenRequest,
    bundle: ModelBundle,
    engine: EngineProcess,
    mask: LoadedMask | None,
    on_model: Callable[[OpenRequest], EditorOptions],
    notices: Notices,
) -> Services:
    """What the editor asks for while it works on one model."""
    from tui_draggan.commands.equivalent import drag_command
    from tui_draggan.commands.opening import (
        HandedOn,
        LastEdit,
        NewPicture,
        OpenRequest,
        direction_store,
        label_store,
        open_session,
    )
    from tui_draggan.commands.results import check_result
    from tui_draggan.commands.resuming import latent_of_edit
    from tui_draggan.commands.settings import remember
    from tui_draggan.edit.journal import Journal
    from tui_draggan.edit.marks import read_marks
    from tui_draggan.opened_files import kept

    opened = ExitStack()
    if not bundle.files:  # its export ends with the engine
        opened.callback(kept.sweep, kept.PATIENCE)
    journal = opened.enter_context(closing(Journal(paths.journals(), bundle.info.name)))
    opened.enter_context(closing(engine))

    directions = direction_store(bundle)
    return Services(
        open_session=lambda: open_session(request, bundle, engine, mask, journal.record),
        export=lambda snapshot, request: _export(snapshot, request, bundle),
        export_into=lambda snapshot, photograph, path: _export_into(
            snapshot, photograph, path, bundle
        ),
        check_export=check_result,
        save_session=lambda snapshot, path: _save(snapshot, path, bundle),
        command=lambda snapshot: drag_command(snapshot, library.name_that_opens(bundle.path)),
        close=opened.close,
        abandon=engine.close,
        notices=lambda: [*journal.notices(), *notices.taken()],
        check_photographs=bundle.require_inversion if bundle.files else lambda: None,
        tuned_model=lambda snapshot, name: _tuned_model(snapshot, name, bundle),
        open_tuned=lambda snapshot, name: on_model(
            OpenRequest(
                name,
                device=request.device,
                engine=request.engine,
                start=HandedOn(snapshot.document),
            )
        ),
        remember=remember,
        resume=f"tui-draggan --model {library.name_that_opens(bundle.path)} --resume",
        marks=lambda: read_marks(paths.marks(bundle.info.name), bundle.info),
        keep_marks=lambda marks: _keep_marks(marks, bundle.info.name),
        directions=directions.all,
        name_direction=directions.rename,
        keep_direction=directions.keep,
        labels=label_store(bundle),
        models=lambda: _choices(bundle),
        open_model=lambda name: on_model(
            OpenRequest(name, device=request.device, engine=request.engine)
        ),
        open_snapshot=lambda picture: on_model(
            replace(request, model=str(picture.file), start=NewPicture.of(picture.seed))
        ),
        latent_of_edit=lambda journal: latent_of_edit(journal, bundle.info),
        open_edit=lambda journal: on_model(replace(request, start=LastEdit(Path(journal)))),
    )


def _keep_marks(marks: Sequence[Mark], model: str) -> None:
    from tui_draggan.edit.marks import write_marks

    path = paths.marks(model)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    write_marks(path, marks, model)


def _choices(current: ModelBundle) -> list[Choice]:
    return [
        Choice(
            model.name,
            printable(model.name),
            library.DAMAGED if model.bundle is None else library.summary(model.bundle.info),
            model.problem,
            model.path.resolve() == current.path.resolve(),
        )
        for model in (*library.all_models(), *library.elsewhere())
    ]


def _export(snapshot: Snapshot, request: ExportRequest, bundle: ModelBundle) -> str:
    from tui_draggan.commands.results import write_picture, write_run
    from tui_draggan.edit.latent_files import SUFFIX as LATENT
    from tui_draggan.edit.latent_files import write_latent

    path, document = request.path, snapshot.document
    suffix = path.suffix.lower()
    if suffix == ".png":
        write_picture(path, document, snapshot.picture, bundle.info, request.markers)
    elif suffix == LATENT:
        write_latent(path, document.latent)
    else:
        write_run(path, document, snapshot.film, bundle.info, request.markers)
    return _written(path)


def _export_into(snapshot: Snapshot, photograph: Path, path: Path, bundle: ModelBundle) -> str:
    from tui_draggan.commands.results import write_picture
    from tui_draggan.edit.photographs import photograph_of

    document = snapshot.document
    full = photograph_of(photograph, document.latent.origin)
    write_picture(path, document, snapshot.picture, bundle.info, into=full)
    return _written(path)


def _tuned_model(snapshot: Snapshot, name: str, bundle: ModelBundle) -> TunedModel:
    from tui_draggan.commands.tuning import tuned_model
    from tui_draggan.edit.latent import Photo

    if bundle.files:
        bundle.require_tuning()
    origin = snapshot.document.latent.origin
    return tuned_model(name, [origin.file] if isinstance(origin, Photo) else [], snapshot.info)


def _written(path: Path) -> str:
    """Its folder is the next export's."""
    from tui_draggan.commands.settings import remember

    remember("export_folder", _folder(path))
    return f"written: {path}"


def _folder(path: Path) -> str:
    """Folder to be offered the next time; «» for the working folder, wherever that is then."""
    folder = path.parent.absolute()
    return "" if folder == Path.cwd() else str(folder)


def _save(snapshot: Snapshot, path: Path, bundle: ModelBundle) -> str:
    from tui_draggan.commands.settings import remember
    from tui_draggan.edit.past import save_edit
    from tui_draggan.edit.store import save_session

    if snapshot.past is None:
        save_session(path, snapshot.document, bundle.info.name)
    else:
        save_edit(path, snapshot.document, snapshot.past, bundle.info.name)
    remember("export_folder", _folder(path))
    name = library.name_that_opens(bundle.path)
    model = "" if name == bundle.info.name else f" --model {name}"  # else the session's own
    return f"saved: {path}; continue later with: tui-draggan{model} --session {path}"
