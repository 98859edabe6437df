"""Which pictures a folder or a zip archive holds, and what else lies in it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tui_draggan.errors import UsageError
from tui_draggan.files import kind_of, reason_of
from tui_draggan.pictures.reading import (
    SUFFIXES,
    PictureFile,
    UnreadableError,
    recognise,
    suffix_of,
)

LABELS = "dataset.json"
"""Name of the file in which dataset tools keep the labels of pictures."""
HOUSEKEEPING = frozenset(
    {
        *("@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot"),
        *("$recycle.bin", "system volume information", "lost+found", "__macosx"),
        *("thumbs.db", "desktop.ini", "icon\r"),
    }
)
"""Names, in lower case, of what file servers and systems leave in folders of pictures."""


@dataclass(frozen=True)
class ListedPicture:
    """A picture file, by its path in the folder, and what tells whether it has changed."""

    name: str
    size: int
    changed: int
    """Time of the last change in nanoseconds; in an archive the CRC."""


@dataclass(frozen=True)
class Listing:
    """All of a folder or archive, in the order of names."""

    files: tuple[ListedPicture, ...]
    label_files: tuple[str, ...]
    """Paths of files named `LABELS`."""
    passed_over: tuple[tuple[str, str], ...]
    """Name and reason of everything else."""


@contextmanager
def opened(path: Path) -> Iterator[PictureFile]:
    """A folder, or the inside of a zip archive, as where pictures are looked for.

    Raises UsageError where `path` is neither, or cannot be read.
    """
    wanted = "expected a folder of pictures or a zip archive of them"
    try:
        kind = kind_of(path.stat().st_mode)
        if kind == "a folder":
            yield path
            return
        if kind != "a file" or not zipfile.is_zipfile(path):
            raise UsageError(f"{path} is {kind}; {wanted}")
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; {wanted}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; {wanted}") from None
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UsageError(f"{path} is a damaged zip archive ({error}); {wanted}") from None
    with archive:
        yield zipfile.Path(archive)


def scan(root: PictureFile) -> Listing:
    """All below a folder or in an archive: pictures by their suffix, other files by their first
    bytes. What is hidden, and what servers and systems leave in folders, is passed over."""
    files: list[ListedPicture] = []
    label_files: list[str] = []
    passed_over: list[tuple[str, str]] = []
    found = _below(root, "", frozenset()) if isinstance(root, Path) else _inside(root)
    for one in found:
        if isinstance(one, tuple):
            passed_over.append(one)
        elif PurePosixPath(one.name).name == LABELS:
            label_files.append(one.name)
        else:
            try:
                file = root / one.name
                if suffix_of(file) not in SUFFIXES:
                    recognise(file)
                files.append(one)
            except UnreadableError as error:
                passed_over.append((one.name, str(error)))
    files.sort(key=lambda file: file.name)
    return Listing(tuple(files), tuple(sorted(label_files)), tuple(sorted(passed_over)))


def _below(
    folder: Path, prefix: str, above: frozenset[tuple[int, int]]
) -> Iterator[ListedPicture | tuple[str, str]]:
    """above: the folders this one lies in; a link back to one of them is not followed."""
    try:
        stat = folder.stat()
        here = (stat.st_dev, stat.st_ino)
        if here in above:
            return
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError as error:
        yield prefix or ".", reason_of(error)
        return
    for entry in entries:
        name = prefix + entry.name
        if _of_no_interest(entry.name):
            continue
        try:
            stat = entry.stat()
            if entry.is_dir():
                yield from _below(Path(entry.path), f"{name}/", above | {here})
            elif entry.is_file():
                yield ListedPicture(name, stat.st_size, stat.st_mtime_ns)
            else:
                yield name, f"it is {kind_of(stat.st_mode)}, not a picture file"
        except OSError as error:
            yield name, reason_of(error)


def _inside(root: zipfile.Path) -> Iterator[ListedPicture | tuple[str, str]]:
    """Of two files of one name the last, which is the one that is read."""
    for name, entry in {entry.filename: entry for entry in root.root.infolist()}.items():
        if entry.is_dir() or any(map(_of_no_interest, PurePosixPath(name).parts)):
            continue
        if entry.flag_bits & 1:
            yield name, "encrypted"
        else:
            yield ListedPicture(name, entry.file_size, entry.CRC)


def _of_no_interest(name: str) -> bool:
    return name.startswith(".") or name.lower() in HOUSEKEEPING
