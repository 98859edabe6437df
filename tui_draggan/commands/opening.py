"""From the options of a command to an open session."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_draggan import library, paths
from tui_draggan.api import Model
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.commands.arguments import given
from tui_draggan.commands.file_opening import made, model_of_file, opened_at_once, weights_at
from tui_draggan.commands.settings import read_settings
from tui_draggan.directions.labels import LabelStore
from tui_draggan.directions.store import DirectionStore
from tui_draggan.edit.document import Document
from tui_draggan.edit.journal import day_and_time, newest_journals
from tui_draggan.edit.journal_lines import Recovered, model_of_journal, recover
from tui_draggan.edit.latent import LatentFile, Seed, label_of
from tui_draggan.edit.lifecycle import Past, Recorder
from tui_draggan.edit.mask import LoadedMask, load_mask
from tui_draggan.edit.moves import moved_along, parse_moves
from tui_draggan.edit.parameters import PARAMETERS
from tui_draggan.edit.past import load_edit
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import decode, model_of, model_of_session
from tui_draggan.edit.values import Value
from tui_draggan.engines.choose import AUTO
from tui_draggan.engines.process import EngineProcess
from tui_draggan.errors import UsageError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NewPicture:
    """A generated picture to start from."""

    seed: int = 0
    psi: float | None = None
    """Truncation ψ; None: what the model recommends."""
    label: str | None = None
    """Class, by name or number; None: the first, where the model has classes."""

    @classmethod
    def of(cls, seed: Seed) -> NewPicture:
        """That generated picture."""
        return cls(seed.seed, seed.psi, None if seed.label is None else str(seed.label))


@dataclass(frozen=True)
class LatentInFile:
    """A picture to start from, by its latent in a file."""

    path: Path
    index: int | None = None
    """Which of several, from 0; None: the only one."""


@dataclass(frozen=True)
class SavedSession:
    """A session file to continue."""

    path: Path

    def model(self) -> str:
        """The name of its model. Raises UsageError."""
        return model_of_session(self.path)

    def opened(self, info: BundleInfo) -> tuple[Document, Past | None]:
        """It, and what led to it. Raises UsageError where it is of another model, or damaged."""
        return load_edit(self.path, info)


@dataclass(frozen=True, eq=False)
class SessionValues:
    """A session that stands within another file."""

    values: Any
    """What `edit.store.encode` gave."""

    def model(self) -> str:
        """The name of its model. Raises UsageError."""
        model = model_of(self.values)
        if model is None:
            raise UsageError("the session in it is not one")
        return model

    def opened(self, info: BundleInfo) -> tuple[Document, Past | None]:
        """It, without what led to it. Raises UsageError as `SavedSession.opened` does."""
        return decode(self.values, info), None


@dataclass(frozen=True)
class LastEdit:
    """The edit that was left last, or another, from its journal."""

    journal: Path | None = None
    """None: the newest."""

    def model(self) -> str:
        """The edit's model; of the newest edit whose model is there, of the newest where none is.

        Raises UsageError where there is no edit.
        """
        if self.journal is not None:
            model = model_of_journal(self.journal)
            if model is None:
                raise UsageError(f"journal {self.journal} cannot be read, or holds no edit")
            return model
        models = [model for _, model in newest_journals(paths.journals())]
        return next((model for model in models if library.is_there(model)), models[0])

    def opened(self, info: BundleInfo) -> tuple[Document, Past | None]:
        """The last edit of this model, and what led to it. Raises UsageError."""
        recovered = self._recovered(info)[1]
        return recovered.document, recovered.past

    def note(self, info: BundleInfo) -> str:
        """A line about it, for the person who resumes it. Raises UsageError."""
        path, recovered = self._recovered(info)
        newest = info.name if self.journal else newest_journals(paths.journals())[0][1]
        notes = [f"the edit of {day_and_time(path)}, as it was left"]
        if recovered.past is None or not recovered.past.history.undoable:
            notes.append("what led to it cannot be undone")
        if newest != info.name and not library.is_there(newest):
            notes.append(f"the last edit needs the model {newest}, which is gone")
        if recovered.damaged:
            notes.append(f"damaged lines of the journal passed over: {recovered.damaged}")
        return "; ".join(notes)

    def _recovered(self, info: BundleInfo) -> tuple[Path, Recovered]:
        path = self.journal or newest_journals(paths.journals(), info.name)[0][0]
        return path, recover(path, info)


@dataclass(frozen=True, eq=False)
class HandedOn:
    """An edit that is there, to be continued on another model of the same latents: its steps, and
    what led to it, are pictures of the model it comes from."""

    document: Document

    def opened(self, info: BundleInfo) -> tuple[Document, Past | None]:
        """With templates of the new model's features."""
        pairs = tuple(replace(pair, template=None) for pair in self.document.pairs)
        return replace(self.document, pairs=pairs), None


