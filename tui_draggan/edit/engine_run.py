"""What all methods of dragging share: where a run began, whether the engine is still its own, and
how it ends once all handles are at their targets."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from tui_draggan.arrays import Floats
from tui_draggan.edit.costs import check_cost
from tui_draggan.edit.document import Document
from tui_draggan.edit.match import Watch
from tui_draggan.edit.parameters import LOSS
from tui_draggan.edit.points import Point
from tui_draggan.edit.progress import Outcome
from tui_draggan.engines.base import Engine, Problem
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.latent_statistics import LatentStatistics

_TURNS: WeakKeyDictionary[Engine, object] = WeakKeyDictionary()
"""Whose run has begun last on each engine: an engine works on one at a time."""


class EngineRun:
    """A run of a drag on an engine, from its begin to its end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = object()
        self._start: Floats | None = None
        """(L, w_dim) w+ that the run began with."""
        self._placed: dict[int, Point] = {}
        """Where each handle was when the run began, by its pair's id."""
        self._known: LatentStatistics | None = None
        """What w of the model look like."""

    def check(self, document: Document) -> None:
        """Raises UsageError without points, or with pins alone, where a step would take too much
        memory, and where rows that differ are to be trained as one."""
        if not document.dragged:
            pins = "pins only hold; " if document.pairs else ""
            raise UsageError(f"nothing to drag: {pins}set a handle point and its target first")
        check_cost(document, self.engine.info)
        rows = document.latent.ws[: document.parameters.rows]
        if not document.parameters.w_plus and (rows != rows[0]).any():
            raise UsageError(
                "w+ of this picture was edited and its rows differ; set the latent space to w+ "
                "or whitened-w+"
            )

    def begin(self, document: Document) -> None:
        """Starts on this document's latent, in its latent space."""
        parameters = document.parameters
        _TURNS[self.engine] = self._turn
        self._start, self._known = document.latent.ws, self.engine.statistics
        self._placed = {pair.id: pair.handle for pair in document.pairs}
        basis = self._known.basis() if parameters.whitened else None
        self.engine.begin(
            Problem(
                document.latent.ws,
                parameters.rows,
                parameters.w_plus,
                document.mask if parameters.mask_mode == LOSS else None,
                basis=basis,
            )
        )

    def require_turn(self) -> None:
        """Raises EngineError where another run has begun on the same engine since."""
        if _TURNS.get(self.engine) is not self._turn:
            raise EngineError("another run has begun on this model's engine; start this one again")

    def end(self, document: Document, watch: Watch) -> Outcome:
        """How a run ended whose handles are all at their targets."""
        if self._is_hidden(document):
            return Outcome.HIDDEN
        if self._is_lost(document):
            return Outcome.LOST
        return Outcome.UNCERTAIN if watch.lost else Outcome.REACHED

    def _is_hidden(self, document: Document) -> bool:
        """Whether a point was dragged to where the picture is held."""
        hold = document.hold
        if hold is None:
            return False
        moved = [pair for pair in document.pairs if self._placed.get(pair.id) != pair.target]
        return not all(hold.mask[pair.target[1], pair.target[0]] for pair in moved)

    def _is_lost(self, document: Document) -> bool:
        """Whether the picture has left what the model knows, by the rows that were trained."""
        assert self._start is not None and self._known is not None
        rows = min(document.parameters.rows, self.engine.info.drag.trainable_rows)
        return self._known.lost(document.latent.ws[:rows], self._start[:rows])
