"""`tui-draggan drag`: the editor's engine and session without a screen."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import (
    add_force,
    add_into,
    add_opening,
    add_watermark,
    check_into,
)
from tui_draggan.errors import DragganError, EngineError, UsageError
from tui_draggan.interrupts import Interrupts, prompt_interrupts
from tui_draggan.notices import Notices, heard
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark
from tui_draggan.wording import counted, numbered

if TYPE_CHECKING:
    from tui_draggan.bundle import BundleInfo
    from tui_draggan.commands.results import StepLog
    from tui_draggan.edit.document import Frame
    from tui_draggan.edit.points import Point
    from tui_draggan.edit.session import Session
    from tui_draggan.pictures.photograph import FullPhotograph

STOPPED_SHORT = 3
NO_POINTS = "nothing to drag; add --point handle:target, as in --point 60,40:60,28"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Drags handle points to their targets and writes picture, animation and log. Exit status: "
        "0 if every handle reached its target, 3 if the drag stopped short, 2 for wrong input, 1 "
        "for a failure."
    )
    add_points(parser)
    parser.add_argument(
        "--from",
        dest="source",
        type=typed_path,
        metavar="PICTURE",
        help="make the picture of a file that this program has written again, without a drag: to "
        "the byte with the same engine on the same machine; --session PICTURE drags it on",
    )
    add = parser.add_argument_group("output").add_argument
    add("--out", type=typed_path, metavar="PNG", help="the edited picture")
    add_into(add)
    add("--animation", type=typed_path, metavar="FILE", help=".gif, .webp or .mp4")
    add(
        "--log",
        type=typed_path,
        metavar="JSONL",
        help="a line of JSON for each step; - is standard output",
    )
    add("--save", type=typed_path, metavar="FILE", help="the edit, for --session")
    add("--save-latent", type=typed_path, metavar="NPZ", help="w+, for --latent and other programs")
    add_force(add)
    add("--markers", action="store_true", help="draw the points into the pictures")
    add_watermark(add)
    add("--show", action="store_true", help="print the picture in the terminal")
    add(
        "--json",
        action="store_true",
        help="print a summary as a line of JSON: outcome, message, steps, seconds, distance, "
        "points (handle, target, distance, pulled, pin, match), engine, written",
    )
    add_opening(parser)


def add_points(parser: argparse.ArgumentParser) -> None:
    """What is done to the picture that is opened."""
    parser.add_argument(
        "--point",
        action="append",
        default=[],
        metavar="X,Y:X,Y",
        help="handle and target in pixels, once for each pair; added to those of a session",
    )
    parser.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="X,Y",
        help="a place that stays as it is while points are dragged, once for each",
    )
    parser.add_argument(
        "--hold-rest",
        action="store_true",
        help="pins all over the picture, except near points",
    )
    parser.add_argument(
        "--direction",
        action="append",
        default=[],
        metavar="NAME=σ[@ROWS]",
        help="moves the picture along a direction before the drag, as apply does; once for each",
    )


def run(options: argparse.Namespace) -> int:
    """Drags and writes.

    Returns 0 when every handle reached its target, 3 when it stopped short. Raises UsageError,
    BundleError, EngineError, OutputError.
    """
    with prompt_interrupts() as interrupts:
        return _run(options, interrupts)


def _run(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from tui_draggan.commands import results
    from tui_draggan.commands.making_again import check_again, make_again
    from tui_draggan.commands.opening import (
        LastEdit,
        OpenRequest,
        engine_for,
        open_bundle,
        open_mask,
        open_session,
    )
    from tui_draggan.edit.photographs import photograph_of
    from tui_draggan.tui.printing import check_printing, print_picture

    writers = [options.json, options.log == results.STDOUT, options.show]
    if sum(writers) > 1:
        raise UsageError(
            "--json, --log - and --show each write to standard output; use one of them"
        )
    if options.show:
        check_printing()
    check_into(options)
    if options.source is not None:
        check_again(options)
    results.check_outputs(
        force=options.force,
        picture=options.out,
        animation=options.animation,
        log=options.log,
        latent=options.save_latent,
        file=options.save,
    )
    request = OpenRequest.of(options)
    if options.source is not None:
        return make_again(options, request)
    bundle = open_bundle(request)
    pairs = parse_pairs(options, bundle.info)
    mask = open_mask(request, bundle)
    if mask is not None:
        remark(mask.note)
    if isinstance(request.start, LastEdit):
        remark(request.start.note(bundle.info))
    notices = Notices()
    with heard(notices), closing(engine_for(request, bundle)) as engine:
        session = open_session(request, bundle, engine, mask)
        for handle, target in pairs:
            session.add_pair(handle, target)
        if options.hold_rest:
            session.hold_rest()
        if not session.document.dragged:
            raise UsageError(NO_POINTS)
        into = options.into and photograph_of(options.into, session.document.latent.origin)
        log = results.StepLog(options.log)
        drawn = options.animation is not None
        try:
            frames, seconds = _drag(session, log, notices, interrupts, pictures=drawn)
        finally:
            remark(*notices.taken())  # what came with the last picture, or before a failure
    written, problems = _write(options, session, frames, into)
    if options.show and session.picture is not None:
        print_picture(session.picture)
    if log.problem is not None:
        problems.append(log.problem)
    elif options.log not in (None, results.STDOUT):
        written.append(options.log)
    status = _report(session, frames, seconds, written)
    if options.json:
        print(results.summary(session, frames, seconds, written))
    for problem in problems[:-1]:
        remark(f"tui-draggan: {problem.line}")
    if problems:
        raise problems[-1]
    return status


def parse_pairs(options: argparse.Namespace, info: BundleInfo) -> list[tuple[Point, Point]]:
    """Handles and targets of `--point` and `--pin`, those of a pin in one place. Raises UsageError
    for what is no pair or no point, or outside the picture."""
    from tui_draggan.edit.points import check_inside, parse_pair, parse_point

    pairs = [parse_pair(text) for text in options.point]
    for handle, target in pairs:
        check_inside(handle, info.size, "handle")
        check_inside(target, info.size, "target")
    pins = [check_inside(parse_point(text), info.size, "pin") for text in options.pin]
    return [*pairs, *((pin, pin) for pin in pins)]


def _drag(
    session: Session, log: StepLog, notices: Notices, interrupts: Interrupts, pictures: bool
) -> tuple[list[Frame], float]:
    """Runs to the end; Ctrl-C ends it at the step it has reached. pictures: whether every frame
    needs its own. Raises EngineError.

    Returns the frames and the seconds their steps took, from the first frame on: before it the
    engine starts.
    """
    from tui_draggan.edit.progress import Outcome

    frames: list[Frame] = []
    began = ended = time.perf_counter()
    with ExitStack() as stack:
        show = stack.enter_context(_progress_bar(session))
        stack.enter_context(closing(log))
        steps = stack.enter_context(closing(session.run(pictures=pictures)))
        try:
            for frame in steps:
                ended = time.perf_counter()
                if not frames:
                    began = ended
                frames.append(frame)
                show(frame)
                remark(*notices.taken())
                log.write(frame, session.document)
        except KeyboardInterrupt:
            interrupts.forgive()  # the run has stopped and the picture is complete
    if session.status.outcome is Outcome.FAILED and not frames:
        raise EngineError(session.status.message)
    return frames, ended - began


@contextmanager
def _progress_bar(session: Session) -> Iterator[Callable[[Frame], None]]:
    """On a terminal a bar with distance and loss; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda frame: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from tui_draggan.commands.progress import elapsed_column

    columns = (
        TextColumn("drag"),
        BarColumn(),
        MofNCompleteColumn(),
        elapsed_column(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("drag", total=session.document.parameters.steps, state="")

        def show(frame: Frame) -> None:
            state = f"{frame.distance:.1f} px  loss {frame.loss:.4f}"
            progress.update(task, completed=frame.iteration, state=state)

        yield show


def _write(
    options: argparse.Namespace,
    session: Session,
    frames: list[Frame],
    into: FullPhotograph | None = None,
) -> tuple[list[Path], list[DragganError]]:
    """Writes what was asked for, each whatever becomes of the others: the files there are then,
    and why others could not be written. into: the photograph that the picture is put back into."""
    from tui_draggan.commands import results
    from tui_draggan.edit.latent_files import write_latent
    from tui_draggan.edit.store import save_session

    document, info, markers = session.document, session.info, options.markers
    written, problems = [], []

    def attempt(path: Path | None, write: Callable[[Path], None]) -> None:
        if path is None:
            return
        try:
            write(path)
        except DragganError as error:
            problems.append(error)
        else:
            written.append(path)

    picture = session.picture
    attempt(
        options.out,
        lambda path: results.write_picture(
            path, document, picture, info, markers, into, options.watermark
        ),
    )
    if frames:
        attempt(
            options.animation,
            lambda path: results.write_run(
                path, document, frames, info, markers, options.watermark
            ),
        )
    attempt(options.save, lambda path: save_session(path, document, info.name))
    attempt(options.save_latent, lambda path: write_latent(path, document.latent))
    return written, problems


def _report(session: Session, frames: list[Frame], seconds: float, written: list[Path]) -> int:
    """Says how the drag ended, and where its results are. Returns the exit status."""
    from tui_draggan.edit.latent import class_name
    from tui_draggan.edit.progress import AT_TARGETS, Outcome

    status = session.status
    outcome = status.outcome or Outcome.STOPPED
    label = class_name(session.document.latent.origin, session.info)
    what = "" if label is None else f"class {label}: "
    rate = f", {status.iteration / seconds:.1f} it/s" if seconds else ""
    away = f", {frames[-1].distance:.1f} px from the target" if frames else ""
    remark(
        f"{what}{outcome.value} after {counted(status.iteration, 'step')} "
        f"({seconds:.1f} s{rate}){away}: {status.message}",
        f"written: {', '.join(map(str, written))}"
        if written
        else "nothing written; add --out FILE.png",
    )
    unpulled = frames[-1].unpulled_numbers if frames else []
    if unpulled:
        remark(
            f"nothing pulls {numbered('point', unpulled)}: the features around the handle are all "
            "alike; put it where the picture has detail"
        )
    return 0 if outcome in AT_TARGETS else STOPPED_SHORT
