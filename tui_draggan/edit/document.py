"""The document that is edited, and the snapshots of it that are shown: all immutable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.latent import Latent
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.progress import Outcome
from tui_draggan.errors import UsageError


class State(Enum):
    """Where the session stands."""

    EMPTY = "empty"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, eq=False)
class Document:
    """What is edited, undone, saved: all of it immutable."""

    latent: Latent
    pairs: tuple[Pair, ...] = ()
    mask: Mask | None = None

    def pair(self, pair_id: int) -> Pair:
        for pair in self.pairs:
            if pair.id == pair_id:
                return pair
        raise UsageError("that point is no longer there")

    def holds(self, pair: Pair) -> bool:
        """Whether this very value is still there, not moved nor replaced since."""
        return any(pair is current for current in self.pairs)

    def with_pair(self, changed: Pair) -> Document:
        pairs = tuple(changed if pair.id == changed.id else pair for pair in self.pairs)
        return replace(self, pairs=pairs)

    def at(self, frame: Frame) -> Document:
        """This document as it stood at a step of its run."""
        pairs = tuple(
            replace(pair, handle=frame.handles.get(pair.id, pair.handle)) for pair in self.pairs
        )
        return replace(self, latent=replace(self.latent, ws=frame.ws, edited=True), pairs=pairs)


@dataclass(frozen=True, eq=False)
class Frame:
    """One step of a run as it can be shown, logged, scrubbed to and saved."""

    iteration: int
    """0 is the picture the run started from."""
    ws: Floats
    handles: dict[int, Point]
    """Tracked handle of each pair, by pair id."""
    image: Bytes
    loss: float
    motion_loss: float
    mask_loss: float
    distance: float
    """Mean distance in px between handles and targets."""
    milliseconds: float


@dataclass(frozen=True)
class Status:
    """State in words for a status line."""

    state: State
    iteration: int = 0
    outcome: Outcome | None = None
    message: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture rendered while nothing runs."""

    image: Bytes
