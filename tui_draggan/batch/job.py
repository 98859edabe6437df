"""A job: one edit to be made, complete, so that whoever makes it needs the model and nothing else.

What is the same edit has the same key, on every machine and in every version that reads it: the key
is a hash of what is asked for, not of where it stands, nor of w+ that a seed stands for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui_draggan import __version__
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Seed, label_of, latent_from_seed
from tui_draggan.edit.moves import moved_along, parse_moves
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.store import decode, encode, encode_array

if TYPE_CHECKING:
    from tui_draggan.api import Model

DIGITS = 32
"""Hexadecimal digits of a key: two different edits among 10⁹ share one with probability 10⁻²¹."""
UNHASHED = ("format", "version", "program")
"""What a session file says of itself, not of the edit."""


@dataclass(frozen=True, eq=False)
class Job:
    """An edit, and where it came from."""

    key: str
    line: int
    """Its line in the file of jobs, from 1."""
    id: str | int | None
    """What its line calls it."""
    model: str
    """What opens its model: a name, or a folder's path."""
    fingerprint: str
    """Hash of the model's bundle: every machine must have this very model."""
    edit: Mapping[str, Any]
    """A session file's values; of a generated picture without `ws`, which its seed stands for."""
    moves: tuple[str, ...] = ()
    """Directions that the picture is moved along first, as typed."""
    directions: tuple[Direction, ...] = ()
    """Directions of this person among them: other machines do not have them."""
    program: str = __version__

    def document(self, model: Model) -> Document:
        """The edit as it is to be run. Raises UsageError where it is of another model."""
        document = decode(self._with_latent(model), model.info)
        if self.moves:
            known = model.directions(label_of(document.latent.origin), self.directions)
            document = moved_along(document, parse_moves(self.moves, known, model.info))
        return document

    def _with_latent(self, model: Model) -> dict[str, Any]:
        latent = self.edit["latent"]
        if latent["ws"] is not None:
            return dict(self.edit)
        origin = latent["origin"]
        found = latent_from_seed(model.engine, origin["seed"], origin["psi"], origin["class"])
        return {**self.edit, "latent": {**latent, "ws": encode_array(found.ws)}}


@dataclass(frozen=True, eq=False)
class Refused:
    """A line that is no job, and why."""

    key: str
    line: int
    id: str | int | None
    reason: str


@dataclass(frozen=True, eq=False)
class Made:
    """What became of a job."""

    job: Job
    ending: Mapping[str, Any]
    """How it ended, as `edit.report.ending` has it."""
    picture: bytes
    """A PNG file."""
    log: str
    """A line of JSON for each step."""
    session: str
    """A session file."""
    worker: str
    """Computer and process that made it."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Failed:
    """A job that could not be made, and why."""

    job: Job
    reason: str
    worker: str = ""
    """As in `Made`; empty where nobody knows."""

    @property
    def line(self) -> int:
        return self.job.line


Outcome = Made | Failed


def job_of(
    document: Document,
    info: BundleInfo,
    *,
    line: int,
    id: str | int | None = None,
    model: str,
    fingerprint: str,
    moves: tuple[str, ...] = (),
    directions: tuple[Direction, ...] = (),
) -> Job:
    """A document → the job to run it. The latent of a generated picture that nobody has edited may
    hold anything: it is made where the job is."""
    edit = encode(document, info.name)
    if isinstance(document.latent.origin, Seed) and not document.latent.edited:
        edit["latent"] = {**edit["latent"], "ws": None}
    usual = model_params(info)
    own = {
        one.name: getattr(document.parameters, one.name)
        for one in document.parameters.differing(usual)
    }
    facts = {name: value for name, value in edit.items() if name not in UNHASHED and value}
    facts |= {"parameters": own, "fingerprint": fingerprint, "moves": moves}
    facts["directions"] = [(one.name, encode_array(one.vector), one.mean) for one in directions]
    return Job(key_of(facts), line, id, model, fingerprint, edit, moves, directions)


def key_of(facts: object) -> str:
    """A hash of JSON values."""
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
