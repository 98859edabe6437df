"""The fastest engine for a model on this computer, chosen before the first drag.

Pictures come from the first engine at once. The others are tried when there is time (`warm_up`),
at the latest when the first features or steps are wanted: each must reproduce the model's
reference step, and the quickest of those that do stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import Comparison, LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.engines.reference_check import seconds_per_step
from tui_draggan.errors import DragganError, EngineError
from tui_draggan.latent_statistics import LatentStatistics

T = TypeVar("T")

log = logging.getLogger(__name__)


class AutoEngine:
    """`base.LocalEngine`, one of several: `candidates` opens each by its name, in order of trial.

    `chosen` is told the name. `remembered` is the one that was chosen before: it is taken without
    another trial, and where it cannot be opened now, another of them is chosen. Raises EngineError
    when no candidate can be opened, and from a drag's first call when none reproduces the reference
    step.
    """

    def __init__(
        self,
        candidates: Mapping[str, Callable[[], LocalEngine]],
        reference: ReferenceStep,
        chosen: Callable[[str], None] = lambda name: None,
        remembered: str | None = None,
    ) -> None:
        self._candidates = candidates
        self._reference = reference
        self._chosen = chosen
        self._untried = list(candidates)
        self._seconds: dict[str, float] = {}
        self._failures: list[str] = []
        self._remembered = remembered
        """The engine of that name, until its graphs are open."""
        self._settled = remembered is not None
        self._engine = candidates[remembered or self._untried[0]]()
        self.info = self._engine.info

    @property
    def name(self) -> str:
        return self._engine.name if self._settled else "auto"

    @property
    def device(self) -> str:
        return self._engine.device

    def warm_up(self) -> bool:
        """Tries one engine, or opens the one that is left."""
        if self._remembered is not None:
            self._open_remembered()
            return True
        if self._settled:
            return self._engine.warm_up()
        if self._untried:
            self._try(self._untried.pop(0))
        else:
            self._settle()
        return True

    def map(self, z: Floats, label: int | None = None) -> Floats:
        return self._engine.map(z, label)

    @property
    def w_avg(self) -> Floats:
        return self._engine.w_avg

    @property
    def statistics(self) -> LatentStatistics:
        return self._engine.statistics

    def render(self, ws: Floats) -> Bytes:
        return self._undecided(lambda engine: engine.render(ws))

    def preview(self, ws: Floats) -> Bytes:
        return self._undecided(lambda engine: engine.preview(ws))

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        return self._undecided(lambda engine: engine.compare(ws, target))

    def features(self, ws: Floats, points: Floats) -> Floats:
        return self._decided().features(ws, points)

    def feature_map(self, ws: Floats) -> Floats:
        return self._decided().feature_map(ws)

    def begin(self, problem: Problem) -> None:
        self._decided().begin(problem)

    def step(self, request: StepRequest) -> StepResult:
        return self._decided().step(request)

    def gradient(self) -> Floats:
        return self._decided().gradient()

    def _undecided(self, ask: Callable[[LocalEngine], T]) -> T:
        """What the engine there is says; where the remembered one has no answer, another."""
        try:
            return ask(self._engine)
        except EngineError:
            if self._remembered is None:
                raise
        self._open_remembered()
        return ask(self._engine)

    def _decided(self) -> LocalEngine:
        while self._remembered is not None or not self._settled:
            self.warm_up()
        return self._engine

    def _open_remembered(self) -> None:
        name, self._remembered = self._remembered, None
        try:
            while self._engine.warm_up():
                pass
        except DragganError as error:
            self._untried = [other for other in self._candidates if other != name]
            if not self._untried:
                raise
            log.warning("%s, the fastest engine so far, cannot be opened: %s", name, error)
            self._settled = False
            self._engine = self._candidates[self._untried[0]]()

    def _try(self, name: str) -> None:
        """On an engine of its own, so that what it opens is gone before the next one opens."""
        try:
            self._seconds[name] = seconds_per_step(self._candidates[name](), self._reference)
        except DragganError as error:
            self._failures.append(str(error))

    def _settle(self) -> None:
        if not self._seconds:
            failures = "; ".join(self._failures)
            raise EngineError(f"no engine reproduces {self.info.name}'s reference step: {failures}")
        name = min(self._seconds, key=lambda name: self._seconds[name])
        if name != self._engine.name:
            self._engine = self._candidates[name]()
        self._settled = True
        self._chosen(name)
