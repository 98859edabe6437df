"""The directions a person keeps for a model, and the file they are kept and shared in.

A file is an .npz: `format`, `model`, and for N directions `names` (N,), `vectors` (N, R, w_dim),
`means` (N,), `shares` (N,; NaN: not known), `labels` (N,; −1: every class), `methods` (N,), and
what earlier files are without: `units` (N,; their names) and `normals` (N, w_dim; NaN: none).
Reading one executes nothing and trusts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.bundle import BundleInfo
from tui_draggan.checkpoints.array_files import read_arrays
from tui_draggan.directions.direction import SIGMA, UNITS, Direction
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import reason_of, replacing
from tui_draggan.wording import printable, quoted

FORMAT = "tui-draggan directions 1"
FILE = "a file of directions"
MOST = 4096
"""Directions a file may hold."""
LONGEST_NAME = 60
"""Characters of a direction's name."""


class DirectionStore:
    """The directions of one model: those that came with it, and the person's own."""

    def __init__(self, file: Path, bundled: Path, info: BundleInfo) -> None:
        """file: the person's own. bundled: the folder of those that came with the model."""
        self._file, self._bundled, self._info = file, bundled, info

    def all(self) -> tuple[Direction, ...]:
        """The person's own first; of two of one name the first. Raises UsageError for a file that
        cannot be read."""
        found: dict[str, Direction] = {}
        files = [self._file] if self._file.exists() else []
        files += sorted(self._bundled.glob("*.npz")) if self._bundled.is_dir() else []
        for file in files:
            for one in read_directions(file, self._info):
                found.setdefault(one.name, one)
        return tuple(found.values())

    def own(self) -> tuple[Direction, ...]:
        """The person's own."""
        return read_directions(self._file, self._info) if self._file.exists() else ()

    def keep(self, directions: Iterable[Direction]) -> None:
        """Adds directions, in place of those of the same names. Raises OutputError."""
        kept = {one.name: one for one in (*self.own(), *directions)}
        self._write(list(kept.values()))

    def rename(self, one: Direction, name: str) -> Direction:
        """Gives a direction a name; it is the person's own then. Raises UsageError where the name
        is taken or is none."""
        name = checked_name(name)
        if name != one.name and any(other.name == name for other in self.all()):
            raise UsageError(f"there is a direction named {name}; choose another name")
        renamed = replace(one, name=name)
        others = [other for other in self.own() if other.name != one.name]
        self._write([renamed, *others])
        return renamed

    def remove(self, name: str) -> None:
        """Removes one of the person's own. Raises UsageError where there is none of that name."""
        own = self.own()
        left = [one for one in own if one.name != name]
        if len(left) == len(own):
            raise UsageError(f"no direction of yours is named {quoted(name)}")
        self._write(left)

    def _write(self, directions: Sequence[Direction]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if not directions:
                self._file.unlink(missing_ok=True)
                return
        except OSError as error:
            raise OutputError(f"{self._file} cannot be written: {reason_of(error)}") from error
        write_directions(self._file, directions, self._info)


def checked_name(name: str) -> str:
    """A name for a direction. Raises UsageError for what is none."""
    name = printable(name.strip())
    if not 0 < len(name) <= LONGEST_NAME:
        raise UsageError(f"{quoted(name)} is no name; expected 1 to {LONGEST_NAME} characters")
    return name


def write_directions(path: Path, directions: Sequence[Direction], info: BundleInfo) -> None:
    """Writes a file of directions of a model. Raises OutputError."""
    rows = max(len(one.vector) for one in directions)
    wide = (rows, info.w_dim)
    values: dict[str, Any] = {
        "format": np.array(FORMAT),
        "model": np.array(info.name),
        "names": np.array([one.name for one in directions]),
        "vectors": np.stack([np.broadcast_to(one.vector, wide) for one in directions]),
        "means": np.array([one.mean for one in directions]),
        "shares": np.array([np.nan if one.share is None else one.share for one in directions]),
        "labels": np.array([-1 if one.label is None else one.label for one in directions]),
        "methods": np.array([one.method for one in directions]),
        "units": np.array(
            [one.unit.name if one.unit.name in UNITS else SIGMA.name for one in directions]
        ),
        "normals": np.stack(
            [
                np.full(info.w_dim, np.nan) if one.normal is None else one.normal
                for one in directions
            ]
        ).astype(np.float32),
    }
    with replacing(path) as work, work.open("wb") as stream:
        np.savez_compressed(stream, **values)


def read_directions(path: Path, info: BundleInfo) -> tuple[Direction, ...]:
    """The directions of a file. Raises UsageError, naming the file: also for another model's."""
    arrays = read_arrays(path, FILE)
    try:
        if str(arrays["format"]) != FORMAT:
            raise UsageError(
                f"{path}: {quoted(printable(str(arrays['format'])))}; expected {FORMAT}"
            )
        model = printable(str(arrays["model"]))
        vectors = arrays["vectors"].astype(np.float32)
        names = [checked_name(str(name)) for name in arrays["names"]]
        if vectors.ndim != 3 or not 0 < len(vectors) <= MOST:
            raise ValueError("vectors")
        none = np.full((len(vectors), vectors.shape[2]), np.nan, np.float32)
        normals = arrays.get("normals", none).astype(np.float32)
        units = arrays.get("units", np.full(len(vectors), SIGMA.name))
        if normals.shape != none.shape or len(units) != len(vectors):
            raise ValueError("normals or units")
        directions = tuple(
            Direction(
                name,
                vector,
                _finite(mean),
                None if np.isnan(share) else _finite(share),
                None if label == -1 else int(label),
                printable(str(method)),
                unit=UNITS[str(unit)],
                normal=None if np.isnan(normal).all() else normal,
            )
            for name, vector, normal, unit, mean, share, label, method in zip(
                names,
                vectors,
                normals,
                units,
                *(arrays[key] for key in ("means", "shares", "labels", "methods")),
                strict=True,
            )
        )
    except UsageError as error:
        raise UsageError(
            f"{path}: {error}" if str(path) not in str(error) else str(error)
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is not {FILE}, or it is damaged") from error
    if model != info.name or not all(one.fits(info.num_ws, info.w_dim) for one in directions):
        raise UsageError(f"{path} holds directions of the model {model}, but {info.name} is open")
    if any(one.label is not None and one.label not in range(info.c_dim) for one in directions):
        raise UsageError(f"{path} names a class that {info.name} does not have")
    return directions


def _finite(value: Any) -> float:
    """Raises ValueError."""
    number = float(value)
    if not np.isfinite(number):
        raise ValueError("not a finite number")
    return number
