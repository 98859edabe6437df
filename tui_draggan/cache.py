"""The user's cache: theirs alone, and never needed.

What is kept there is used unread by the runtime, so nothing counts that someone else could have
written: folders have mode 0700, files 0600, and what belongs to another user is ignored. Where
there can be no such folder there is no cache.
"""

from __future__ import annotations

import json
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from tui_draggan import files, paths
from tui_draggan.errors import OutputError

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
SETTLED = 2.0
"""Seconds after a change from which on another one shows in a file's times, whatever its file
system."""
REMEMBERED = 1000
"""Number of hashes that are kept; the oldest go first."""


def private_folder(path: Path) -> Path | None:
    """`path`, a folder in the cache, made where it is missing; None where others could write."""
    top = paths.cache()
    try:
        _make(path)
        if not (_is_own(top) and _is_own(path)):
            return None
        if top.stat().st_mode & OTHERS:
            top.chmod(0o700)
        return None if path.stat().st_mode & OTHERS_WRITE else path
    except OSError:
        return None


def is_own_folder(path: Path) -> bool:
    """Whether `path` is there, in the cache, and nobody else could have written in it."""
    try:
        others = path.stat().st_mode & OTHERS_WRITE
        return path.is_dir() and _is_own(paths.cache()) and _is_own(path) and not others
    except OSError:
        return False


def read_own(path: Path) -> str | None:
    """The text of a file in the cache; None where there is none of this user's."""
    try:
        if _is_own(path) and not path.stat().st_mode & OTHERS_WRITE:
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    return None


def write_own(path: Path, text: str) -> None:
    """Replaces a file in the cache, where that can be done."""
    if private_folder(path.parent) is None:
        return
    with suppress(OSError, OutputError), files.replacing(path) as work:
        work.chmod(0o600)
        work.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """`files.sha256`, remembered for as long as the file is the same by its number, size and times.

    A file that changed a moment ago is not remembered: it may change again within the same tick
    of its file system's clock. Raises OSError.
    """
    status = path.stat()
    identity = _identity(status)
    remembered = _hashes()
    if identity in remembered:
        return remembered[identity]
    digest = files.sha256(path)
    changed = max(status.st_mtime, status.st_ctime)
    if changed < time.time() - SETTLED and identity == _identity(path.stat()):
        entries = [*_hashes().items(), (identity, digest)]
        write_own(paths.hashes(), json.dumps(dict(entries[-REMEMBERED:]), indent=0))
    return digest


def _hashes() -> dict[str, str]:
    try:
        known = json.loads(read_own(paths.hashes()) or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _identity(status: os.stat_result) -> str:
    times = status.st_mtime_ns, status.st_ctime_ns
    return " ".join(map(str, (status.st_dev, status.st_ino, status.st_size, *times)))


def _make(path: Path) -> None:
    for folder in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            if not folder.exists():
                folder.mkdir(0o700)


def _is_own(path: Path) -> bool:
    """Whether it, and what it leads to where it is a link, is this user's."""
    return path.lstat().st_uid == path.stat().st_uid == os.geteuid()
