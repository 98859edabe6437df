"""The drag as a task: what the engine is asked for in a step, and when a run ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tui_draggan.edit.costs import check_cost
from tui_draggan.edit.document import Document
from tui_draggan.edit.engine_run import EngineRun
from tui_draggan.edit.match import Watch, matches
from tui_draggan.edit.parameters import LOSS, DragParams
from tui_draggan.edit.points import Pair, coordinates
from tui_draggan.edit.progress import Outcome, Progress
from tui_draggan.edit.task import Advance
from tui_draggan.edit.unpulled import unpulled
from tui_draggan.engines.base import ARRIVED, Engine, StepRequest, StepResult
from tui_draggan.errors import EngineError
from tui_draggan.size import Size

APPROACH = 1 / 16
"""Share of the picture's shorter side within which steps become smaller."""
SLOWEST = 0.5
"""Share of the learning rate that is left at the target."""


class Look(NamedTuple):
    """What was found when a pair was looked at."""

    pair: Pair
    r1: int
    pulled: bool


class DragTask:
    """One run of DragGAN: handles are pulled to their targets until all are there."""

    name = "drag"
    needs_points = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = EngineRun(engine)
        self._progress = Progress()
        self._watch = Watch()
        self._pulled = True
        """False where the last step's loss has no gradient, with a handle still on its way."""
        self._edited = False
        """Whether that step was computed for points that have been changed since."""
        self._looked: dict[int, Look] = {}
        """Whether anything pulls a pair, by its id."""

    def check(self, document: Document) -> None:
        """As `EngineRun.check`."""
        self._run.check(document)

    def limit(self, document: Document) -> int:
        return document.parameters.steps

    def begin(self, document: Document) -> None:
        self._run.begin(document)

    def step(self, document: Document, picture: bool = True) -> Advance | None:
        """Works on the pairs that have their template. Raises EngineError, also where another run
        has begun on the same engine since, and UsageError where it would take too much memory."""
        self._run.require_turn()
        pairs = tuple(pair for pair in document.pairs if pair.template is not None)
        if not pairs:
            return None
        check_cost(document, self._engine.info)
        self._edited = False
        request = step_request(pairs, document.parameters)
        rate = step_size(pairs, document.parameters, self._engine.info.size)
        result = self._engine.step(replace(request, learning_rate=rate, picture=picture))
        if not is_finite(result):
            raise EngineError("the loss is not a finite number; try a smaller step size")
        handles = tuple((int(x), int(y)) for x, y in np.rint(result.handles))
        on_the_way = any(
            math.dist(handle, pair.target) > ARRIVED
            for pair, handle in zip(pairs, handles, strict=True)
            if not pair.pin
        )
        self._pulled = result.gradient_norm != 0 or not on_the_way
        match = matches(pairs, result.mismatch)
        self._watch.look(pairs, match)
        advance = Advance(result, pairs, handles, match=match, hold=document.hold)
        return replace(advance, unpulled=self._unpulled(advance, document.parameters.r1))

    def _unpulled(self, advance: Advance, r1: int) -> frozenset[int]:
        """The pairs that nothing pulls beside others. Each is looked at where it has been placed,
        and again where it is carried along from a place without gradient."""
        if len(advance.pairs) == 1:
            self._looked.clear()
            return frozenset()  # the run ends, and says so
        placed = [
            replace(pair, handle=handle)
            for pair, handle in zip(advance.pairs, advance.handles, strict=True)
            if not pair.pin
        ]
        seen = {pair.id: self._looked.get(pair.id) for pair in placed}
        new = [pair for pair in placed if _is_new(pair, seen[pair.id], r1)]
        found = unpulled(self._engine, advance.result.ws, new, r1)
        fresh = {pair.id: Look(pair, r1, pair.id not in found) for pair in new}
        kept = {number: look for number, look in seen.items() if look is not None}
        self._looked = {**kept, **fresh}
        return frozenset(number for number, look in self._looked.items() if not look.pulled)

    def edited(self, iteration: int) -> None:
        self._progress.restart(iteration)
        self._edited = True

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        distances = [pair.distance for pair in document.dragged]
        held = all(document.is_there(pair) for pair in document.pairs if pair.pin)
        pulled = self._pulled or self._edited
        outcome = self._progress.judge(iteration, distances, document.parameters, pulled, held)
        if outcome is Outcome.REACHED and iteration:
            return self._run.end(document, self._watch)
        return Outcome.POINT_LOST if outcome is None and self._watch.alarm() else outcome


def _is_new(pair: Pair, look: Look | None, r1: int) -> bool:
    """Whether it has to be looked at, or looked at again."""
    if look is None or look.pair.target != pair.target or look.r1 != r1:
        return True
    if look.pair.template is not pair.template:
        return True
    return not look.pulled and look.pair.handle != pair.handle


def step_request(pairs: Sequence[Pair], parameters: DragParams) -> StepRequest:
    """What the engine is asked for pairs that all have their template."""
    templates = [pair.template for pair in pairs if pair.template is not None]
    return StepRequest(
        handles=coordinates([pair.handle for pair in pairs]),
        targets=coordinates([pair.target for pair in pairs]),
        templates=np.stack(templates),
        r1=parameters.r1,
        r2=parameters.r2,
        mask_weight=parameters.mask_weight if parameters.mask_mode == LOSS else 0.0,
        learning_rate=parameters.learning_rate,
        anchor=parameters.anchor,
    )


def step_size(pairs: Sequence[Pair], parameters: DragParams, size: Size) -> float:
    """The learning rate of a step. In whitened spaces it falls in proportion to the mean distance
    of the handles that are on their way, from `APPROACH` of the picture on: steps that bring
    handles near would carry them past their targets."""
    on_the_way = [pair.distance for pair in pairs if not pair.pin and pair.distance > ARRIVED]
    if not parameters.whitened or not on_the_way:
        return parameters.learning_rate
    left = sum(on_the_way) / len(on_the_way) / (APPROACH * size.shorter)
    return parameters.learning_rate * min(1.0, max(left, SLOWEST))


def is_finite(result: StepResult) -> bool:
    """Whether loss, gradient and latent of a step are all finite numbers."""
    numbers = (result.loss, result.gradient_norm)
    return bool(np.isfinite(numbers).all() and np.isfinite(result.ws).all())
