"""What led to a document: its history and the steps of its runs, written down and read again.

A journal tells it change by change, so it is replayed (`Replay`); a session file holds it whole, as
`encode_past` gives it. Pictures of steps are not in either: they are made again from the latents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.history import History
from tui_draggan.edit.lifecycle import Change, Past, Version, runs_of
from tui_draggan.edit.store import (
    decode,
    decode_frame,
    encode,
    encode_step,
    read_values,
    write_values,
)
from tui_draggan.errors import UsageError


class Latents:
    """One array for equal latents: the step that is shown has the document's very array."""

    def __init__(self) -> None:
        self._known: dict[bytes, Floats] = {}

    def of_document(self, document: Document) -> Document:
        latent = document.latent
        return replace(document, latent=replace(latent, ws=self._one(latent.ws)))

    def of_frame(self, frame: Frame) -> Frame:
        return replace(frame, ws=self._one(frame.ws))

    def _one(self, ws: Floats) -> Floats:
        return self._known.setdefault(ws.tobytes(), ws)


class Replay:
    """Makes history and runs again from what a journal tells."""

    def __init__(self, document: Document, past: Past | None = None) -> None:
        """past: what had led to the document when the journal began."""
        self._latents = Latents()
        self._history = History[Version]() if past is None else past.history
        self._frames = [] if past is None else past.frames
        self._document = self._latents.of_document(document)
        self._seen = {id(self._frames): self._frames}
        if past is not None:
            for version in (*past.history.path, Version(document, past.frames)):
                self._latents.of_document(version.document)
                for frame in version.frames:
                    self._latents.of_frame(frame)

    @property
    def document(self) -> Document:
        return self._document

    @property
    def past(self) -> Past:
        return Past(self._history, self._frames)

    def change(self, document: Document, change: Change) -> None:
        """A document, and how it came from the one before."""
        document, before = self._latents.of_document(document), self._version()
        origin = self._document.latent.origin
        if change.kind in ("edit", "merge"):
            runs = runs_of((*self._history.path, before), origin)
            self._history.record(change.label, before, change.kind == "merge")
            self._frames = self._run_after(change, runs)
        elif change.kind in ("undo", "redo"):
            found = getattr(self._history, change.kind)(before)
            self._frames = [] if found is None else found[1].frames
        self._document = document

    def step(self, document: Document, frame: Frame) -> None:
        """A step of the run, and the document as it left it."""
        self._frames.append(replace(self._latents.of_frame(frame), hold=document.hold))
        self._document = self._latents.of_document(document)

    def _version(self) -> Version:
        return Version(self._document, self._frames)

    def _run_after(self, change: Change, runs: list[list[Frame]]) -> list[Frame]:
        if change.run is not None and change.run < len(runs):
            return runs[change.run]
        return self._frames if change.has_steps else []


def encode_past(past: Past, model: str) -> dict[str, Any]:
    """As JSON values: every document and every run once, versions by their numbers."""
    documents, runs = _Table(), _Table()

    def numbered(stack: Iterable[tuple[str, Version]]) -> list[list[Any]]:
        return [
            [label, documents.number(version.document), runs.number(version.frames)]
            for label, version in stack
        ]

    undo, redo = numbered(past.history.undoable), numbered(past.history.redoable)
    run = runs.number(past.frames)
    return {
        "undo": undo,
        "redo": redo,
        "run": run,
        "documents": [encode(one, model) for one in documents.values],
        "runs": [[encode_step(frame) for frame in one] for one in runs.values],
        "holds": [_held_by(one, documents.values) for one in runs.values],
    }


def _held_by(frames: list[Frame], documents: list[Document]) -> int | None:
    """The number of a document that holds its picture as the steps do theirs; None: none does."""
    if not frames or frames[-1].hold is None:
        return None
    return next((n for n, one in enumerate(documents) if one.hold == frames[-1].hold), None)


def decode_past(values: Any, info: BundleInfo) -> Past:
    """The inverse of `encode_past`. Raises UsageError."""
    latents = Latents()
    try:
        documents = [latents.of_document(decode(one, info)) for one in values["documents"]]
        holds = [None if n is None else documents[int(n)].hold for n in values["holds"]]
        runs = [
            [replace(latents.of_frame(decode_frame(step, info)), hold=hold) for step in steps]
            for steps, hold in zip(values["runs"], holds, strict=True)
        ]

        def stack(entries: Any) -> list[tuple[str, Version]]:
            return [
                (str(label), Version(documents[int(document)], runs[int(run)]))
                for label, document, run in entries
            ]

        history = History.of(stack(values["undo"]), stack(values["redo"]))
        return Past(history, runs[int(values["run"])])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UsageError(f"its history is incomplete or damaged ({error})") from error


class _Table:
    """Values with numbers; the same object has one."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[int, int] = {}

    def number(self, value: object) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.values)
            self.values.append(value)
        return self._numbers[id(value)]


def save_edit(path: Path, document: Document, past: Past, model: str) -> None:
    """Writes a session file with all that led to the document. Raises OutputError."""
    write_values(path, {**encode(document, model), "history": encode_past(past, model)})


def load_edit(path: Path, info: BundleInfo) -> tuple[Document, Past | None]:
    """Reads a session file, and what led to it, where that is in it. Raises UsageError, naming the
    file."""
    values = read_values(path)
    try:
        document = decode(values, info)
        history = values.get("history")
        past = None if history is None else decode_past(history, info)
    except UsageError as error:
        raise UsageError(f"session {path}: {error}") from None
    if past is None:
        return document, None
    shown = [frame.ws for frame in past.frames]
    same = next((ws for ws in shown if ws.tobytes() == document.latent.ws.tobytes()), None)
    if same is not None:
        document = replace(document, latent=replace(document.latent, ws=same))
    return document, past
