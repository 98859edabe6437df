"""The document that is edited, the steps of a run on it, where the run stands: all immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.hold import Hold
from tui_draggan.edit.latent import Latent
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import HOLD, DragParams
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.sliders import Sliders
from tui_draggan.errors import UsageError

PINNED_WITHIN = 2.0
"""Pixels from its place within which a pin holds, as far as a run's end is concerned."""


class State(Enum):
    """Where the session stands."""

    EMPTY = "empty"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, eq=False)
class Document:
    """What is edited, undone, saved."""

    latent: Latent
    pairs: tuple[Pair, ...] = ()
    mask: Mask | None = None
    """(H, W) the editable region; None: all of the picture."""
    parameters: DragParams = field(default_factory=DragParams)
    sliders: Sliders = field(default_factory=Sliders)
    """What they add is in the latent already."""
    base: Latent | None = None
    """The latent without the sliders, as it was when the first of them moved; None where the latent
    has changed since."""
    held: Floats | None = None
    """(L, w_dim) w+ that the picture had when a mask was first edited with; in mask mode hold its
    picture is what is seen outside. None before."""

    @property
    def hold(self) -> Hold | None:
        """What of the picture is held; None where it is that of the latent alone."""
        if self.mask is None or self.held is None or self.parameters.mask_mode != HOLD:
            return None
        return Hold(self.held, self.mask)

    def holding(self) -> Document:
        """Ready to be edited on: with a mask, what lies outside it is held as it is now, unless it
        is held already; without one, nothing is."""
        if self.mask is None:
            return self if self.held is None else replace(self, held=None)
        return self if self.held is not None else replace(self, held=self.latent.ws)

    @property
    def dragged(self) -> tuple[Pair, ...]:
        """The pairs that are no pins."""
        return tuple(pair for pair in self.pairs if not pair.pin)

    def is_there(self, pair: Pair) -> bool:
        """Whether a pair's handle is near enough to its target. A pin may be as far off as the
        paper lets handles be where there are many; only dragged points count for that rule."""
        within = self.parameters.reached_within(len(self.dragged))
        return pair.distance <= (max(within, PINNED_WITHIN) if pair.pin else within)

    def pair(self, pair_id: int) -> Pair:
        """Raises UsageError where it is gone."""
        for pair in self.pairs:
            if pair.id == pair_id:
                return pair
        raise UsageError("that point is no longer there")

    def holds(self, pair: Pair) -> bool:
        """Whether this very value is still there, neither moved nor replaced since."""
        return any(pair is current for current in self.pairs)

    def with_pair(self, changed: Pair) -> Document:
        """With another value for the pair of that id."""
        pairs = tuple(changed if pair.id == changed.id else pair for pair in self.pairs)
        return replace(self, pairs=pairs)

    def adding(self, pair: Pair) -> Document:
        return replace(self, pairs=(*self.pairs, pair))

    def without_pair(self, pair_id: int) -> Document:
        """Raises UsageError where it is gone."""
        gone = self.pair(pair_id)
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair is not gone))

    def with_ws(self, ws: Floats, edited: bool) -> Document:
        """With another latent of the same origin. `edited`: it is not the one it began with."""
        edited = edited or self.latent.edited
        return replace(self, latent=replace(self.latent, ws=ws, edited=edited), base=None)

    def with_latent(self, latent: Latent) -> Document:
        """With another picture: without points and sliders, and nothing is held."""
        return replace(self, latent=latent, pairs=(), sliders=Sliders(), base=None, held=None)

    @property
    def without_sliders(self) -> Latent:
        """The latent that the sliders move. While only they are touched, to the bit the one they
        began with."""
        if self.base is not None:
            return self.base
        if not self.sliders.moved:
            return self.latent
        return replace(self.latent, ws=self.sliders.moving_back(self.latent.ws))

    def with_sliders(self, sliders: Sliders) -> Document:
        """With the picture moved along with them. Handles are where they were, on other features:
        their templates are taken anew."""
        base = self.without_sliders
        latent = base
        if sliders.moved:
            latent = replace(base, ws=sliders.moving(base.ws), edited=True)
        pairs = tuple(replace(pair, template=None) for pair in self.pairs)
        return replace(self, latent=latent, pairs=pairs, sliders=sliders, base=base)

    def reset_to(self, earlier: Document) -> Document:
        """With the latent of an earlier one, and its handles; targets and newer points stay."""
        before = {pair.id: pair for pair in earlier.pairs}
        pairs = tuple(
            replace(before.get(pair.id, replace(pair, template=None)), target=pair.target)
            for pair in self.pairs
        )
        return replace(self.with_latent(earlier.latent), pairs=pairs)

    def at(self, frame: Frame) -> Document:
        """As it stood at a step of its run."""
        pairs = tuple(
            replace(pair, handle=frame.handles.get(pair.id, pair.handle)) for pair in self.pairs
        )
        document = replace(self, pairs=pairs)
        if frame.ws is self.latent.ws:
            return document
        return document.with_ws(frame.ws, edited=True)


@dataclass(frozen=True, eq=False)
class Frame:
    """One step of a run as it can be shown, logged, scrubbed to and saved."""

    iteration: int
    """0 is the picture the run started from."""
    ws: Floats
    """(L, w_dim)"""
    handles: dict[int, Point]
    """Tracked handle of each pair, by pair id."""
    image: Bytes | None
    """(P, Q, 3); it may be smaller than the picture. None for a step that nobody was to see, and in
    a run of long ago that undo has brought back, until the session makes it again."""
    loss: float
    motion_loss: float
    """In an inversion, how far the picture is from the photograph."""
    mask_loss: float
    """In an inversion, what keeps the latent usual."""
    distance: float
    """Mean distance in px between handles and targets."""
    milliseconds: float
    unpulled: frozenset[int] = frozenset()
    """Ids of the pairs that nothing pulls, beside others that something does."""
    hold: Hold | None = None
    """What its picture was held by."""
    match: Mapping[int, float] = field(default_factory=dict)
    """How well what is under each handle still is what was there when it was placed, from 1, the
    same, to 0 (`edit.match`), by pair id; of models that do not tell, empty."""

    @property
    def unpulled_numbers(self) -> list[int]:
        """The same in order: ids are the numbers that people see."""
        return sorted(self.unpulled)


@dataclass(frozen=True)
class Status:
    """State in words for a status line."""

    state: State
    iteration: int = 0
    outcome: Outcome | None = None
    message: str = ""
    limit: int | None = None
    """The most iterations that the run takes; None where none has begun."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture rendered while nothing runs."""

    image: Bytes
    """(H, W, 3), or 4 channels with alpha."""
