"""The journal: every change of a document and every step, one line each, written at once.

A process that is killed loses at most the step it was computing. While it is written a journal is
locked, so that it is not counted among the old ones, and it is bounded: a long one is replaced by
its last two states. What the lines hold, and how they are read, stands in `journal_lines`.
"""

from __future__ import annotations

import errno
import itertools
import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.journal_lines import document_line, key_of, model_of_journal, step_line
from tui_draggan.edit.lifecycle import Change
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import lock, reason_of, remove_unlocked, replacing

KEPT = 20
"""Journals in a folder; those that are being written are kept beyond it."""
LONGEST = 32 << 20
"""Bytes after which a journal is shortened."""
_NUMBERS = itertools.count(1)
"""An editor that opens one model after another keeps a journal for each."""


class Journal:
    """Appends to one file, made at the first change: what is merely looked at leaves none.

    The session calls it with its lock held. Where it cannot be written the edit goes on; that is
    said once, and once more when it can be written again.
    """

    def __init__(self, folder: Path, model: str, longest: int = LONGEST) -> None:
        """Drops the oldest files of `folder`."""
        self._model, self._longest = model, longest
        self._file: int | None = None
        self._size = 0
        """Bytes of whole lines."""
        self._start: tuple[Document, Change] | None = None
        """The document before its first change, and what led to it, until that is written."""
        self._base = b""
        """The last line that is a whole document."""
        self._interrupted = False
        """Whether something could not be written; a whole document is written next."""
        self._notices: deque[str] = deque()
        self._closed = False
        for old in journals_in(folder)[: -KEPT + 1]:
            with suppress(OSError):  # being written, or removed by another editor
                remove_unlocked(old)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.path = folder / f"{stamp}-{os.getpid()}-{next(_NUMBERS)}.jsonl"

    def record(
        self,
        document: Document,
        frame: Frame | None,
        change: Change = Change(),  # noqa: B008
    ) -> None:
        """Writes a step where there is one, else the whole document; a recorder of a session."""
        if self._closed:
            return
        if self._start is None and not self._base:
            self._start = document, change
            return
        try:
            self._write(document, frame, change)
        except OSError as error:
            if not self._interrupted:
                self._notices.append(f"the edit is not recorded: {self.path}: {reason_of(error)}")
            self._interrupted = True
        else:
            if self._interrupted:
                self._notices.append("the edit is recorded again")
            self._interrupted = False
            if self._size > self._longest:
                self._shorten(document)

    def notices(self) -> list[str]:
        """What the person is to be told, each line once. For any thread."""
        found = []
        while self._notices:
            found.append(self._notices.popleft())
        return found

    def close(self) -> None:
        self._closed = True
        self._let_go()

    def _write(self, document: Document, frame: Frame | None, change: Change) -> None:
        """Raises OSError; the file then still ends with the line before, where that can be."""
        if self._file is None or not os.fstat(self._file).st_nlink:
            self._let_go()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        if self._start is not None:
            self._append(document_line(self._start[0], self._model, self._start[1]))
            self._start = None
        if self._interrupted:  # what was cut off may still be there
            self._append(b"\n" + document_line(document, self._model))
        elif frame is None or not self._size:
            self._append(document_line(document, self._model, change))
        else:
            self._append(step_line(frame, key_of(self._base)))

    def _append(self, line: bytes) -> None:
        """Raises OSError."""
        assert self._file is not None
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            try:
                os.ftruncate(self._file, self._size)
            except OSError:
                self._let_go()
            raise
        self._size += len(line)
        if key_of(line):
            self._base = line

    def _open(self) -> None:
        """Opens and locks the file, new or as it is. Raises OSError."""
        for _ in range(100):
            handle = os.open(
                self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            removing = False
            try:
                lock(handle)
            except BlockingIOError:
                removing = True  # another editor takes it for an old one
                time.sleep(0.001)
            except OSError:
                pass  # a file system without locks: nobody removes it either
            state = os.fstat(handle)
            if state.st_nlink and not removing:
                self._file, self._size = handle, state.st_size
                return
            os.close(handle)
        raise BlockingIOError(errno.EAGAIN, "another process holds it")

    def _shorten(self, document: Document) -> None:
        """Leaves the last document line and, in another, the state as it is now."""
        lines = (self._base, document_line(document, self._model))
        try:
            with replacing(self.path) as work:
                work.write_bytes(b"".join(lines))
        except OutputError:  # the disk has no room for both; tried again after as much
            self._longest += self._size
            return
        self._let_go()
        self._base = lines[-1]
        self._longest = max(self._longest, 4 * sum(map(len, lines)))
        with suppress(OSError):  # the next change tries it again
            self._open()

    def _let_go(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None


def journals_in(folder: Path) -> list[Path]:
    """The journals of a folder, the oldest first; none where it cannot be read."""
    try:
        return sorted(path for path in folder.glob("*.jsonl") if not path.name.startswith("."))
    except OSError:
        return []


def newest_journals(folder: Path, model: str | None = None) -> list[tuple[Path, str]]:
    """Journals and their models, the one written last first; of that model where one is given.

    Raises UsageError where there is none.
    """
    found = []
    for path in sorted(journals_in(folder), key=written_at, reverse=True):
        name = model_of_journal(path)
        if name is not None and model in (None, name):
            found.append((path, name))
    if not found:
        whose = f" of {model}" if model else ""
        raise UsageError(f"no earlier edit{whose} to resume in {folder}")
    return found


def day_and_time(path: Path) -> str:
    """When a file was written last, here: «28 Nov, 07:12»."""
    return time.strftime("%d %b, %H:%M", time.localtime(written_at(path)))


def written_at(path: Path) -> float:
    """When a file was written last, in seconds; 0 where it has been removed meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
