"""The lines of a file of jobs: each says an edit by the options of `drag`.

    {"seed": 6, "psi": 0.7, "class": "cat", "point": ["27,27:30,8"], "steps": 200}
    {"session": "cat.json", "mask": "ear.png", "direction": "turn=1.5@shape", "id": "cat-1"}

A field is an option without its dashes (`-` or `_` inside), read by the same parser; files are
found from the folder of the file of jobs. A session may stand in its field itself, and a line may
be one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from tui_draggan import library
from tui_draggan.api import Model
from tui_draggan.batch.job import DIGITS, Job, Refused, job_of
from tui_draggan.batch.results import Shard
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.arguments import add_opening
from tui_draggan.commands.drag import NO_POINTS, add_points, parse_pairs
from tui_draggan.commands.opening import (
    Edit,
    LatentInFile,
    NewPicture,
    OpenRequest,
    SavedSession,
    SessionValues,
    direction_store,
    open_bundle,
    opened_edit,
)
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent
from tui_draggan.edit.mask import LoadedMask, load_mask
from tui_draggan.edit.points import Pair, free_ids
from tui_draggan.edit.rest import with_rest_held
from tui_draggan.edit.store import FORMAT
from tui_draggan.engines.base import Engine
from tui_draggan.errors import DragganError, EngineError, UsageError
from tui_draggan.files import check_readable, reason_of
from tui_draggan.size import Size
from tui_draggan.wording import quoted

LONGEST = 256 << 20
"""Bytes of a line; a session with a mask of 1024 px has 0.3 MB."""
ID, SESSION = "id", "session"
BATCHES = frozenset({"engine", "device", "resume", "name", "help"})
"""Options that a line cannot have: they are the batch's, or mean nothing in one."""
INLINE = "(in the line)"


def count_lines(path: Path, shard: Shard) -> int:
    """Lines of the shard that are not empty. Raises UsageError."""
    return sum(shard.has(number) for number, _ in _lines(path))


class Lines:
    """A file of jobs."""

    def __init__(self, path: Path, request: OpenRequest, shard: Shard) -> None:
        """request: what the command's own options say of model and parameters; a line's overrule
        it."""
        self._path, self._request, self._shard = path, request, shard
        self._folder = path.parent
        self._fields = _Fields()
        self._bundle = cache(self._open_bundle)
        self._mask = cache(load_mask)
        self._kept = cache(self._kept_directions)

    def jobs(self) -> Iterator[Job | Refused]:
        """Those of the shard, in order. Raises UsageError where the file cannot be read."""
        for number, text in _lines(self._path):
            if self._shard.has(number):
                yield self._job(number, text)

    def _job(self, number: int, text: bytes) -> Job | Refused:
        name: str | int | None = None
        try:
            values = _object(text)
            name = _name(values)
            return self._parsed(number, name, values)
        except DragganError as error:
            key = hashlib.sha256(text).hexdigest()[:DIGITS]
            return Refused(key, number, name, str(error))

    def _parsed(self, number: int, name: str | int | None, values: Mapping[str, Any]) -> Job:
        """Raises UsageError, BundleError."""
        if values.get("format") == FORMAT:
            values = {SESSION: values}
        session = values.get(SESSION)
        inline = isinstance(session, dict)
        options = self._fields.parsed({**values, SESSION: INLINE} if inline else values)
        request = self._overruled(OpenRequest.of(options))
        if inline:
            request = replace(request, start=SessionValues(session))
        request = _found_from(self._folder, request)
        name_here = _model(request)
        bundle = self._bundle(name_here)
        model = Model(bundle, _no_engine)
        document = self._document(request, model)
        numbers = free_ids({pair.id for pair in document.pairs})
        for handle, target in parse_pairs(options, bundle.info):
            document = document.adding(Pair.placed(next(numbers), handle, target))
        if options.hold_rest:
            document = with_rest_held(document, bundle.info.size, numbers)
        if not document.dragged:
            raise UsageError(NO_POINTS)
        named = {move.rpartition("=")[0] for move in request.moves}
        return job_of(
            document,
            bundle.info,
            line=number,
            id=name,
            model=_name_elsewhere(bundle),
            fingerprint=bundle.fingerprint,
            moves=tuple(request.moves),
            directions=tuple(one for one in self._kept(name_here) if one.name in named),
        )

    def _overruled(self, request: OpenRequest) -> OpenRequest:
        own = self._request
        parameters = {**own.parameters, **request.parameters}
        return replace(request, model=request.model or own.model, parameters=parameters)

    def _document(self, request: OpenRequest, model: Model) -> Document:
        """With any latent for a generated picture. Raises UsageError."""
        info, start = model.info, request.start
        if isinstance(start, NewPicture):
            label = start.label if start.label is not None or not info.classes else 0
            origin = model.seed(start.seed, start.psi, label)
            document = Document(Latent(_nothing(model), origin), parameters=model.parameters)
        else:
            document, _ = opened_edit(start, model)
        parameters = document.parameters.with_values(**request.parameters)
        document = replace(document, parameters=parameters)
        if request.mask is None:
            return document
        mask: LoadedMask = self._mask(request.mask, Size(*info.size))
        return replace(document, mask=mask.mask)

    def _kept_directions(self, model: str) -> tuple[Direction, ...]:
        return tuple(direction_store(self._bundle(model)).all())

    def _open_bundle(self, model: str) -> ModelBundle:
        return open_bundle(OpenRequest(model=model))


