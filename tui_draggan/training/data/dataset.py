"""A folder of pictures as training data: looked through, then cut to one size and cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.paths import prepared_pictures
from tui_draggan.size import Size
from tui_draggan.training.data.cache import Cache
from tui_draggan.training.data.labels import Labels, decide
from tui_draggan.training.data.scanning import ListedPicture, Listing, opened, scan
from tui_draggan.wording import printable

FEW = 100
"""Fewer pictures than this are warned about."""
NAMED = 20
"""Files that are named of those passed over for the same reason."""


@dataclass(frozen=True)
class Survey:
    """What a folder or zip archive holds, before any picture is decoded."""

    path: Path
    files: tuple[ListedPicture, ...]
    """The pictures to be prepared."""
    labels: Labels
    passed_over: tuple[tuple[str, str], ...]
    """Path and reason of every other file but hidden ones."""

    @property
    def words(self) -> str:
        """How many pictures, and how their classes were decided, in one line for the person."""
        return f"{_pictures(len(self.files))}; {self.labels.words}"


@dataclass(frozen=True, eq=False)
class PictureData:
    """pictures (N, H, W, 3) uint8, mapped from the cache; labels (N,) int64, numbers of classes;
    classes: their names, () where pictures have none; skipped: path and reason of every file that
    was passed over or could not be read; warning: what the person should know before training."""

    pictures: Bytes
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    warning: str | None


def survey(path: Path, classes: str | None = None) -> Survey:
    """All pictures below a folder, or in a zip archive, in the order of their paths.

    classes: one of `labels.CHOICES`, None to look for them. Raises UsageError where there is no
    such folder, no picture in it, or no label of the kind that was chosen.
    """
    with opened(path) as root:
        listing = scan(root)
        if not listing.files:
            raise UsageError(_nothing(path, listing))
        labels = decide(root, listing, classes)
    left_out = dict(labels.passed_over)
    return Survey(
        path,
        tuple(file for file in listing.files if file.name not in left_out),
        labels,
        tuple(sorted(listing.passed_over + labels.passed_over)),
    )


def prepare(
    surveyed: Survey,
    size: Size,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PictureData:
    """The middles of the pictures in that size.

    Done once: the result is kept in `cache` (default: the user's) until a file changes.
    progress(done, total) is called while it is done. Raises UsageError where no picture can be
    read, and OutputError where the cache cannot be written.
    """
    with opened(surveyed.path) as root:
        kept = Cache(cache or prepared_pictures(), surveyed.path, root, surveyed.files, size)
        prepared = kept.load_or_prepare(progress)
    classes, labels = _numbered(surveyed.labels, prepared.names)
    skipped = sorted(prepared.skipped + surveyed.passed_over)
    return PictureData(
        pictures=prepared.pictures,
        labels=labels,
        classes=tuple(map(printable, classes)),
        skipped=tuple((printable(name), reason) for name, reason in skipped),
        warning=_warning(len(prepared.names)),
    )


def in_words(skipped: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Lines that name files by the reason why they are passed over."""
    names_by_reason: dict[str, list[str]] = {}
    for name, reason in skipped:
        names_by_reason.setdefault(reason, []).append(printable(name))
    for reason, names in names_by_reason.items():
        files = "1 file" if len(names) == 1 else f"{len(names)} files"
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"skipped {files} ({reason}): {', '.join(names[:NAMED])}{more}"


def _numbered(labels: Labels, names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of the classes, and the number of each picture's.

    A folder none of whose pictures can be read is no class.
    """
    if not labels.classes:
        return (), np.zeros(len(names), dtype=np.int64)
    numbers = np.array([labels.numbers[name] for name in names], dtype=np.int64)
    if labels.all_needed:
        return labels.classes, numbers
    there = np.unique(numbers)
    if len(there) < 2:
        return (), np.zeros(len(names), dtype=np.int64)
    return tuple(labels.classes[n] for n in there), np.searchsorted(there, numbers)


def _nothing(path: Path, listing: Listing) -> str:
    words = f"{path} has no pictures; expected files like .png, .jpg or .webp in it or below"
    if not listing.passed_over:
        return words
    name, reason = listing.passed_over[0]
    return f"{words} that can be reached ({printable(name)}: {reason})"


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _warning(count: int) -> str | None:
    if count >= FEW:
        return None
    return (
        f"only {_pictures(count)}: the discriminator will memorise them; use at least {FEW}, "
        "better thousands"
    )
