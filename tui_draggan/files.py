"""Files that are written whole or not at all; and what is wrong with a path, before long work.

While a file is written it has a temporary name beside its place. Whoever writes it holds a lock on
it, so that the next writer in the folder knows which were left by processes that are gone, on this
machine or another, and removes them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain, count
from pathlib import Path
from types import FrameType

from tui_draggan.errors import OutputError, UsageError

PIECE = 1 << 20
TEMPORARY = ".tui-draggan-"
"""Beginning of every temporary name."""
LONGEST_SUFFIX = 16
"""Bytes of a suffix that a temporary name takes over; a name has 255."""
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

_unfinished: dict[Path, int] = {}
"""Temporary files by the process that writes them: a forked one must not remove its parent's."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    It has the suffix of `path`, and vanishes however the block ends, by SIGTERM or SIGHUP too.
    Raises OutputError when the folder cannot be written, or `path` is no file to be replaced.
    """
    check_target(path)
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    with ending_signals(_remove_unfinished_and_end):
        try:
            _remove_stale(path.parent.absolute())
            work, handle = _new_temporary(path.parent, suffix)
        except OSError as error:
            raise unwritable(path, error) from error
        _unfinished[work] = os.getpid()
        try:
            yield work
            work.replace(path)
        except OSError as error:
            raise unwritable(path, error) from error
        finally:
            with suppress(OSError):
                work.unlink()
            del _unfinished[work]
            os.close(handle)


def remove_unfinished() -> None:
    """Removes this process's temporary files, when it is to end without leaving their blocks."""
    for path, process in tuple(_unfinished.items()):
        if process == os.getpid():
            with suppress(OSError):
                path.unlink()


def check_writable(path: Path) -> None:
    """Raises OutputError, before long work is begun, where `path` could not be written."""
    check_target(path)
    try:
        work, handle = _new_temporary(path.parent, "")
        work.unlink()
        os.close(handle)
    except OSError as error:
        raise unwritable(path, error) from error


def check_folder(path: Path) -> None:
    """Raises OutputError where nothing could be written in a folder `path`, made if need be."""
    for folder in (path.absolute(), *path.absolute().parents):
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise unwritable(path, error) from error
        if not stat.S_ISDIR(mode):
            what = "it" if folder == path.absolute() else str(folder)
            raise OutputError(f"{path} cannot be written: {what} is {kind_of(mode)}, not a folder")
        try:
            work, handle = _new_temporary(folder, "")
            work.unlink()
            os.close(handle)
        except OSError as error:
            raise unwritable(path, error) from error
        return


def check_readable(path: Path, expected: str) -> None:
    """Raises UsageError where `path` is no file that can be read. expected: «a session file»."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would wait for its other end
            raise UsageError(f"{path} is {kind_of(mode)}; expected {expected}")
        path.open("rb").close()
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; expected {expected}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from None


def check_target(path: Path) -> None:
    """Raises OutputError where `path` is there and is not a file to be replaced."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(path, error) from error
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path} is {kind_of(mode)}; expected a file name")
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path} cannot be written: the file is read-only")


def kind_of(mode: int) -> str:
    """What a file of this `st_mode` is, as «a folder»."""
    kinds = (
        (stat.S_ISREG, "a file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((kind for holds, kind in kinds if holds(mode)), "a device")


def unwritable(path: Path, error: OSError) -> OutputError:
    """The error for a path that could not be written."""
    return OutputError(f"{path} cannot be written: {reason_of(error)}")


def reason_of(error: OSError) -> str:
    """Why the system refused, in its words: «Permission denied»."""
    return error.strerror or str(error) or type(error).__name__


def free_name(path: Path) -> Path:
    """`path`, or the first of path-2, path-3, … that does not exist yet."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    # os.path.exists has no error for what may not be looked at; writing will name it.
    return next(name for name in chain([path], names) if not os.path.exists(name))  # noqa: PTH110


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def remove_unlocked(path: Path) -> None:
    """Removes a file that nobody holds locked. Raises OSError where one does, or it must stay."""
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            lock(handle)
            path.unlink()
    finally:
        os.close(handle)


def lock(handle: int) -> None:
    """Until the handle is closed. Raises OSError, BlockingIOError where another has it."""
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


# -- temporary files -----------------------------------------------------------------------------


def _new_temporary(folder: Path, suffix: str) -> tuple[Path, int]:
    """A new file, and the handle that holds its lock."""
    while True:
        work = folder / f"{TEMPORARY}{secrets.token_hex(4)}{suffix}"
        try:
            handle = os.open(work, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
        try:
            lock(handle)
        except BlockingIOError:
            os.close(handle)  # another process is just removing it as a stale one
            continue
        except OSError:
            return work, handle  # a file system without locks: nobody removes it either
        if os.fstat(handle).st_nlink:
            return work, handle
        os.close(handle)


@cache
def _remove_stale(folder: Path) -> None:
    """Once for each folder: a batch may write a hundred thousand files into one."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY):
                with suppress(OSError):
                    remove_unlocked(Path(entry.path))


@contextmanager
def ending_signals(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """While entered, signals that would end the process are its handler's.

    Those that someone else handles are left to them, and only the main thread may ask for them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in ENDING_SIGNALS if signal.getsignal(number) == signal.SIG_DFL]
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def _remove_unfinished_and_end(number: int, _frame: FrameType | None) -> None:
    remove_unfinished()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