class _Fields(argparse.ArgumentParser):
    """The options of `drag` that say an edit, as fields."""

    def __init__(self) -> None:
        super().__init__(prog="", add_help=False, allow_abbrev=False)
        add_points(self)
        add_opening(self)
        self.names = {
            flag[2:].replace("-", "_"): action
            for action in self._actions
            for flag in action.option_strings
            if flag.startswith("--") and action.dest not in BATCHES
        }

    def parsed(self, values: Mapping[str, Any]) -> argparse.Namespace:
        """Raises UsageError."""
        words = []
        for name, value in values.items():
            if name == ID:
                continue
            action = self.names.get(name.replace("-", "_"))
            if action is None:
                known = ", ".join((ID, *self.names))
                raise UsageError(f"no field {quoted(name)}; available: {known}")
            if isinstance(action, argparse._StoreTrueAction):
                words += _switched(action, name, value)
                continue
            several = isinstance(value, list) and isinstance(action, argparse._AppendAction)
            words += [_word(action, name, one) for one in (value if several else [value])]
        return self.parse_args(words)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message.removeprefix("argument "))


def _switched(action: argparse.Action, name: str, value: object) -> list[str]:
    """An option without a value, where it is on. Raises UsageError."""
    if not isinstance(value, bool):
        raise UsageError(f"{name} is {quoted(json.dumps(value))}; expected true or false")
    return [action.option_strings[0]] if value else []


def _word(action: argparse.Action, name: str, value: object) -> str:
    """An option with its value, as typed. Raises UsageError for what cannot be typed."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise UsageError(f"{name} is {quoted(json.dumps(value))}; expected text or a number")
    return f"{action.option_strings[0]}={value}"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and text of every line that is not empty. Raises UsageError."""
    check_readable(path, "a file of jobs (JSON lines)")
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and not line.endswith(b"\n"):
                    raise UsageError(f"{path}, line {number} has more than {LONGEST >> 20} MB")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from None


def _object(text: bytes) -> dict[str, Any]:
    """Raises UsageError."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError among them
        raise UsageError(f"not JSON ({error})") from None
    if not isinstance(values, dict):
        raise UsageError('not an edit; expected {"seed": N, "point": ["X,Y:X,Y"], …}')
    return values


def _name(values: Mapping[str, Any]) -> str | int | None:
    """Raises UsageError."""
    name = values.get(ID)
    if name is not None and (not isinstance(name, str | int) or isinstance(name, bool)):
        raise UsageError(f"{ID} is {quoted(json.dumps(name))}; expected text or a number")
    return name


def _found_from(folder: Path, request: OpenRequest) -> OpenRequest:
    """With the files that a line names where they are."""
    start = request.start
    if isinstance(start, SavedSession):
        start = SavedSession(folder / start.path)
    elif isinstance(start, LatentInFile):
        start = replace(start, path=folder / start.path)
    mask = None if request.mask is None else folder / request.mask
    return replace(request, start=start, mask=mask)


def _model(request: OpenRequest) -> str:
    """The name of the model that is asked for. Raises UsageError."""
    if request.model is not None:
        return request.model
    start = request.start
    return start.model() if isinstance(start, Edit) else request.usual_model


def _name_elsewhere(bundle: ModelBundle) -> str:
    """What opens the model on other machines: its name where it is listed under it, else its
    folder's path."""
    name = bundle.path.name
    here = library.is_listed(name) and library.find_model(name).resolve() == bundle.path.resolve()
    return name if here else str(bundle.path.resolve())


def _nothing(model: Model) -> Any:
    import numpy as np

    return np.zeros((model.info.num_ws, model.info.w_dim), np.float32)


def _no_engine() -> Engine:
    raise EngineError("a job is read without an engine")
