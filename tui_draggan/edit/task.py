"""What a session runs: a task, and what one step of it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.hold import Hold
from tui_draggan.edit.latent import Latent, Origin
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.progress import Outcome
from tui_draggan.engines.base import StepResult


@dataclass(frozen=True, eq=False)
class Advance:
    """What a step found, for the document that it was asked about."""

    result: StepResult
    pairs: tuple[Pair, ...] = ()
    """The very values it was computed for."""
    handles: tuple[Point, ...] = ()
    """Where the handle of each of them is now."""
    unpulled: frozenset[int] = frozenset()
    """Ids of the pairs that nothing pulls: the features around their handles are all alike."""
    match: Mapping[int, float] = field(default_factory=dict)
    """How well what is under each handle still is what was there (`edit.match`), by pair id."""
    hold: Hold | None = None
    """What holds the step's picture."""
    origin: Origin | None = None
    """Where the latent comes from, where the run finds one; None where it edits the document's."""

    is_passing: bool = False
    """Whether the step's picture is not one of the document: the run changes what draws it, and
    leaves the document as it is."""

    def opens(self, iteration: int) -> bool:
        """Whether the document is another with this step, not an edited one."""
        return self.origin is not None and iteration == 0

    def applied(self, document: Document, iteration: int) -> Document:
        """A document that may have been edited meanwhile, with the step in it.

        A pair that was moved or deleted meanwhile stays as the person left it. What a run finds is
        another picture: without the points and sliders of the one before.
        """
        if self.origin is not None:
            latent = Latent(self.result.ws, self.origin)
            other = document.with_latent(latent)
            return other if self.opens(iteration) else replace(other, pairs=document.pairs)
        if self.is_passing:
            return document
        for pair, handle in zip(self.pairs, self.handles, strict=True):
            if document.holds(pair):
                document = document.with_pair(replace(pair, handle=handle))
        return document.with_ws(self.result.ws, edited=iteration > 0)

    def frame(self, document: Document, iteration: int) -> Frame:
        """The step as it is shown; `document` has it applied."""
        distances = [pair.distance for pair in document.dragged]
        handles = {pair.id: pair.handle for pair in document.pairs}
        return Frame(
            iteration=iteration,
            ws=document.latent.ws,
            handles=handles,
            image=None if self.is_passing else self.result.image,
            loss=self.result.loss,
            motion_loss=self.result.motion_loss,
            mask_loss=self.result.mask_loss,
            distance=float(np.mean(distances)) if distances else 0.0,
            milliseconds=self.result.milliseconds,
            unpulled=self.unpulled & handles.keys(),
            match={number: self.match[number] for number in handles if number in self.match},
            hold=self.hold,
        )


class Task(Protocol):
    """One run of something that changes the latent step by step.

    A session makes one for each run, and hands it the document as it is at each call. `begin` and
    `step` are slow and called by the thread that owns the engine; the others return at once.
    """

    @property
    def name(self) -> str:
        """What the history calls the run: `drag`."""
        ...

    def limit(self, document: Document) -> int:
        """The most iterations that a run takes."""
        ...

    @property
    def needs_points(self) -> bool:
        """Whether a run ends when the last pair that is dragged is deleted."""
        ...

    def check(self, document: Document) -> None:
        """Raises UsageError where a run on this document cannot start."""
        ...

    def begin(self, document: Document) -> None:
        """Starts on this document's latent."""
        ...

    def step(self, document: Document, picture: bool = True) -> Advance | None:
        """One iteration; None where the document leaves nothing to do. picture: whether its picture
        is wanted.

        Raises EngineError, also for a result that is not finite.
        """
        ...

    def edited(self, iteration: int) -> None:
        """The document has been changed by hand at that iteration."""
        ...

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        """Why the run ends at this iteration; None where it goes on."""
        ...
