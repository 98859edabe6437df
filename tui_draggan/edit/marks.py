"""Pictures of a model that a person has marked in the gallery, kept in a file: a seed by its
number, a step of an edit by its latent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.store import (
    decode_latent,
    decode_origin,
    encode_latent,
    encode_origin,
    read_values,
    write_values,
)
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.wording import printable

FORMAT = "tui-draggan marks"
VERSION = 1
MOST = 200
"""Marks that are kept; the oldest go."""


@dataclass(frozen=True)
class Mark:
    """A marked picture."""

    picture: Seed | Latent
    label: str
    """What it is called: «seed 7», «step 12»."""


def write_marks(path: Path, marks: Sequence[Mark], model: str) -> None:
    """Writes the file, the oldest mark first. Raises OutputError."""
    entries = [{"label": mark.label, **_encoded(mark.picture)} for mark in marks[-MOST:]]
    write_values(path, {"format": FORMAT, "version": VERSION, "model": model, "marks": entries})


def read_marks(path: Path, info: BundleInfo) -> list[Mark]:
    """The marks, [] where there is no file. Raises UsageError, naming the file."""
    if not path.exists():
        return []
    values = read_values(path)
    try:
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise UsageError("not a file of marks")
        if values["version"] != VERSION:
            raise UsageError(f"version {values['version']}; expected {VERSION}")
        if values["model"] != info.name:
            raise UsageError(f"made with model {printable(str(values['model']))}")
        return [
            Mark(_decoded(entry, info), printable(str(entry["label"])))
            for entry in values["marks"][-MOST:]
        ]
    except (DragganError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        words = str(error) if isinstance(error, DragganError) else f"damaged ({error})"
        raise UsageError(f"marks {path}: {words}") from None


def _encoded(picture: Seed | Latent) -> dict[str, Any]:
    if isinstance(picture, Seed):
        return {"origin": encode_origin(picture)}
    return {"latent": encode_latent(picture)}


def _decoded(entry: dict[str, Any], info: BundleInfo) -> Seed | Latent:
    """Raises UsageError, KeyError, TypeError, ValueError."""
    if "latent" in entry:
        return decode_latent(entry["latent"], info)
    origin = decode_origin(entry["origin"], info)
    if not isinstance(origin, Seed):
        raise UsageError("a mark without latent is no seed")
    return origin
