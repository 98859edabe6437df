"""`drag --from`: the picture of a file again, by the edit that it carries."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from tui_draggan.commands.arguments import given
from tui_draggan.commands.opening import OpenRequest, SavedSession, engine_for, open_bundle
from tui_draggan.commands.results import write_picture
from tui_draggan.edit.drawing import Drawing
from tui_draggan.edit.parameters import PARAMETERS
from tui_draggan.edit.photographs import photograph_of
from tui_draggan.edit.store import load_session
from tui_draggan.errors import UsageError
from tui_draggan.pictures.provenance import MARKERS, WATERMARK, found_in
from tui_draggan.pictures.reading import UnreadableError, read_picture
from tui_draggan.standard_streams import remark
from tui_draggan.wording import counted

EDITING = ("point", "pin", "direction")
STARTS = ("seed", "psi", "label", "latent", "session", "resume", "mask")
OUTPUTS = ("animation", "log", "save", "save_latent", "json", "show")


def check_again(options: argparse.Namespace) -> None:
    """Raises UsageError for what would make another picture, or no picture."""
    if options.out is None:
        raise UsageError("--from writes a picture; add --out FILE.png")
    wanted = vars(options).get
    for name in (*EDITING, *STARTS, *OUTPUTS):
        if wanted(name) not in (None, False, []):
            raise UsageError(
                f"--from makes the picture as it was; remove --{_flag(name)}, or edit it with "
                f"--session {options.source}"
            )
    for name in given(options, PARAMETERS):
        raise UsageError(f"--from makes the picture as it was; remove --{_flag(name)}")


def make_again(options: argparse.Namespace, request: OpenRequest) -> int:
    """Writes the picture, and says whether it is the same. Raises UsageError, BundleError,
    EngineError, OutputError."""
    source: Path = options.source
    request = replace(request, start=SavedSession(source))
    bundle = open_bundle(request)
    document = load_session(source, bundle.info)
    record = _record(source)
    drawn = record.get("drawn", [])
    markers, watermark = (
        wanted or (isinstance(drawn, list) and name in drawn)
        for wanted, name in ((options.markers, MARKERS), (options.watermark, WATERMARK))
    )
    into = options.into and photograph_of(options.into, document.latent.origin)
    if into is None and record.get("composite") is True:
        raise UsageError(f"{source} is a photograph with an edit in it; add --into PHOTO")
    if record.get("weights") not in (None, "", bundle.info.weights):
        remark(f"{source} was made with other weights of {bundle.info.name}; it will differ")
    with closing(engine_for(request, bundle)) as engine:
        engine.open()
        picture = Drawing(engine).picture(document.latent.ws, document.hold)
    write_picture(options.out, document, picture, bundle.info, markers, into, watermark)
    remark(f"written: {options.out}, {_compared(source, options.out)}")
    return 0


def _record(source: Path) -> dict[str, object]:
    try:
        return found_in(source).record
    except UnreadableError as error:
        raise UsageError(f"{source} cannot be read: {error}") from None


def _compared(source: Path, again: Path) -> str:
    """How near they are."""
    if source.read_bytes() == again.read_bytes():
        return f"the same as {source} to the byte"
    try:
        one, other = (np.asarray(read_picture(path)).astype(int) for path in (source, again))
    except UnreadableError:
        return f"of the edit in {source}"
    if one.shape != other.shape:
        return f"of the edit in {source}"
    most = int(np.abs(one - other).max())
    return f"nowhere more than {counted(most, 'grey level')} from {source}"


def _flag(name: str) -> str:
    return "class" if name == "label" else name.replace("_", "-")
