"""Which picture files a folder holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui_draggan.pictures.reading import SUFFIXES


@dataclass(frozen=True)
class Found:
    """A picture file, by its path in the folder, and what tells whether it has changed."""

    name: str
    size: int
    changed: int
    """In nanoseconds."""


@dataclass(frozen=True)
class Listing:
    """All of a folder, in the order of names."""

    files: tuple[Found, ...]
    unreachable: tuple[tuple[str, str], ...]
    """Names that lead nowhere, with reasons."""


def scan(folder: Path) -> Listing:
    """Picture files below the folder, by their suffixes; what is hidden is passed over."""
    files: list[Found] = []
    unreachable: list[tuple[str, str]] = []
    for found in _below(folder, "", frozenset()):
        if isinstance(found, Found):
            files.append(found)
        else:
            unreachable.append(found)
    files.sort(key=lambda file: file.name)
    return Listing(tuple(files), tuple(sorted(unreachable)))


def _below(
    folder: Path, prefix: str, above: frozenset[tuple[int, int]]
) -> Iterator[Found | tuple[str, str]]:
    """above: the folders this one lies in; a link back to one of them is not followed."""
    try:
        stat = folder.stat()
        here = (stat.st_dev, stat.st_ino)
        if here in above:
            return
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError as error:
        yield prefix or ".", error.strerror or str(error)
        return
    for entry in entries:
        name = prefix + entry.name
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _below(Path(entry.path), f"{name}/", above | {here})
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                stat = entry.stat()
                if entry.is_file():  # and no pipe, which would be waited for
                    yield Found(name, stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            yield name, error.strerror or str(error)


def printable(name: str) -> str:
    """A file's name for the screen: what is no text in it, or would move the cursor, is spelt."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
