"""A first edit, step by step: what to do next, and whether it has been done. No screen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui_draggan.edit.document import State
from tui_draggan.edit.points import Point
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.pointer import Pointer

SEED = 6
"""A cat that looks at the person, of the bundled model."""
EAR, ABOVE = (27, 27), (30, 8)
"""The tip of its left ear, and where that is to go."""
NEAR = 4
"""Pixels that are near enough."""


@dataclass(frozen=True)
class Moment:
    """What the person sees."""

    snapshot: Snapshot
    pointer: Pointer
    mode: str
    """Name of the mode that has the keys; «» for none."""
    compared: bool
    """Whether something else than the picture is shown, to compare."""


@dataclass(frozen=True)
class Lesson:
    """One thing to do."""

    words: str
    """Keys in backticks."""
    done: Callable[[Moment, Moment], bool]
    """Whether it has been done, by the moment the lesson began and the present one."""


class Tutorial:
    """The lessons, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where exports go; empty at first."""
        self._lessons = lessons(folder)
        self._number = 0
        self._begun: Moment | None = None
        """The moment the present lesson began."""

    @property
    def is_over(self) -> bool:
        return self._number == len(self._lessons)

    @property
    def heading(self) -> str:
        return "the end" if self.is_over else f"{self._number + 1} of {len(self._lessons)}"

    @property
    def words(self) -> str:
        """What to do now."""
        if self.is_over:
            return "That is it. `?` has all keys, `:` all commands; `q` leaves. Nothing is kept."
        return self._lessons[self._number].words

    def look(self, moment: Moment) -> bool:
        """Goes on to the next lesson where this one is done; whether it has."""
        if self.is_over:
            return False
        if self._begun is None:
            self._begun = moment
        if not self._lessons[self._number].done(self._begun, moment):
            return False
        self._number += 1
        self._begun = moment
        return True


def lessons(folder: Path) -> tuple[Lesson, ...]:
    """All of them; exports go to the folder."""
    return (
        Lesson(
            f"Move the crosshair to the tip of the ear at the left, {EAR[0]},{EAR[1]}: the arrows "
            "move it by a pixel, with `Shift` by eight. The mouse does too.",
            lambda begun, now: _near(now.pointer.cursor, EAR) or bool(now.snapshot.document.pairs),
        ),
        Lesson(
            "`Enter` sets a handle point there. So does a mouse button, held until the next step.",
            lambda begun, now: now.pointer.pending is not None or _has_pair(now),
        ),
        Lesson(
            f"Move up to about {ABOVE[0]},{ABOVE[1]}, where the tip is to be, and press `Enter` "
            "again: the target point.",
            lambda begun, now: _has_pair(now),
        ),
        Lesson(
            "`space` drags: after every step you see the picture, the loss and the log. It ends "
            "when the ear is there; `space` pauses it.",
            lambda begun, now: _at_rest(now) and bool(now.snapshot.frames),
        ),
        Lesson(
            "`b` shows the picture from before, then both, then what differs. Press it until you "
            "are back.",
            _was_compared(),
        ),
        Lesson(
            "`u` takes back: the run first, then the points.",
            lambda begun, now: len(now.snapshot.film) < len(begun.snapshot.film),
        ),
        Lesson(
            "`Ctrl+R` does it again.",
            lambda begun, now: len(now.snapshot.film) > len(begun.snapshot.film),
        ),
        Lesson(
            "`d` opens sliders. `→` moves the first one, `↓` goes to the next; `Escape` leaves.",
            lambda begun, now: bool(now.snapshot.document.sliders.moved) and not now.mode,
        ),
        Lesson(
            "`m` paints where the picture may change: `Enter` puts the brush down, arrows paint, "
            "`Enter` lifts it; `Escape` leaves. The next run keeps the rest.",
            lambda begun, now: now.snapshot.document.mask is not None and not now.mode,
        ),
        Lesson(
            "`e` exports the picture, or all steps as a `.gif`: `Enter` twice.",
            lambda begun, now: any(folder.iterdir()),
        ),
    )


def _was_compared() -> Callable[[Moment, Moment], bool]:
    """Done when something was compared and the picture itself is shown again."""
    seen = False

    def done(begun: Moment, now: Moment) -> bool:
        nonlocal seen
        seen = seen or now.compared
        return seen and not now.compared

    return done


def _near(one: Point, other: Point) -> bool:
    return math.dist(one, other) <= NEAR


def _has_pair(now: Moment) -> bool:
    return bool(now.snapshot.document.pairs)


def _at_rest(now: Moment) -> bool:
    return now.snapshot.status.state is not State.RUNNING
