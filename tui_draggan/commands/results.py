"""What a command writes of an edit: the picture, the animation of its run, the log of its steps."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from tui_draggan.arrays import Bytes
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.latent_files import SUFFIX as LATENT
from tui_draggan.edit.latent_files import check_latent_file
from tui_draggan.edit.photographs import crop_of
from tui_draggan.edit.points import Point
from tui_draggan.edit.report import ending, provenance_of, step_line
from tui_draggan.edit.session import Session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_writable, unwritable
from tui_draggan.pictures.animation import MIN_SIDE, check_animation, write_animation
from tui_draggan.pictures.markers import draw_markers
from tui_draggan.pictures.photograph import FullPhotograph
from tui_draggan.pictures.png import check_png, write_png
from tui_draggan.pictures.provenance import MARKERS, WATERMARK
from tui_draggan.pictures.watermark import with_watermark
from tui_draggan.wording import counted

STDOUT = Path("-")
"""In place of the log's path."""


def write_picture(
    path: Path,
    document: Document,
    picture: Bytes | None,
    info: BundleInfo,
    markers: bool = False,
    into: FullPhotograph | None = None,
    watermark: bool = False,
) -> None:
    """Writes the document's picture as PNG, exactly as generated or enlarged with its points.

    into: the photograph that the document came from (`edit.photographs`); it is written with the
    picture put back, without points, in its own colours. watermark: with a visible mark. Raises
    UsageError or OutputError.
    """
    if picture is None:
        raise UsageError("there is no picture to write yet")
    profile = None
    if into is not None:
        _, crop = crop_of(document.latent.origin)
        picture, profile = into.with_square(crop, picture), into.profile
    elif markers:
        handles = {pair.id: pair.handle for pair in document.pairs}
        picture = _with_markers(picture, handles, document, info)
    if watermark:
        picture = with_watermark(picture)
    provenance = provenance_of(document, info, into is not None, _drawn(markers, watermark))
    write_png(path, picture, provenance, profile)


def write_run(
    path: Path,
    document: Document,
    frames: Sequence[Frame],
    info: BundleInfo,
    markers: bool = False,
    watermark: bool = False,
) -> None:
    """Writes the steps of a run as an animation, as `write_picture` does a picture. Raises
    UsageError, also where steps have no picture, or OutputError."""
    if not frames:
        raise UsageError("there is no run to animate yet")
    pictures = [frame.image for frame in frames if frame.image is not None]
    if len(pictures) < len(frames):
        missing = counted(len(frames) - len(pictures), "step")
        raise UsageError(f"the run has no picture of {missing}; an animation needs all of them")
    images = [
        _with_markers(picture, frame.handles, document, info) if markers else picture
        for frame, picture in zip(frames, pictures, strict=True)
    ]
    write_way(path, images, document, info, markers, watermark)


def write_way(
    path: Path,
    images: Sequence[Bytes],
    document: Document,
    info: BundleInfo,
    markers: bool = False,
    watermark: bool = False,
) -> None:
    """Writes an animation of pictures that lead to a document's. markers: whether they have any.
    Raises UsageError or OutputError."""
    if watermark:
        images = [with_watermark(image) for image in images]
    provenance = provenance_of(document, info, drawn=_drawn(markers, watermark))
    write_animation(path, images, provenance)


def _drawn(markers: bool, watermark: bool) -> tuple[str, ...]:
    return (MARKERS,) * markers + (WATERMARK,) * watermark


class StepLog:
    """A line of JSON for each frame, in a file, on `STDOUT`, or nowhere. One that fails ends no
    drag."""

    def __init__(self, path: Path | None) -> None:
        """Raises OutputError."""
        self.problem: OutputError | None = None
        """Why the log is not complete, if it is not."""
        self._path = path
        try:
            self._stream = None if path is None else _opened(path)
        except OSError as error:
            raise unwritable(self._named, error) from error

    @property
    def _named(self) -> Path:
        assert self._path is not None
        return self._path

    def write(self, frame: Frame, document: Document) -> None:
        """A step of a drag of this document."""
        if self._stream is None or self.problem is not None:
            return
        try:
            self._stream.write(step_line(frame, document) + "\n")
            self._stream.flush()
        except OSError as error:
            self.problem = unwritable(self._named, error)

    def close(self) -> None:
        """Afterwards `problem` says whether the log is complete."""
        if self._stream is None or self._path == STDOUT:
            return
        try:
            self._stream.close()
        except OSError as error:
            self.problem = self.problem or unwritable(self._named, error)


def check_outputs(
    *,
    force: bool,
    picture: Path | None = None,
    animation: Path | None = None,
    log: Path | None = None,
    latent: Path | None = None,
    file: Path | None = None,
) -> None:
    """Raises UsageError or OutputError, before long work, for what could not be written, or exists.

    force: as in `check_new`. file: one whose name may have any suffix.
    """
    log = None if log == STDOUT else log
    if picture is not None:
        check_png(picture)
    if animation is not None:
        check_animation(animation)
    for path in (log, file):
        if path is not None:
            check_writable(path)
    if latent is not None:
        check_latent_file(latent)
    check_new((picture, animation, log, latent, file), force)


def check_new(paths: Iterable[Path | None], force: bool) -> None:
    """Raises OutputError, before long work, for files that exist, which only `force` replaces.

    Pipes and devices lose nothing when they are written to.
    """
    # os.path.isfile has no error for what may not be looked at; writing will name it.
    there = [path for path in paths if path is not None and os.path.isfile(path)]  # noqa: PTH113
    if not there or force:
        return
    if there[1:]:
        others = counted(len(there) - 1, "other file")
        raise OutputError(f"{there[0]} and {others} exist; add --force to replace them")
    raise OutputError(f"{there[0]} exists; add --force to replace it")


def places_in(folder: Path, names: Sequence[str], what: str) -> list[Path]:
    """The files of several results in a folder. what: of what they are, in the plural.

    Raises UsageError where one would replace another.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"several {what} would be written to {folder / twice}")
    return [folder / name for name in names]


def check_result(path: Path) -> None:
    """Raises UsageError or OutputError where no picture, latent or animation could be written to
    `path`."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        check_png(path)
    elif suffix == LATENT:
        check_latent_file(path)
    else:
        check_animation(path)


def summary(session: Session, frames: Sequence[Frame], seconds: float, written: list[Path]) -> str:
    """A drag that has ended, as a line of JSON. seconds: that its steps took."""
    last = frames[-1] if frames else None
    values = ending(session, last, seconds)
    return json.dumps({**values, "written": [str(path) for path in written]})


def _opened(path: Path) -> TextIO:
    return sys.stdout if path == STDOUT else path.open("w", encoding="utf-8")


def _with_markers(
    image: Bytes, handles: dict[int, Point], document: Document, info: BundleInfo
) -> Bytes:
    """The picture, large enough that marks do not hide it, with handles and targets on it."""
    share = image.shape[0] / info.size.height
    known = [pair for pair in document.pairs if pair.id in handles]
    pairs = [(_scaled(handles[pair.id], share), _scaled(pair.target, share)) for pair in known]
    scale = max(1, -(-MIN_SIDE // min(image.shape[:2])))
    return draw_markers(image, pairs, scale, [pair.id for pair in known])


def _scaled(point: Point, share: float) -> tuple[float, float]:
    """Pixel centres are whole numbers at every size."""
    return (point[0] + 0.5) * share - 0.5, (point[1] + 0.5) * share - 0.5