Edit = SavedSession | SessionValues | LastEdit
Start = NewPicture | LatentInFile | Edit | HandedOn


@dataclass(frozen=True)
class OpenRequest:
    """What is to be opened."""

    model: str | None = None
    """Name, folder, or a file of weights (or a run's folder), of which a model is made; None: that
    of the edit that is continued, else the default model."""
    name: str | None = None
    """Name under which a file's model is kept among the user's; None: it goes to the cache."""
    usual_model: str = library.DEFAULT_MODEL
    """Model of a new picture where none is named."""
    device: str = AUTO
    """Device of the engine: auto, cpu, cuda, cuda:N or mps."""
    engine: str = AUTO
    """Engine by its name in `engines.choose`."""
    start: Start = field(default_factory=NewPicture)
    """Picture, or edit, to start from."""
    mask: Path | None = None
    """Picture file; None: the mask of the edit that is continued, else none."""
    feature_block: int | None = None
    """Feature block the model must have; None for any."""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """Drag parameters by name that overrule the model's and the edit's."""
    moves: Sequence[str] = ()
    """Directions that the picture is moved along first (`edit.moves`)."""

    @classmethod
    def of(cls, options: argparse.Namespace) -> OpenRequest:
        """What the options of `arguments.add_opening` ask for. Raises UsageError."""
        wanted = vars(options).get
        settings = read_settings()
        return cls(
            model=wanted("model"),
            name=wanted("name"),
            usual_model=settings.model or library.DEFAULT_MODEL,
            device=wanted("device", settings.text("device")),
            engine=wanted("engine", settings.text("engine")),
            start=_start(options),
            mask=wanted("mask"),
            feature_block=wanted("feature_block"),
            parameters=given(options, PARAMETERS),
            moves=tuple(wanted("direction", ())),
        )


def _start(options: argparse.Namespace) -> Start:
    wanted = vars(options).get
    seed, psi, label = wanted("seed"), wanted("psi"), wanted("label")
    latent, index = wanted("latent"), wanted("latent_index")
    if index is not None and latent is None:
        raise UsageError("--latent-index is for --latent FILE; remove it")
    if latent is None and not wanted("resume") and wanted("session") is None:
        return NewPicture(seed or 0, psi, label)
    what = "a resumed edit already has" if latent is None else "a latent from a file has no"
    for name, value in {"seed": seed, "psi": psi, "class": label}.items():
        if value is not None:
            article = "a " if latent is None else ""
            raise UsageError(f"{what} {article}{name}; remove --{name}")
    if latent is not None:
        return LatentInFile(latent, index)
    return LastEdit() if wanted("resume") else SavedSession(options.session)


def open_at_once(request: OpenRequest, niceness: int = 0) -> tuple[ModelBundle, EngineProcess]:
    """The model, and its engine. Of a file of weights that has no model yet there are pictures
    while it is made; its bundle is not on the disk until then.

    Raises BundleError, UsageError, CheckpointError, OutputError.
    """
    if (file := weights_at(request.model)) is not None:
        model = model_of_file(file, request.name, request.feature_block)
        if not model.is_there:
            return opened_at_once(model, request.device, request.engine)
    bundle = open_bundle(request)
    return bundle, engine_for(request, bundle, niceness)


