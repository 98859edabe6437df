"""The journal: every change of a document and every step, one JSON line each, flushed at once.

A process that is killed loses at most the step it was computing. A line is either a whole session
(as `store.encode` gives it) or a step: its latent and handles, on top of the session before it.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.store import decode, decode_step, encode, encode_step, is_step, model_of
from tui_draggan.errors import OutputError, UsageError

KEPT = 20
_NUMBERS = itertools.count(1)
"""An editor that opens one model after another keeps a journal for each."""


class Journal:
    """Appends to one file, made at the first change: what is merely looked at leaves none.

    The session calls it with its lock held.
    """

    def __init__(self, folder: Path, model: str) -> None:
        """Drops the oldest files of `folder`. Raises OutputError where it cannot be written."""
        self._model = model
        self._stream: IO[str] | None = None
        self._start: dict[str, Any] | None = None
        """The document before its first change."""
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.glob("*.jsonl"))[: -KEPT + 1]:
                old.unlink()
        except OSError as error:
            raise OutputError(f"the journal in {folder} cannot be written: {error}") from error
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.path = folder / f"{stamp}-{os.getpid()}-{next(_NUMBERS)}.jsonl"

    def record(self, document: Document, frame: Frame | None) -> None:
        """Writes a step where there is one, else the whole document."""
        if self._closed:
            return
        line = encode(document, self._model) if frame is None else encode_step(frame)
        if self._start is None:
            self._start = line
            return
        # A full disk must not end the edit; the journal is then as good as it was before.
        with suppress(OSError):
            if self._stream is None:
                self._stream = self.path.open("a", encoding="utf-8")
                self._stream.write(json.dumps(self._start) + "\n")
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()


def newest_journal(folder: Path, model: str | None = None) -> Path:
    """The journal written last, of that model where one is given. Raises UsageError."""
    found = sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        if model is None or model_of_journal(path) == model:
            return path
    whose = f" of {model}" if model else ""
    raise UsageError(f"no earlier edit{whose} to resume in {folder}")


def model_of_journal(path: Path) -> str | None:
    """The name of the model a journal's edit was made with; None where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return model_of(json.loads(lines.readline()))
    except (OSError, ValueError):
        return None


def recover(path: Path, info: BundleInfo) -> Document:
    """The last state a journal holds; a line cut off by a crash is passed over.

    Raises UsageError where nothing can be recovered for this model.
    """
    document: Any = None
    step: Any = None
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"journal {path} cannot be read: {error.strerror}") from error
    for line in lines:
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if is_step(values):
            step = values
        else:
            document, step = values, None
    if document is None:
        raise UsageError(f"journal {path} holds no edit")
    try:
        recovered = decode(document, info)
        return recovered if step is None else decode_step(step, recovered, info)
    except UsageError as error:
        raise UsageError(f"journal {path}: {error}") from None
