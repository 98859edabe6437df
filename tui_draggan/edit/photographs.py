"""The photograph that an edit came from, found again by its hash."""

from __future__ import annotations

from pathlib import Path

from tui_draggan.edit.latent import Origin, Photo
from tui_draggan.errors import UsageError
from tui_draggan.files import check_readable, sha256
from tui_draggan.pictures.crop import Crop
from tui_draggan.pictures.photograph import FullPhotograph, read_photograph


def crop_of(origin: Origin) -> tuple[Photo, Crop]:
    """A photograph's origin and the box that its edit shows. Raises UsageError for any other."""
    if not isinstance(origin, Photo):
        raise UsageError("the edit is not of a photograph: there is nothing to put it back into")
    if origin.crop is None:
        raise UsageError(f"which part of {origin.file} the edit shows is unknown; invert it again")
    return origin, origin.crop


def check_photograph(path: Path, origin: Origin) -> None:
    """Raises UsageError where that is not the photograph of an edit."""
    if not isinstance(origin, Photo):
        raise UsageError(f"the edit is not of a photograph: {path} cannot take it back")
    photo, _ = crop_of(origin)
    check_readable(path, f"the photograph {photo.file}")
    if sha256(path) != photo.sha256:
        raise UsageError(f"{path} is not the photograph of the edit, {photo.file}, or has changed")


def photograph_of(path: Path, origin: Origin) -> FullPhotograph:
    """The photograph of an edit, out of its file. Raises UsageError where it is another."""
    check_photograph(path, origin)
    photograph = read_photograph(path)
    crop_of(origin)[1].check(photograph.size)
    return photograph