def open_bundle(request: OpenRequest) -> ModelBundle:
    """The model; that of a file of weights is made first, where it is not there yet.

    Raises BundleError, UsageError, EngineError, OutputError.
    """
    start = request.start
    if (file := weights_at(request.model)) is not None:
        return made(model_of_file(file, request.name, request.feature_block))
    if request.name is not None:
        raise UsageError("--name is for the model of a file of weights; remove it")
    name = request.model
    if name is None:
        name = start.model() if isinstance(start, Edit) else request.usual_model
    bundle = ModelBundle.open(library.find_model(name))
    block = bundle.info.drag.feature_block
    if request.feature_block not in (None, block):
        raise UsageError(
            f"{bundle.info.name} has feature block {block}, not {request.feature_block}; import "
            f"its checkpoint with --feature-block {request.feature_block}"
        )
    return bundle


def direction_store(bundle: ModelBundle) -> DirectionStore:
    """The directions that are kept for a model."""
    name = bundle.info.name
    return DirectionStore(paths.user_directions(name), bundle.path / "directions", bundle.info)


def label_store(bundle: ModelBundle) -> LabelStore:
    """The labels that a person has given to pictures of a model."""
    return LabelStore(paths.user_labels(bundle.info.name), bundle.info)


def open_mask(request: OpenRequest, bundle: ModelBundle) -> LoadedMask | None:
    """The mask that is asked for, None where the edit keeps its own. Raises UsageError."""
    return None if request.mask is None else load_mask(request.mask, bundle.info.size)


def engine_for(request: OpenRequest, bundle: ModelBundle, niceness: int = 0) -> EngineProcess:
    """The engine that is asked for, in a process of its own, not started yet.

    niceness: what the process waits for others, as in nice(1).
    """
    return EngineProcess(bundle, request.device, request.engine, niceness)


def open_session(
    request: OpenRequest,
    bundle: ModelBundle,
    engine: EngineProcess,
    mask: LoadedMask | None = None,
    recorder: Recorder | None = None,
) -> Session:
    """Opens the engine and makes the session. Slow: for the thread that owns the engine.

    engine: that of `engine_for`. mask: what `open_mask` gave. Raises UsageError, EngineError.
    """
    model = Model(bundle, lambda: engine)
    document, past = opened_edit(request.start, model)
    parameters = document.parameters.with_values(**request.parameters)
    document = replace(document, parameters=parameters)
    if mask is not None:
        document = replace(document, mask=mask.mask)
    engine.open()
    warn_if_strange(model, document)
    if request.moves:
        label = label_of(document.latent.origin)
        known = model.directions(label, direction_store(bundle).all())
        document = moved_along(document, parse_moves(request.moves, known, bundle.info))
    return model.edit(document, recorder, past)


def opened_edit(start: Start, model: Model) -> tuple[Document, Past | None]:
    """The edit to start with, and what led to it. Raises UsageError, EngineError."""
    if isinstance(start, NewPicture):
        origin = model.seed(start.seed, start.psi, start.label)
        return Document(model.latent(origin), parameters=model.parameters), None
    if isinstance(start, LatentInFile):
        latent = model.read_latent(start.path, start.index)
        return Document(latent, parameters=model.parameters), None
    return start.opened(model.info)


def warn_if_strange(model: Model, document: Document) -> None:
    """A notice where the latent of a file lies far outside what the model knows: many models have
    latents of one shape."""
    if not isinstance(document.latent.origin, LatentFile) or document.latent.edited:
        return
    strangeness = model.engine.statistics.strangeness(document.latent.ws)
    if strangeness > 1:
        log.warning(
            "this latent lies outside what %s can draw (%.1f × the limit): the picture may be "
            "broken, or the latent another model's",
            model.info.name,
            strangeness,
        )
