"""Engines measured in turns on a model's reference step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.picks import TURNS, Pick
from tui_draggan.engines.reference_check import step_times
from tui_draggan.errors import DragganError, EngineError


class Trial:
    """Turn by turn, so that whatever else the machine does for a while hits all engines alike.

    In each turn an engine is opened, must reproduce the reference step, makes a few steps, and is
    closed before the next one opens: the memory of two is never needed.
    """

    def __init__(
        self, candidates: Mapping[str, Callable[[], LocalEngine]], reference: ReferenceStep
    ) -> None:
        """candidates: what opens each engine, by its name, in the order of their turns."""
        self._candidates = candidates
        self._reference = reference
        self._queue = [*candidates] * TURNS
        self._steps: dict[str, list[float]] = {}
        self._failures: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether every engine had all its turns."""
        return not self._queue

    @property
    def is_enough(self) -> bool:
        """Whether every engine had a turn."""
        return all(map(self._turns, self._candidates))

    def turn(self) -> None:
        """The next engine's. One that fails has no further turn."""
        name = self._queue.pop(0)
        try:
            times = step_times(self._candidates[name](), self._reference)
        except DragganError as error:
            self._failures.append(str(error))
            self._steps.pop(name, None)
            self._queue = [other for other in self._queue if other != name]
        else:
            self._steps.setdefault(name, []).extend(times)

    def pick(self) -> Pick:
        """The fastest by the turns so far. Raises EngineError where every engine failed."""
        if not self._steps:
            raise EngineError("; ".join(self._failures))
        return Pick.of(self._steps, min(map(self._turns, self._steps)))

    def _turns(self, name: str) -> int:
        return TURNS - self._queue.count(name)
