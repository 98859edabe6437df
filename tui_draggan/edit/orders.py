"""Pictures that are wanted beside the document's: a page of thumbnails, the way between two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from tui_draggan.arrays import Bytes
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.drawing import Drawing
from tui_draggan.edit.latent import HasLatent, Seed, latent_from_seed
from tui_draggan.edit.mixing import Mix, latent_of, mixed
from tui_draggan.engines.base import Engine
from tui_draggan.errors import DragganError


@dataclass(frozen=True)
class Mean:
    """The mean picture of a class; of the whole model where there is none, or it is not known."""

    label: int | None = None


Subject = Seed | Mean | Mix | HasLatent
"""What a picture of the edit's model is of."""
S = TypeVar("S")
Deliver = Callable[[S, Bytes], object]
"""Takes a picture (H, W, 3 or 4) and what it is of, in the thread that made it."""


Errand = Callable[[Engine], object]
"""Something that is asked of the engine, beside the document."""
T = TypeVar("T")


def told(
    question: Callable[[Engine], T],
    took: Callable[[T], object],
    failed: Callable[[DragganError], object],
) -> Errand:
    """The errand that asks, and tells what came of it in the thread that asked."""

    def errand(engine: Engine) -> None:
        try:
            answer = question(engine)
        except DragganError as error:
            failed(error)
        else:
            took(answer)

    return errand


class Orders(Generic[S]):
    """The list of pictures that are wanted; any thread writes it, one thread works it off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[S] = []
        self._deliver: Deliver[S] = lambda subject, picture: None

    def replace(self, subjects: Sequence[S], deliver: Deliver[S]) -> None:
        """Wants these, the first one first; those wanted before and not made yet are forgotten."""
        with self._lock:
            self._wanted, self._deliver = list(subjects), deliver

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def work(self, make: Callable[[S], Bytes]) -> None:
        """Makes and delivers the first picture, where one is wanted. Raises what `make` does; then
        nothing is wanted any more."""
        with self._lock:
            if not self._wanted:
                return
            subject, deliver = self._wanted.pop(0), self._deliver
        try:
            picture = make(subject)
        except BaseException:
            with self._lock:
                self._wanted.clear()
            raise
        deliver(subject, picture)


def picture_of(drawing: Drawing, subject: Subject) -> Bytes:
    """The picture (H, W, 3 or 4) of a seed, a mean, a step, a latent. Raises EngineError."""
    engine = drawing.engine
    if isinstance(subject, Seed):
        latent = latent_from_seed(engine, subject.seed, subject.psi, subject.label)
        return drawing.picture(latent.ws)
    if isinstance(subject, Mean):
        known, label = engine.statistics, subject.label
        own = label is not None and label < len(known.class_means)
        w = known.class_means[label] if own else known.mean
        return drawing.picture(np.tile(w, (engine.info.num_ws, 1)))
    if isinstance(subject, Mix):
        unknown = Seed(0)  # of a step only w+ matters here
        assert subject.first is not None
        first, second = (latent_of(engine, one, unknown) for one in (subject.first, subject.second))
        between = mixed(Document(first), second, subject.at, subject.rows, subject.title)
        return drawing.picture(between.latent.ws)
    return drawing.picture(subject.ws, subject.hold if isinstance(subject, Frame) else None)
