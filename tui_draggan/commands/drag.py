"""`tui-draggan drag`: the same engine and session without a screen."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tui_draggan.bundle import BundleInfo
from tui_draggan.commands.opening import OpenOptions, open_bundle, open_session
from tui_draggan.commands.results import write_picture, write_run
from tui_draggan.edit.document import Frame
from tui_draggan.edit.latent import class_name
from tui_draggan.edit.points import Point, check_inside, parse_pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import save_session
from tui_draggan.errors import EngineError, OutputError, UsageError
from tui_draggan.files import check_writable
from tui_draggan.pictures.animation import check_animation
from tui_draggan.pictures.png import check_png

STOPPED_SHORT = 3


@dataclass(frozen=True)
class DragOptions:
    """One headless edit."""

    open: OpenOptions
    points: tuple[str, ...]
    out: Path | None = None
    animation: Path | None = None
    log: Path | None = None
    save: Path | None = None
    markers: bool = False
    """Draw the points into picture and animation."""


def run_drag(options: DragOptions) -> int:
    """Drags and writes. Returns 0 when every handle reached its target, 3 when it stopped short."""
    _check_outputs(options)
    bundle = open_bundle(options.open)
    pairs = _parse_pairs(options.points, bundle.info)
    session = open_session(options.open, bundle)
    for handle, target in pairs:
        session.add_pair(handle, target)
    if not session.document.pairs:
        raise UsageError("nothing to drag; give --point handle:target, as in --point 60,40:60,28")
    started = time.perf_counter()
    frames = _drag(session, options.log)
    seconds = time.perf_counter() - started
    _write(options, session, frames, bundle.info)
    status = session.status
    outcome = status.outcome or Outcome.STOPPED
    label = class_name(session.document.latent.origin, bundle.info)
    what = "" if label is None else f"class {label}: "
    rate = status.iteration / seconds if seconds else 0.0
    away = f", {frames[-1].distance:.1f} px from the target" if frames else ""
    print(
        f"{what}{outcome.value} after {status.iteration} steps "
        f"({seconds:.1f} s, {rate:.1f} it/s){away}: {status.message}",
        file=sys.stderr,
    )
    outputs = (options.out, options.animation, options.log, options.save)
    written = [str(path) for path in outputs if path is not None]
    print(f"written: {', '.join(written) or 'nothing, for want of --out'}", file=sys.stderr)
    return 0 if outcome is Outcome.REACHED else STOPPED_SHORT


def _check_outputs(options: DragOptions) -> None:
    """Says at once, before long work, what could not be written at its end."""
    if options.out is not None:
        check_png(options.out)
    if options.animation is not None:
        check_animation(options.animation)
    for path in (options.log, options.save):
        if path is not None:
            check_writable(path)


def _parse_pairs(texts: tuple[str, ...], info: BundleInfo) -> list[tuple[Point, Point]]:
    pairs = [parse_pair(text) for text in texts]
    for handle, target in pairs:
        check_inside(handle, info.resolution, "handle")
        check_inside(target, info.resolution, "target")
    return pairs


def _drag(session: Session, log: Path | None) -> list[Frame]:
    """Runs to the end; Ctrl-C ends it at the step it has reached."""
    frames: list[Frame] = []
    with ExitStack() as stack:
        advance = stack.enter_context(_progress_bar(session))
        stream = stack.enter_context(_open_log(log))
        steps = stack.enter_context(closing(session.run()))
        try:
            for frame in steps:
                frames.append(frame)
                advance(frame)
                if stream is not None:
                    stream.write(_log_line(frame, session) + "\n")
                    stream.flush()
        except KeyboardInterrupt:
            pass  # the run has stopped and the picture is complete
    if session.status.outcome is Outcome.FAILED and not frames:
        raise EngineError(session.status.message)
    return frames


def _log_line(frame: Frame, session: Session) -> str:
    return json.dumps(
        {
            "step": frame.iteration,
            "loss": frame.loss,
            "motion_loss": frame.motion_loss,
            "mask_loss": frame.mask_loss,
            "distance": frame.distance,
            "handles": list(frame.handles.values()),
            "targets": [pair.target for pair in session.document.pairs],
            "ms": round(frame.milliseconds, 3),
        }
    )


@contextmanager
def _open_log(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    with stream:
        yield stream


@contextmanager
def _progress_bar(session: Session) -> Iterator[Callable[[Frame], None]]:
    """On a terminal a bar with distance and loss; elsewhere nothing."""
    if not sys.stderr.isatty():
        with nullcontext():
            yield lambda frame: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("drag"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("drag", total=session.document.parameters.steps, state="")

        def advance(frame: Frame) -> None:
            state = f"{frame.distance:.1f} px  loss {frame.loss:.4f}"
            progress.update(task, completed=frame.iteration, state=state)

        yield advance


def _write(options: DragOptions, session: Session, frames: list[Frame], info: BundleInfo) -> None:
    document = session.document
    if options.out is not None:
        write_picture(options.out, document, session.picture, info, options.markers)
    if options.animation is not None and frames:
        write_run(options.animation, document, frames, info, options.markers)
    if options.save is not None:
        save_session(options.save, document, info.name)
