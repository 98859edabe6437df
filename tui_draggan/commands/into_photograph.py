"""An edit put back into the full photograph that it came from."""

from __future__ import annotations

from pathlib import Path

from tui_draggan.arrays import Bytes
from tui_draggan.bundle import BundleInfo
from tui_draggan.commands.results import provenance_of
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Origin, Photo
from tui_draggan.errors import UsageError
from tui_draggan.pictures.photograph import FullPhotograph, read_photograph
from tui_draggan.pictures.png import write_png


def photograph_of(path: Path, origin: Origin) -> FullPhotograph:
    """The photograph of an edit, out of its file. Raises UsageError where it is another."""
    if not isinstance(origin, Photo):
        raise UsageError("the edit is not of a photograph: there is nothing to put it back into")
    if origin.crop is None:
        raise UsageError(
            f"which part of {origin.file} the edit shows is not known; invert it again"
        )
    photograph = read_photograph(path)
    if photograph.sha256 != origin.sha256:
        raise UsageError(f"{path} is not the photograph of the edit, {origin.file}, or has changed")
    origin.crop.check(photograph.size)
    return photograph


def write_into_photograph(
    path: Path, photograph: FullPhotograph, document: Document, picture: Bytes, info: BundleInfo
) -> None:
    """Writes the photograph of `photograph_of` with the edit's picture in it, as PNG in the
    photograph's colours. Raises UsageError or OutputError."""
    origin = document.latent.origin
    assert isinstance(origin, Photo) and origin.crop is not None
    full = photograph.with_square(origin.crop, picture)
    write_png(path, full, provenance_of(document, info), photograph.profile)
