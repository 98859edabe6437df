"""The fastest engine for a model on this computer, chosen before the first drag.

Pictures come from the first engine at once. All are tried in turns when there is time (`warm_up`),
at the latest once each when the first features or steps are wanted: each must reproduce the model's
reference step, and that with the least median of those that do stays.

The pick is remembered with its figures. One in doubt is used all the same, and measured again while
nothing is asked; one whose steps turn out twice as slow as measured is forgotten, and one twice as
fast too: it was measured beside something that held all engines up, and not alike.
"""

from __future__ import annotations

import logging
import statistics
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import (
    Comparison,
    LocalEngine,
    Pivot,
    Problem,
    StepRequest,
    StepResult,
    TuningStep,
)
from tui_draggan.engines.picks import Memory
from tui_draggan.engines.remeasuring import Remeasuring
from tui_draggan.engines.trial import Trial
from tui_draggan.errors import DragganError, EngineError
from tui_draggan.latent_statistics import LatentStatistics

WATCHED = 20
"""Newest steps whose median is held against the measured one."""
APART = 2.0
"""Times as slow as measured, or as fast, from which a pick is forgotten."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class AutoEngine:
    """`base.LocalEngine`, one of several: `candidates` opens each by its name, in order of trial.

    The pick in `memory` is taken without another trial; where it cannot be opened now, another
    engine is chosen, and where it is in doubt, `remeasuring` measures it again. Raises EngineError
    when no candidate can be opened, and from a drag's first call when none reproduces the reference
    step.
    """

    def __init__(
        self,
        candidates: Mapping[str, Callable[[], LocalEngine]],
        reference: ReferenceStep,
        memory: Memory | None = None,
        remeasuring: Remeasuring | None = None,
    ) -> None:
        self._candidates = candidates
        self._reference = reference
        self._memory = memory
        pick = None if memory is None else memory.recall()
        self._pick = pick if pick is not None and pick.engine in candidates else None
        """What the engine's steps are held against; None while, or where, there is none."""
        self._remembered = None if self._pick is None else self._pick.engine
        """The engine of that name, until its graphs are open."""
        self._remeasuring = remeasuring if self._pick is not None and self._pick.doubt else None
        self._settled = self._pick is not None
        self._is_warm = False
        self._trial = Trial(candidates, reference)
        self._engine = candidates[self._remembered or next(iter(candidates))]()
        self._is_masked = False
        self._newest: deque[float] = deque(maxlen=WATCHED)
        """Milliseconds of the newest steps with a picture and without a mask."""
        self._tuner = self._engine
        """The engine that tunes."""
        self.info = self._engine.info

    @property
    def name(self) -> str:
        return self._engine.name if self._settled else "auto"

    @property
    def device(self) -> str:
        return self._engine.device

    def warm_up(self) -> bool:
        """Gives one engine a turn, or opens the one that is left."""
        if self._remembered is not None:
            self._open_remembered()
            return True
        if not self._settled:
            if self._trial.is_over:
                self._settle()
            else:
                self._trial.turn()
            return True
        if not self._is_warm and self._engine.warm_up():
            return True
        self._is_warm = True
        return self._remeasuring is not None and self._remeasuring.attend()

    def map(self, z: Floats, label: int | None = None) -> Floats:
        return self._asked().map(z, label)

    @property
    def w_avg(self) -> Floats:
        return self._asked().w_avg

    @property
    def statistics(self) -> LatentStatistics:
        return self._asked().statistics

    def render(self, ws: Floats) -> Bytes:
        return self._undecided(lambda engine: engine.render(ws))

    def preview(self, ws: Floats) -> Bytes:
        return self._undecided(lambda engine: engine.preview(ws))

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        return self._undecided(lambda engine: engine.compare(ws, target))

    def begin_tuning(self) -> None:
        # Weights on their way stay where they are, whichever engine drags are given to meanwhile.
        self._tuner = self._asked()
        self._tuner.begin_tuning()

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        return self._tuner.tune(pivots, learning_rate)

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        self._tuner.save_tuned(path, name, description, replace)

    def features(self, ws: Floats, points: Floats) -> Floats:
        return self._decided().features(ws, points)

    def feature_map(self, ws: Floats) -> Floats:
        return self._decided().feature_map(ws)

    def parts(self, ws: Floats) -> Bytes:
        return self._decided().parts(ws)

    def begin(self, problem: Problem) -> None:
        self._is_masked = problem.editable is not None
        self._decided().begin(problem)

    def step(self, request: StepRequest) -> StepResult:
        result = self._decided().step(request)
        if request.picture:
            self._watch(result.milliseconds)
        return result

    def gradient(self) -> Floats:
        return self._decided().gradient()

    def _asked(self) -> LocalEngine:
        """The engine there is, to which the machine belongs again."""
        if self._remeasuring is not None:
            self._remeasuring.disturb()
        return self._engine

    def _undecided(self, ask: Callable[[LocalEngine], T]) -> T:
        """What the engine there is says; where the remembered one has no answer, another."""
        try:
            return ask(self._asked())
        except EngineError:
            if self._remembered is None:
                raise
        self._open_remembered()
        return ask(self._engine)

    def _decided(self) -> LocalEngine:
        """Whoever waits for a point waits for one turn of each engine, not for all."""
        while self._remembered is not None or not self._settled:
            if self._remembered is None and self._trial.is_enough:
                self._settle()
            else:
                self.warm_up()
        return self._asked()

    def _open_remembered(self) -> None:
        name, self._remembered = self._remembered, None
        try:
            while self._engine.warm_up():
                pass
        except DragganError as error:
            others = {other: self._candidates[other] for other in self._candidates if other != name}
            if not others:
                raise
            log.warning("%s, the fastest engine so far, cannot be opened: %s", name, error)
            self._pick = self._remeasuring = None
            self._settled = False
            self._trial = Trial(others, self._reference)
            self._engine = next(iter(others.values()))()

    def _settle(self) -> None:
        try:
            pick = self._trial.pick()
        except EngineError as error:
            raise EngineError(
                f"no engine reproduces {self.info.name}'s reference step: {error}"
            ) from error
        if pick.engine != self._engine.name:
            self._engine = self._candidates[pick.engine]()
        self._settled = True
        self._pick = pick
        if self._memory is not None:
            self._memory.keep(pick)

    def _watch(self, milliseconds: float) -> None:
        """Forgets the pick where steps take twice as long as the measured one, or half as long: the
        machine is another now, or was then. Points and radii cost little; steps with a mask do not
        count."""
        if self._pick is None or self._memory is None or self._is_masked:
            return
        self._newest.append(milliseconds)
        if len(self._newest) < WATCHED:
            return
        slower = statistics.median(self._newest) / self._pick.milliseconds[self._pick.engine]
        if not 1 / APART <= slower <= APART:
            if self._memory.recall() == self._pick:  # nobody has measured again meanwhile
                self._memory.forget()
            self._pick = None
