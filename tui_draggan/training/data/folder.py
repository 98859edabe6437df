"""A folder of pictures, scanned, cut to squares of one size and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from tui_draggan.errors import UsageError
from tui_draggan.files import replacing
from tui_draggan.paths import prepared_pictures
from tui_draggan.training.data.pictures import SUFFIXES, UnreadableError, square

FEW = 100
"""Fewer pictures than this are warned about."""
FORMAT = 1
"""Of the cache; a change of how pictures are prepared counts it up."""


@dataclass(frozen=True)
class PictureData:
    """pictures (N, H, W, 3) uint8, mapped from the cache; labels (N,) int64, numbers of classes;
    classes: names of the subfolders, () where the folder has none; skipped: path and reason of
    every file that could not be read; warning: what the person should know before training."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    warning: str | None


@dataclass(frozen=True)
class Found:
    """A picture file, by its path in the folder, and what tells whether it has changed."""

    name: str
    size: int
    changed: int


def prepare(
    folder: Path,
    resolution: int,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PictureData:
    """All pictures below ``folder``, as squares of ``resolution`` pixels, in the order of paths.

    Where all lie in two or more subfolders, these are their classes. Done once: the result is kept
    in ``cache`` (default: the user's) until a file changes. progress(done, total) is called while
    it is done. Raises UsageError where there is no folder, or no readable picture in it.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {kind}; --data wants a folder of pictures, or critters")
    files = scan(folder)
    if not files:
        raise UsageError(
            f"{folder} has no pictures; expected files like .png, .jpg or .webp in it or below"
        )
    stem = (cache or prepared_pictures()) / _key(folder, files, resolution)
    pictures, notes = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not (pictures.exists() and notes.exists()):
        _write(folder, files, resolution, pictures, notes, progress)
    return _data(folder, pictures, json.loads(notes.read_text()))


def scan(folder: Path) -> list[Found]:
    """Picture files below the folder, by their suffixes; what is hidden is passed over."""
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            stat = path.stat()
            relative = path.relative_to(folder).as_posix()
            found.append(Found(relative, stat.st_size, stat.st_mtime_ns))
    return sorted(found, key=lambda file: file.name)


def _key(folder: Path, files: list[Found], resolution: int) -> str:
    listing = [(file.name, file.size, file.changed) for file in files]
    text = json.dumps([FORMAT, str(folder.resolve()), resolution, listing])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:24]


def _write(
    folder: Path,
    files: list[Found],
    resolution: int,
    pictures: Path,
    notes: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Pictures first, notes last; each whole or not at all."""
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    pictures.parent.mkdir(parents=True, exist_ok=True)
    with replacing(pictures) as path, ThreadPoolExecutor(os.cpu_count()) as threads:
        shape = (len(files), resolution, resolution, 3)
        array = open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        squares = threads.map(lambda file: _read(folder / file.name, resolution), files)
        for done, (file, found) in enumerate(zip(files, squares, strict=True), 1):
            if isinstance(found, str):
                skipped.append((file.name, found))
            else:
                array[len(names)] = found
                names.append(file.name)
            if progress:
                progress(done, len(files))
        array.flush()
        if not names:
            name, reason = skipped[0]
            raise UsageError(
                f"none of the {len(files)} pictures in {folder} can be read "
                f"({name}: {reason}); expected whole .png, .jpg or .webp files"
            )
        with replacing(notes) as unfinished:
            unfinished.write_text(json.dumps({"names": names, "skipped": skipped}))


def _read(path: Path, resolution: int) -> NDArray[np.uint8] | str:
    try:
        return square(path, resolution)
    except UnreadableError as error:
        return str(error)


def _data(folder: Path, pictures: Path, notes: dict[str, Any]) -> PictureData:
    names = notes["names"]
    count = len(names)
    classes, labels = _classes(names)
    warning = None
    if count < FEW:
        warning = (
            f"{count} pictures are few: the discriminator will know them by heart; "
            f"take {FEW} or more, thousands are better"
        )
    return PictureData(
        pictures=np.load(pictures, mmap_mode="r")[:count],
        labels=labels,
        classes=classes,
        skipped=tuple((name, reason) for name, reason in notes["skipped"]),
        warning=warning,
    )


def _classes(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of first-level subfolders, and each picture's number among them."""
    tops = [name.split("/")[0] if "/" in name else None for name in names]
    classes = sorted({top for top in tops if top is not None})
    if None in tops or len(classes) < 2:
        return (), np.zeros(len(names), dtype=np.int64)
    return tuple(classes), np.array([classes.index(top) for top in tops if top], dtype=np.int64)
