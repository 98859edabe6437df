"""The gallery asks about an attribute: what is labelled, learnt, and kept as a slider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from textual.message import Message

from tui_draggan.directions.labels import Labels, LabelStore, Sample
from tui_draggan.directions.store import checked_name
from tui_draggan.edit.labelling import Labelling, Learnt, pool_of
from tui_draggan.edit.orders import Errand, told
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.tui.gallery.browsing import Browsing
from tui_draggan.tui.services import Choice, Services


def is_name(text: str) -> bool:
    """Whether an attribute may be called so."""
    try:
        checked_name(text)
    except UsageError:
        return False
    return True


class Consulted(Protocol):
    """Has an engine, in a thread of its own: a session."""

    def consult(self, errand: Errand) -> None:
        """Has the errand called there."""


@dataclass
class Lesson(Message):
    """What was learnt of the answers, or why nothing was."""

    labelling: Labelling
    learnt: Learnt | None
    problem: str = ""


class Asking:
    """Labels of attributes while the gallery is open. It knows no widget."""

    def __init__(
        self,
        browsing: Browsing,
        source: Consulted,
        services: Services,
        post: Callable[[Message], object],
    ) -> None:
        """post: takes a `Lesson`, in any thread."""
        self._browsing, self._source = browsing, source
        self._store, self._keep = services.labels, services.keep_direction
        self._post = post

    @property
    def is_possible(self) -> bool:
        """Whether there is somewhere to keep labels."""
        return self._store is not None

    def choices(self) -> list[Choice]:
        """The attributes there are labels for. Raises UsageError."""
        labels: Labels = {} if self._store is None else self._store.all()
        return [
            Choice(name, name, f"{sum(one is not None for one in answers.values())} labels")
            for name, answers in labels.items()
        ]

    def begin(self, attribute: str) -> None:
        """Shows the pictures to be labelled. Raises UsageError."""
        if self._store is not None:
            store: LabelStore = self._store
            labelling = Labelling(checked_name(attribute), store, self._pool())
            self._browsing.ask(labelling)
            self._learn(labelling)

    def answer(self, answer: bool | None) -> None:
        """Labels the chosen picture and goes to the next. Raises OutputError, UsageError."""
        labelling, sample = self._browsing.labelling, self._browsing.question
        if labelling is None or sample is None:
            return
        labelling.answer(sample, answer)
        self._browsing.go_to_question()
        if answer is not None:
            self._learn(labelling)

    def take_back(self) -> None:
        """Forgets the last answer and asks again. Raises OutputError, UsageError."""
        labelling = self._browsing.labelling
        if labelling is not None and labelling.take_back() is not None:
            self._browsing.go_to_question()
            self._learn(labelling)

    def ask_elsewhere(self) -> None:
        """With another ψ or class: other pictures."""
        labelling = self._browsing.labelling
        if labelling is not None:
            labelling.ask_about(self._pool())
            self._learn(labelling)

    def take(self, lesson: Lesson) -> None:
        """Asks in the order that was learnt, and keeps the direction. Raises OutputError,
        UsageError."""
        if lesson.learnt is None or lesson.labelling is not self._browsing.labelling:
            return
        lesson.labelling.take(lesson.learnt)
        if lesson.learnt.direction is not None and self._keep is not None:
            self._keep([lesson.learnt.direction])

    def _pool(self) -> list[Sample]:
        browsing = self._browsing
        return pool_of(browsing.psi, browsing.label, browsing.info.c_dim)

    def _learn(self, labelling: Labelling) -> None:
        def took(learnt: Learnt) -> None:
            self._post(Lesson(labelling, learnt))

        def failed(error: DragganError) -> None:
            self._post(Lesson(labelling, None, str(error)))

        self._source.consult(told(labelling.lesson(), took, failed))
