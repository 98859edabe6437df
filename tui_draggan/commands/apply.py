"""`tui-draggan apply`: the sliders without the editor, on a seed or on saved edits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import (
    add_force,
    add_into,
    add_latent,
    add_model,
    add_picture,
    add_watermark,
    check_into,
)
from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say

if TYPE_CHECKING:
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import Start
    from tui_draggan.edit.document import Document
    from tui_draggan.edit.moves import Move

FRAMES = 30
"""Pictures of a sweep, there and back."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Moves pictures along directions: one by its seed, or those of saved sessions, a file or a "
        "folder of them each. tui-draggan directions lists the directions."
    )
    parser.add_argument(
        "sessions", nargs="*", type=typed_path, metavar="SESSION|FOLDER", help="saved edits"
    )
    parser.add_argument(
        "--direction",
        action="append",
        required=True,
        metavar="NAME=σ[@ROWS]",
        help="how far along which direction, on which rows of w+ (all, shape, colour, 3-5); "
        "NAME=A..B is a sweep for --animation. StyleGAN3 has 'shift x' and 'shift y' in pixels and "
        "turn in degrees too. Once for each direction",
    )
    add = parser.add_argument_group("output").add_argument
    add("--out", type=typed_path, metavar="PNG|FOLDER", help="the pictures; a folder for several")
    add_into(add)
    add("--save", type=typed_path, metavar="FILE|FOLDER", help="the edits, for --session")
    add("--animation", type=typed_path, metavar="FILE", help="the sweep: .gif, .webp or .mp4")
    add_force(add)
    add_watermark(add)
    add("--show", action="store_true", help="print the pictures in the terminal")
    group = parser.add_argument_group("model and picture", argument_default=argparse.SUPPRESS)
    add_model(group, ", or the model the sessions were saved with")
    add_picture(group)
    add_latent(group, group)


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import (
        OpenRequest,
        SavedSession,
        direction_store,
        engine_for,
        open_bundle,
    )
    from tui_draggan.edit.latent import label_of
    from tui_draggan.edit.moves import parse_move

    sessions = list(_files(options.sessions))
    _check(options, sessions)
    request = OpenRequest.of(options)
    if sessions:
        request = replace(request, start=SavedSession(sessions[0]))
    bundle = open_bundle(request)
    kept = direction_store(bundle).all()
    with closing(engine_for(request, bundle)) as engine:
        engine.open()
        model = Model(bundle, lambda: engine)
        for name, document in _documents(model, sessions, request.start):
            known = model.directions(label_of(document.latent.origin), kept)
            moves = [parse_move(text, known, bundle.info) for text in options.direction]
            _write(options, name, bool(sessions[1:]), document, moves, model)
    return 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The session files that are named, and those of the folders that are. Raises UsageError."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob("*.json"))
        if not found:
            raise UsageError(f"{path} holds no sessions (.json)")
        yield from found


def _check(options: argparse.Namespace, sessions: Sequence[Path]) -> None:
    """Raises UsageError or OutputError, before long work."""
    from tui_draggan.commands.results import check_new, check_outputs, places_in
    from tui_draggan.files import check_folder
    from tui_draggan.tui.printing import check_printing

    if options.show:
        check_printing()
    elif options.out is options.save is options.animation is None:
        raise UsageError("nothing to write; add --out, --save, --animation or --show")
    if sessions:
        for name in ("seed", "psi", "label", "latent"):
            if hasattr(options, name):
                flag = "class" if name == "label" else name
                raise UsageError(f"a saved edit already has a {flag}; remove --{flag}")
    several = len(sessions) > 1
    check_into(options)
    if options.into is not None and several:
        raise UsageError("--into is for one edit; give one session")
    if options.animation is not None:
        if several:
            raise UsageError("--animation is for one picture; give one session, or a seed")
        if not any(".." in text for text in options.direction):
            raise UsageError("nothing to animate; a sweep is --direction NAME=-3..3")
    if not several:
        check_outputs(
            force=options.force,
            picture=options.out,
            animation=options.animation,
            file=options.save,
        )
        return
    places = []
    for folder, suffix in ((options.out, ".png"), (options.save, ".json")):
        if folder is not None:
            check_folder(folder)
            places += places_in(folder, [f"{path.stem}{suffix}" for path in sessions], "edits")
    check_new(places, options.force)


def _documents(
    model: Model, sessions: Sequence[Path], start: Start
) -> Iterator[tuple[str, Document]]:
    """The edits to be moved, each with the name its files get. Raises UsageError."""
    from tui_draggan.commands.opening import opened_edit, warn_if_strange
    from tui_draggan.edit.store import load_session

    for path in sessions:
        yield path.stem, load_session(path, model.info)
    if not sessions:
        document, _ = opened_edit(start, model)
        warn_if_strange(model, document)
        yield "", document


def _write(
    options: argparse.Namespace,
    name: str,
    several: bool,
    document: Document,
    moves: Sequence[Move],
    model: Model,
) -> None:
    """Writes what is asked for of one edit. Raises OutputError."""
    from tui_draggan.commands.results import write_picture, write_way
    from tui_draggan.edit.drawing import Drawing
    from tui_draggan.edit.moves import moved_along
    from tui_draggan.edit.photographs import photograph_of
    from tui_draggan.edit.store import save_session

    info = model.info
    moved = moved_along(document, moves)
    drawing = Drawing(model.engine)
    picture = None
    if options.out is not None or options.show:
        picture = drawing.picture(moved.latent.ws, moved.hold)
    if options.out is not None:
        path = _place(options.out, f"{name}.png", several)
        into = options.into and photograph_of(options.into, moved.latent.origin)
        write_picture(path, moved, picture, info, into=into, watermark=options.watermark)
        say(f"written: {path}")
    if options.show and picture is not None:
        from tui_draggan.tui.printing import print_picture

        print_picture(picture)
    if options.save is not None:
        path = _place(options.save, f"{name}.json", several)
        save_session(path, moved, info.name)
        say(f"written: {path}")
    if options.animation is not None:
        from tui_draggan.commands.progress import progress

        pictures = []
        with progress(sys.stderr) as report:
            for number in range(FRAMES):
                report("drawing", number, FRAMES)
                share = 1 - abs(2 * number / (FRAMES - 1) - 1)
                part = moved_along(document, moves, share)
                pictures.append(drawing.picture(part.latent.ws, part.hold))
        write_way(options.animation, pictures, moved, info, watermark=options.watermark)
        say(f"written: {options.animation}")


def _place(path: Path, name: str, several: bool) -> Path:
    """Where one of several goes. Raises OutputError."""
    from tui_draggan.files import unwritable

    if not several:
        return path
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path / name
