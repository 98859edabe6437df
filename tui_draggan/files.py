"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from tui_draggan.errors import OutputError

PIECE = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    It has the suffix of `path`. Raises OutputError when the folder cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(path.suffix, f".{path.stem}-", path.parent)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    work = Path(name)
    try:
        yield work
        work.chmod(0o666 & ~_umask())
        work.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            work.unlink()


def check_writable(path: Path) -> None:
    """Raises OutputError, before long work is begun, where `path` could not be written."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; expected a file name")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def free_name(path: Path) -> Path:
    """`path`, or the first of path-2, path-3, … that does not exist yet."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(name for name in chain([path], names) if not name.exists())


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
