"""Folders that appear when they are complete, and take the place of another in one moment.

While a folder is written it has a temporary name beside its place, and whoever writes it holds a
lock on it. What processes that are gone have left is removed, or put back in its place, by the next
one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tui_draggan.errors import OutputError
from tui_draggan.files import TEMPORARY, lock, unwritable

REPLACED = "-old"
"""End of the temporary name of a folder whose place another one takes."""
PLACE = f"{TEMPORARY}place"
"""File in such a folder, with the name that it had."""
EXCHANGE = 2
"""Flag of renameat2(2): two names change places."""
AT_FDCWD = -100


@contextmanager
def new_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well, and vanishes otherwise.

    What was at `path` stays until then, however the block or the process ends. Raises OutputError
    where there is something at `path` and `replace` is not given, where another process is just
    writing there, and where the folder cannot be written.
    """
    exists = OutputError(f"{path} exists; remove it or choose another name")
    if path.exists() and not replace:
        raise exists
    _make_parents(path)
    with _only_one(path), temporary_folder(path.parent) as work:
        yield work
        if replace and path.exists():
            _replace(path, work)
            return
        try:
            work.rename(path)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise exists from error
            raise unwritable(path, error) from error


@contextmanager
def temporary_folder(parent: Path, mode: int = 0o777) -> Iterator[Path]:
    """A new hidden folder in `parent`, locked; in the end it is removed, unless it was renamed.

    Raises OutputError where it cannot be made.
    """
    sweep(parent)
    # Independent of the name it will have, which may be as long as names may be.
    work = parent / f"{TEMPORARY}{secrets.token_hex(4)}"
    try:
        work.mkdir(mode)
        handle = _locked(work)
    except OSError as error:
        raise unwritable(parent, error) from error
    try:
        yield work
    finally:
        _remove(work)
        os.close(handle)


def sweep(parent: Path) -> None:
    """Removes temporary folders in `parent` that nobody writes any more; one that has had to make
    room for another that never came is put back."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError), locked(Path(entry.path)):
                    _put_back(Path(entry.path))
                    _remove(Path(entry.path))


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """While entered, nobody else holds it locked; shared: but for others who share it, and where
    the file system has no locks there is none. Raises OSError, BlockingIOError where another has
    it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            if not shared:
                raise
        yield
    finally:
        os.close(handle)


class InUse:
    """A mark on a folder that somebody works with, for as long as this object is there: it cannot
    be `locked`. Where the file system has no locks there is none."""

    def __init__(self, folder: Path) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(locked(folder.resolve(), shared=True))
            weakref.finalize(self, stack.pop_all().close)


def size_on_disk(*folders: Path, counted: set[tuple[int, int]] | None = None) -> int:
    """Bytes of the files in these folders; one that has several names counts once.

    counted: device and number of files that count no more; those of these folders are added.
    """
    seen = set() if counted is None else counted
    total = 0
    for folder in folders:
        for file in folder.rglob("*"):
            with suppress(OSError):
                status = file.lstat()
                if file.is_file() and (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
    return total


def _make_parents(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error


def _locked(folder: Path) -> int:
    """A handle that holds the folder's lock, where the file system has locks."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with suppress(OSError):
        lock(handle)
    return handle


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """While entered, no other process of this program writes a folder there. Raises OutputError."""
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    file = path.parent / f"{TEMPORARY}{name}.lock"
    handle = _lock_file(path, file)
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        os.close(handle)


def _lock_file(path: Path, file: Path) -> int:
    while True:
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            lock(handle)
        except BlockingIOError:
            os.close(handle)
            raise OutputError(f"{path} is being written by another process") from None
        except OSError:
            return handle  # a file system without locks
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # whoever had it has just removed it


def _replace(path: Path, work: Path) -> None:
    """The two change places; `work` is then what was there. Raises OutputError."""
    if _exchanged(path, work):
        return
    old = work.with_name(f"{work.name}{REPLACED}")
    try:
        with suppress(OSError):
            (path / PLACE).write_bytes(os.fsencode(path.name))
        handle = _locked(path)
        path.rename(old)
        try:
            work.rename(path)
        finally:
            _put_back(old)
            _remove(old)
            os.close(handle)
    except OSError as error:
        raise unwritable(path, error) from error


def _exchanged(path: Path, work: Path) -> bool:
    """Whether two folders have changed places in one moment, which not every file system can."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return not rename(AT_FDCWD, os.fsencode(work), AT_FDCWD, os.fsencode(path), EXCHANGE)


def _remove(folder: Path) -> None:
    """A folder, or a link to one, as a model may be."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(old: Path) -> None:
    """A folder that made room for another, to where it was, where that other never came."""
    if not old.name.endswith(REPLACED):
        return
    with suppress(OSError):
        path = old.with_name(os.fsdecode((old / PLACE).read_bytes()))
        if path.parent == old.parent and not path.exists():
            old.rename(path)
            (path / PLACE).unlink()
