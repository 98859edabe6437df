"""A folder of pictures as training data: scanned, cut to squares of one size, kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_draggan.errors import UsageError
from tui_draggan.paths import prepared_pictures
from tui_draggan.training.data.cache import Cache
from tui_draggan.training.data.scanning import printable, scan

FEW = 100
"""Fewer pictures than this are warned about."""


@dataclass(frozen=True, eq=False)
class PictureData:
    """pictures (N, H, W, 3) uint8, mapped from the cache; labels (N,) int64, numbers of classes;
    classes: names of the subfolders, () where the folder has none; skipped: path and reason of
    every file that could not be read; warning: what the person should know before training."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    warning: str | None


def prepare(
    folder: Path,
    resolution: int,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PictureData:
    """All pictures below ``folder``, as squares of ``resolution`` pixels, in the order of paths.

    Where all lie in two or more subfolders, these are their classes. Done once: the result is kept
    in ``cache`` (default: the user's) until a file changes. progress(done, total) is called while
    it is done. Raises UsageError where there is no folder, or no readable picture in it, and
    OutputError where the cache cannot be written.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {kind}; --data wants a folder of pictures, or critters")
    listing = scan(folder)
    if not listing.files:
        raise UsageError(_nothing(folder, listing.unreachable))
    kept = Cache(cache or prepared_pictures(), folder, listing.files, resolution)
    prepared = kept.load_or_prepare(progress)
    classes, labels = classes_of(prepared.names)
    skipped = sorted(prepared.skipped + listing.unreachable)
    return PictureData(
        pictures=prepared.pictures,
        labels=labels,
        classes=tuple(map(printable, classes)),
        skipped=tuple((printable(name), reason) for name, reason in skipped),
        warning=_warning(len(prepared.names)),
    )


def classes_of(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of first-level subfolders, and each picture's number among them."""
    tops = [name.split("/", 1)[0] if "/" in name else None for name in names]
    classes = sorted({top for top in tops if top is not None})
    if None in tops or len(classes) < 2:
        return (), np.zeros(len(names), dtype=np.int64)
    numbers = {name: number for number, name in enumerate(classes)}
    return tuple(classes), np.array([numbers[top] for top in tops if top], dtype=np.int64)


def _nothing(folder: Path, unreachable: Sequence[tuple[str, str]]) -> str:
    if unreachable:
        name, reason = unreachable[0]
        return f"{folder} has no pictures that can be reached ({printable(name)}: {reason})"
    return f"{folder} has no pictures; expected files like .png, .jpg or .webp in it or below"


def _warning(count: int) -> str | None:
    if count >= FEW:
        return None
    pictures = "1 picture is" if count == 1 else f"{count} pictures are"
    return (
        f"{pictures} few: the discriminator will know them by heart; "
        f"take {FEW} or more, thousands are better"
    )
