"""The contenders: the published algorithms, written plainly, and this program.

A contender is named with its settings: `published:learning_rate=0.4:stops=2`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from tui_draggan.api import Model
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bench.contenders import WEIGHTS
from tui_draggan.bench.freedrag import PlainFreeDrag
from tui_draggan.bench.reference import ARRIVED, PlainDragGAN
from tui_draggan.bench.score.edits import Edit
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.edit.document import Document
from tui_draggan.edit.parameters import DragParams, default_params, parameter
from tui_draggan.edit.progress import AT_TARGETS, PAUSING
from tui_draggan.errors import UsageError
from tui_draggan.stylegan.network import Generator

LIMIT = 300
"""Most steps of an edit (DragGAN, section 4)."""
PUBLISHED, PROGRAM, FREEDRAG, SHIPPED = "published", "program", "freedrag", "shipped"
NAMES = (PUBLISHED, PROGRAM, FREEDRAG, SHIPPED)
SWITCHES: dict[str, dict[str, float | None]] = {
    PUBLISHED: {"learning_rate": 0.002, "squared": 0, "lets_go": ARRIVED, "stops": None},
    PROGRAM: {"learning_rate": 0.001, "squared": 1, "lets_go": 1.0, "stops": 2.0},
    FREEDRAG: {"learning_rate": 0.002, "d": 3.0, "l": None, "stops": None},
}
"""Settings of the plain ones. published: the paper, whose points stop within 1 px (more than five:
2 px) of their targets; program: the authors' program, which tracks by L2, lets go of a point 1 px
from its target and stops at 2 px; stops: distance in pixels at which a point has arrived."""


@dataclass(frozen=True, eq=False)
class Edited:
    """What a contender made of an edit."""

    ws: Floats
    """(L, w_dim)"""
    handles: Floats
    """(N, 2) where it believes the handles are."""
    steps: int
    arrived: bool
    """Whether it believes that all are at their targets."""
    seconds: float
    picture: Bytes | None = None
    """(H, W, 3) as it is seen; None where it is that of `ws` alone."""


Way = Callable[[Edit], Edited]


def open_way(text: str, model: Model) -> Way:
    """A contender by name and settings. Raises UsageError."""
    name, *settings = text.split(":")
    if name not in NAMES:
        raise UsageError(f"no contender named {name}; available: {', '.join(NAMES)}")
    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"{text}: {setting!r} is no setting; expected name=value")
        given[key] = value
    if name == SHIPPED:
        values = {key: parameter(key).parse(value) for key, value in given.items()}
        usual = model.parameters.with_values(steps=LIMIT, patience=LIMIT)
        return partial(_shipped, model, usual.with_values(**values))
    switches = dict(SWITCHES[name])
    for key, value in given.items():
        if key not in switches:
            raise UsageError(f"{name} has no setting {key}; available: {', '.join(switches)}")
        try:
            switches[key] = float(value)
        except ValueError:
            raise UsageError(f"{text}: {value!r} is not a number") from None
    run = _freedrag if name == FREEDRAG else _published
    return partial(run, model, _generator(model), switches)


def _generator(model: Model) -> Generator:
    file = model.bundle.file(WEIGHTS)
    if not file.exists():
        raise UsageError(
            f"{model.info.name} was imported without --keep-weights, which published algorithms "
            "need; --ways shipped does without"
        )
    return load_generator(file)


def _shipped(model: Model, parameters: DragParams, edit: Edit) -> Edited:
    session = model.edit(Document(edit.latent, mask=edit.mask, parameters=parameters))
    for handle, target in zip(edit.handles, edit.targets, strict=True):
        session.add_pair(handle, target)
    for pin in edit.pins:
        session.add_pair(pin, pin)
    began = time.perf_counter()
    while True:
        for _ in session.run():
            pass
        if session.status.outcome not in PAUSING:
            break  # where a point is lost a person may stop; here the way is gone to its end
    document, status = session.document, session.status
    return Edited(
        document.latent.ws,
        np.array([pair.handle for pair in document.pairs[: len(edit.handles)]], np.float32),
        status.iteration,
        status.outcome in AT_TARGETS,
        time.perf_counter() - began,
        session.picture,
    )


def _published(
    model: Model, generator: Generator, switches: dict[str, float | None], edit: Edit
) -> Edited:
    info = model.info
    usual = default_params(info.size, info.drag.trainable_rows)
    plain = PlainDragGAN(
        generator,
        torch.tensor(edit.latent.ws),
        feature_block=info.drag.feature_block,
        rows=usual.rows,
        editable=None if edit.mask is None else torch.from_numpy(edit.mask),
        squared_tracking=bool(switches["squared"]),
        lets_go=_number(switches["lets_go"]),
    )
    handles, targets = _points(edit)
    stops = switches["stops"]
    within = usual.reached_within(len(handles)) if stops is None else stops
    templates = plain.templates(handles)
    began, ws, steps, arrived = time.perf_counter(), plain.ws(), -1, False
    while not arrived and steps < LIMIT:
        steps += 1
        step = plain.step(
            handles,
            targets,
            templates,
            r1=usual.r1,
            r2=usual.r2,
            mask_weight=usual.mask_weight,
            learning_rate=_number(switches["learning_rate"]),
        )
        handles, ws = step.handles, step.ws
        arrived = bool(((handles - targets).norm(dim=1) <= within).all())
    seconds = time.perf_counter() - began
    dragged = handles[: len(edit.handles)].numpy()
    return Edited(ws.detach().numpy(), dragged, steps, arrived, seconds)


def _freedrag(
    model: Model, generator: Generator, switches: dict[str, float | None], edit: Edit
) -> Edited:
    info = model.info
    usual = default_params(info.size, info.drag.trainable_rows)
    share = info.size.shorter / 512
    plain = PlainFreeDrag(
        generator,
        torch.tensor(edit.latent.ws),
        *_points(edit),
        feature_block=info.drag.feature_block,
        learning_rate=_number(switches["learning_rate"]),
        rows=usual.rows,
        radius=usual.r1,
        stretch=_number(switches["d"]) * share,
        discrepancy=switches["l"],
        stops=2 * share if switches["stops"] is None else switches["stops"],
    )
    began, drags = time.perf_counter(), 0
    while not plain.arrived and plain.steps < LIMIT and drags < LIMIT:
        plain.drag()
        drags += 1
    seconds = time.perf_counter() - began
    dragged = plain.places[: len(edit.handles)].numpy()
    return Edited(plain.ws().detach().numpy(), dragged, plain.steps, plain.arrived, seconds)


def _points(edit: Edit) -> tuple[Tensor, Tensor]:
    """Handles and targets (N, 2), those of the pins last."""
    handles, targets = edit.handles + edit.pins, edit.targets + edit.pins
    return torch.tensor(handles).float(), torch.tensor(targets).float()


def _number(value: float | None) -> float:
    assert value is not None
    return value
