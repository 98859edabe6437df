"""Labels of one attribute as a person gives them, and what is asked next (active learning)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_draggan.directions.boundary import FEWEST, Whitening
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.labels import LabelStore, Sample
from tui_draggan.edit.attributes import Found, Latents, found_by_labels, least_sure
from tui_draggan.engines.base import Engine
from tui_draggan.wording import counted

POOL = 300
"""Seeds that are asked about."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What all answers so far say."""

    found: Found | None
    """None while there are not enough of both kinds."""
    direction: Direction | None
    order: Sequence[Sample]
    """Pictures without an answer, the one that the boundary is least sure of first."""


class Labelling:
    """The answers for one attribute, kept as they are given. It knows no engine: what needs one is
    handed out by `lesson`."""

    def __init__(self, attribute: str, store: LabelStore, pool: Sequence[Sample]) -> None:
        """pool: pictures to ask about. Raises UsageError for labels that cannot be read."""
        self.attribute = attribute
        self._store = store
        self._answers: dict[Sample, bool | None] = dict(store.answers(attribute))
        self._latents: Latents | None = None
        self.found: Found | None = None
        """What was learnt last."""
        self.ask_about(pool)

    @property
    def answers(self) -> Mapping[Sample, bool | None]:
        """In the order in which they were given."""
        return self._answers

    @property
    def questions(self) -> Sequence[Sample]:
        """Pictures of the pool without an answer, in the order in which they are asked about."""
        return self._questions

    @property
    def words(self) -> str:
        """«smile: 12 with, 13 without · accuracy 81 %»."""
        ones, zeros = (
            sum(answer is kind for answer in self._answers.values()) for kind in (True, False)
        )
        parts = [f"{ones} with, {zeros} without"]
        skipped = len(self._answers) - ones - zeros
        if skipped:
            parts.append(f"{skipped} skipped")
        missing = max(0, FEWEST - ones) + max(0, FEWEST - zeros)
        if missing:
            parts.append(f"{counted(missing, 'label')} to the first slider")
        elif self.found is not None:
            parts.append(self.found.words.rpartition(" · ")[2])
        return f"{self.attribute}: {' · '.join(parts)}"

    def ask_about(self, pool: Sequence[Sample]) -> None:
        """Another pool; the answers stay."""
        self._pool = tuple(pool)
        self._questions = [one for one in pool if one not in self._answers]

    def answer(self, sample: Sample, answer: bool | None) -> None:
        """Whether a picture has the attribute; None: skipped. Raises OutputError, UsageError."""
        self._store.add({self.attribute: {sample: answer}})
        self._answers.pop(sample, None)
        self._answers[sample] = answer
        self._questions = [one for one in self._questions if one != sample]

    def take_back(self) -> Sample | None:
        """Forgets the last answer; its picture is the next question. None where there is none.
        Raises OutputError, UsageError."""
        if not self._answers:
            return None
        sample = next(reversed(self._answers))
        self._store.take_back(self.attribute, sample)
        del self._answers[sample]
        self._questions.insert(0, sample)
        return sample

    def lesson(self) -> Callable[[Engine], Learnt]:
        """What is to be computed of the answers as they are now: for the thread that owns the
        engine. Raises EngineError there."""
        answers, pool = dict(self._answers), [one for one in self._pool if one not in self._answers]

        def learn(engine: Engine) -> Learnt:
            if self._latents is None:
                self._latents = Latents(engine)
            classes = {sample.label for sample, answer in answers.items() if answer is not None}
            label = classes.pop() if len(classes) == 1 else None
            whitening = Whitening.of(engine.statistics, label)
            found = found_by_labels(self.attribute, answers, self._latents, whitening)
            direction = None if found is None else found.direction(label=label)
            return Learnt(found, direction, least_sure(found, pool, self._latents, len(pool)))

        return learn

    def take(self, learnt: Learnt) -> None:
        """Asks in that order from now on. The next question stays: somebody may be looking at it,
        with a key half pressed."""
        self.found = learnt.found
        left = set(self._questions)
        first = self._questions[:1]
        rest = [one for one in learnt.order if one in left and one not in first]
        known = {*first, *rest}
        self._questions = [*first, *rest, *(one for one in self._questions if one not in known)]


def pool_of(psi: float, label: int | None, c_dim: int, count: int = POOL) -> list[Sample]:
    """Seeds from 0 with that truncation, of that class; the first where none is named."""
    of_class = (label or 0) if c_dim else None
    return [Sample(seed, psi, of_class) for seed in range(count)]
