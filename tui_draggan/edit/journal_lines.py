"""What a journal's lines hold, and the last state that can be read from them.

A line is a JSON object: either a whole session, as `store.encode` gives it, or a step on top of
the session before it. Its last member, `crc32`, is the checksum of all before it; a step also
names the checksum of its document, so it is never applied to another. Lines of earlier versions
have neither and are read as they are.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.lifecycle import Change, Past
from tui_draggan.edit.past import Replay, decode_past, encode_past
from tui_draggan.edit.store import (
    decode,
    decode_frame,
    decode_step,
    encode,
    encode_step,
    is_step,
    model_of,
    subject_of,
)
from tui_draggan.errors import UsageError
from tui_draggan.files import reason_of

_UNSAID = Change()
_STEP = b'{"step"'
"""Beginning of a line that holds a step."""
_START = b'{"step": 0,'
"""Beginning of the one that holds what a run begins with, before its first step."""
_CHECKED = re.compile(rb'(\{.*), "crc32": "([0-9a-f]{8})"\}', re.DOTALL)


@dataclass(frozen=True, eq=False)
class Recovered:
    """The last state a journal holds."""

    document: Document
    past: Past | None
    """What led to it, as far back as the lines are sound."""
    damaged: int
    """Lines that could not be read and were passed over, a cut-off last one aside."""


@dataclass(frozen=True)
class Outline:
    """What a list says of a journal."""

    subject: str
    """What its picture comes from: «seed 6»; empty where that is not known."""
    steps: int
    """Number of steps in it, of all runs."""


@dataclass(frozen=True)
class _Line:
    """One line as it was read."""

    values: Any
    """JSON values; None where the line is damaged."""
    key: str
    """The checksum; empty in lines of earlier versions."""
    cut_off: bool
    """Whether its end was never written: the process was killed."""


def document_line(document: Document, model: str, change: Change = _UNSAID) -> bytes:
    """A line that holds a whole document, and how it came from the one before."""
    values = encode(document, model)
    if change.past is not None:
        values["history"] = encode_past(change.past, model)
    if change is not _UNSAID:
        values["change"] = [change.kind, change.label, change.has_steps, change.run]
    return _checked(values)


def step_line(frame: Frame, key: str) -> bytes:
    """A line that holds a step on the document whose line has that key."""
    return _checked({**encode_step(frame), "document": key})


def key_of(line: bytes) -> str:
    """The key of a line that holds a whole document; empty for any other."""
    found = _CHECKED.fullmatch(line.strip(b"\n"))
    return "" if found is None or found[1].startswith(_STEP) else found[2].decode()


def recover(path: Path, info: BundleInfo) -> Recovered:
    """The last state a journal holds; damaged lines are passed over.

    A step that follows a damaged document is passed over with it: it is on top of that one.
    Raises UsageError where nothing can be recovered for this model.
    """
    document: Document | None = None
    recovered: Document | None = None
    replay: Replay | None = None
    key, damaged, reason = "", 0, "holds no edit"
    try:
        lines = list(_read(path))
    except OSError as error:
        raise UsageError(f"journal {path} cannot be read: {reason_of(error)}") from error
    for line in lines:
        try:
            if line.values is None:
                raise UsageError("incomplete or damaged")
            if not is_step(line.values):
                document, key = None, line.key
                document = recovered = decode(line.values, info)
                replay = _changed(replay, document, line.values, info)
            elif document is not None and line.values.get("document", "") == key:
                recovered = decode_step(line.values, document, info)
                if replay is not None:
                    replay.step(recovered, decode_frame(line.values, info))
            else:
                raise UsageError("a step without its document")
        except UsageError as error:
            replay = replay if line.cut_off else None  # the history begins anew behind it
            reason = str(error) if reason == "holds no edit" else reason
            if line.values is None and not key:
                document = None  # of an earlier version: its steps do not say what they are on
            damaged += not line.cut_off
    if recovered is None:
        raise UsageError(f"journal {path}: {reason}")
    if replay is None:
        return Recovered(recovered, None, damaged)
    return Recovered(replay.document, replay.past, damaged)


def _changed(replay: Replay | None, document: Document, values: Any, info: BundleInfo) -> Replay:
    """After a line with a whole document. Where it does not say how it came from the one before,
    as in earlier versions, or after what was damaged, the history begins with it."""
    found = values.get("change")
    try:
        change = None if found is None else Change(*found)
    except TypeError as error:
        raise UsageError(f"incomplete or damaged ({error})") from error
    if replay is not None and change is not None:
        replay.change(document, change)
        return replay
    history = values.get("history")
    return Replay(document, None if history is None else decode_past(history, info))


def model_of_journal(path: Path) -> str | None:
    """The name of the model a journal's edit was made with; None where it cannot be read."""
    try:
        return next(filter(None, (model_of(line.values) for line in _read(path))), None)
    except OSError:
        return None


def outline(path: Path) -> Outline:
    """What is in a journal, without the time that `recover` takes. Raises OSError."""
    document, steps = b"", 0
    with path.open("rb") as stream:
        for line in stream:
            if line.startswith(_STEP):
                steps += not line.startswith(_START)
            elif line.endswith(b"\n"):
                document = line
    return Outline(subject_of(_parse(document.strip(), checked=False)[0]), steps)


def _checked(values: dict[str, Any]) -> bytes:
    body = json.dumps(values).encode()
    return b'%s, "crc32": "%08x"}\n' % (body[:-1], zlib.crc32(body[:-1]))


def _read(path: Path) -> Iterator[_Line]:
    """The lines of a file; once one has a checksum, all have. Raises OSError."""
    checked = False
    with path.open("rb") as stream:
        for line in stream:
            if text := line.strip():
                values, key = _parse(text, checked)
                checked = checked or (bool(key) and values is not None)
                yield _Line(values, key, not line.endswith(b"\n"))


def _parse(text: bytes, checked: bool) -> tuple[Any, str]:
    """The JSON values, None where they are damaged, and the checksum."""
    found = _CHECKED.fullmatch(text)
    key = "" if found is None else found[2].decode()
    whole = not checked if found is None else zlib.crc32(found[1]) == int(key, 16)
    try:
        return (json.loads(text) if whole else None), key
    except (ValueError, RecursionError):
        return None, key
