"""From the options of a command to an open session: model, engine, latent, parameters, journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_draggan import paths
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.edit.document import Document
from tui_draggan.edit.journal import model_of_journal, newest_journal, recover
from tui_draggan.edit.latent import Seed, latent_from_seed, recommended_psi
from tui_draggan.edit.lifecycle import Recorder
from tui_draggan.edit.mask import load_mask
from tui_draggan.edit.parameters import default_params
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import load_session, model_of_session
from tui_draggan.engines.base import Engine
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import UsageError

LISTED = 12
"""Classes an error names; a model may have thousands."""


@dataclass(frozen=True)
class OpenOptions:
    """What is to be opened, as the command line says it; None: not said."""

    model: str | None = None
    """Name or path; None: the session's, else the bundled one."""
    device: str = "auto"
    engine: str = "auto"
    seed: int | None = None
    psi: float | None = None
    label: str | None = None
    mask: Path | None = None
    session: Path | None = None
    resume: bool = False
    feature_block: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """Drag parameters by name, those that were given."""


def open_bundle(options: OpenOptions) -> ModelBundle:
    """Raises BundleError or UsageError."""
    bundle = ModelBundle.open(paths.find_model(options.model or _model_of_stored(options)))
    block = bundle.info.drag.feature_block
    if options.feature_block not in (None, block):
        raise UsageError(
            f"feature block {options.feature_block} is not in this model, which has {block}; "
            f"export another with tui-draggan export --feature-block {options.feature_block}"
        )
    return bundle


def origin(options: OpenOptions, bundle: ModelBundle) -> str:
    """A line about the edit that is resumed, empty where none is. Raises UsageError."""
    if not options.resume:
        return ""
    written = newest_journal(paths.journals(), bundle.info.name).stat().st_mtime
    when = time.strftime("%d %b, %H:%M", time.localtime(written))
    return f"the edit of {when}, as it was left; what led to it cannot be undone"


def open_session(
    options: OpenOptions,
    bundle: ModelBundle,
    recorder: Recorder | None = None,
    open_engine: Callable[[ModelBundle, str, str], Engine] = open_engine,
) -> Session:
    """Opens the engine and makes the session. Slow: for the worker thread."""
    info = bundle.info
    stored = _stored(options, info)
    label = class_index(options.label, info)
    seed, psi = options.seed, options.psi
    for name, value in {"class": label, "seed": seed, "psi": psi}.items():
        if stored and value is not None:
            raise UsageError(f"a resumed edit already has a {name}; remove --{name}")
    origin = Seed(seed or 0, recommended_psi(info) if psi is None else psi, label)
    parameters = (
        stored.parameters
        if stored
        else default_params(info.resolution, info.drag.trainable_rows, info.recommended)
    ).with_values(**options.values)
    mask = None if options.mask is None else load_mask(options.mask, info.resolution).mask
    engine = open_engine(bundle, options.device, options.engine)
    document = stored or Document(latent_from_seed(engine, origin.seed, origin.psi, origin.label))
    document = replace(document, parameters=parameters)
    if mask is not None:
        document = replace(document, mask=mask)
    return Session(engine, document, recorder)


def class_index(label: str | None, info: BundleInfo) -> int | None:
    """The number of a class given by name or number. Raises UsageError."""
    if label is None:
        return None
    if not info.classes:
        raise UsageError(f"class {label}: {info.name} has no classes")
    if label in info.classes:
        return info.classes.index(label)
    if label.isdecimal() and int(label) < len(info.classes):
        return int(label)
    names = ", ".join(info.classes[:LISTED]) + (", …" if info.c_dim > LISTED else "")
    raise UsageError(
        f"class {label} is unknown; {info.name} has {names} (or a number, 0 to {info.c_dim - 1})"
    )


def _stored(options: OpenOptions, info: BundleInfo) -> Document | None:
    if options.session is not None:
        return load_session(options.session, info)
    if options.resume:
        return recover(newest_journal(paths.journals(), info.name), info)
    return None


def _model_of_stored(options: OpenOptions) -> str:
    """The model that the edit to go on with was made with."""
    if options.session is not None:
        return model_of_session(options.session)
    if options.resume:
        return model_of_journal(newest_journal(paths.journals())) or paths.DEFAULT_MODEL
    return paths.DEFAULT_MODEL
