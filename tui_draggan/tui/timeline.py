"""The timeline under a person's hands: every step of every run of the edit, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import ClassVar

from tui_draggan.edit.document import Frame
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.editor import Editor

LEAP = 10
"""Steps that a key goes with Shift."""
TENTHS = 10


@dataclass(frozen=True, eq=False)
class Timeline:
    """The steps of all runs one after the other, and where the picture stands among them."""

    runs: Sequence[Sequence[Frame]]
    place: int | None
    """Step that is shown; None where the picture is none of them."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Timeline:
        place, before = None, 0
        for run in snapshot.runs:
            if snapshot.shown is not None and run and run[0] is snapshot.frames[0]:
                place = before + snapshot.shown
            before += len(run)
        return cls(snapshot.runs, place)

    @cached_property
    def steps(self) -> tuple[Frame, ...]:
        return tuple(frame for run in self.runs for frame in run)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Place of each run's first step."""
        return tuple(accumulate((len(run) for run in self.runs), initial=0))[:-1]

    @property
    def here(self) -> int:
        """The step that is shown; the last where none is, -1 where there are none."""
        return len(self.steps) - 1 if self.place is None else self.place

    def run_of(self, place: int) -> tuple[int, int]:
        """Index of a step's run, and its index there."""
        run = sum(start <= place for start in self.starts) - 1
        return run, place - self.starts[run]

    @cached_property
    def best(self) -> int | None:
        """The step of the least loss; the first step of a run, which has moved nothing, counts."""
        return _least([frame.loss for frame in self.steps])

    @cached_property
    def nearest(self) -> int | None:
        """The step with the handles nearest to their targets."""
        return _least([frame.distance for frame in self.steps])


def _least(values: Sequence[float]) -> int | None:
    """Place of the smallest, the first of several; None where there are none."""
    return min(range(len(values)), key=values.__getitem__, default=None)


class TimelineMode:
    """Walking through the steps. It knows no widget."""

    name: ClassVar = "timeline"
    has_arrows: ClassVar = True

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self.is_open = False

    @property
    def timeline(self) -> Timeline:
        return Timeline.of(self._editor.snapshot)

    @property
    def words(self) -> str:
        """The step that is shown, in a line."""
        timeline = self.timeline
        if timeline.place is None:
            return f"{len(timeline.steps)} steps; ← → walk through them"
        return self._words_of(timeline, timeline.place)

    def _words_of(self, timeline: Timeline, place: int) -> str:
        run, index = timeline.run_of(place)
        frame = timeline.steps[place]
        parts = (
            f"run {run + 1} of {len(timeline.runs)}" if len(timeline.runs) > 1 else "",
            f"step {index} of {len(timeline.runs[run]) - 1}",
            f"loss {frame.loss:.4g}",
            f"{frame.distance:.1f} px",
            "★ least loss" if place == timeline.best else "",
            "◆ least distance" if place == timeline.nearest else "",
        )
        return " · ".join(filter(None, parts))

    # -- what its keys do ----------------------------------------------------------------------

    def enter(self) -> None:
        self.is_open = True
        self._editor.refresh()

    def leave(self) -> None:
        self.is_open = False
        self._editor.refresh()

    def move(self, steps: int) -> None:
        """So many steps further; it stops at the ends."""
        self.go_to(self.timeline.here + steps)

    def go_to(self, place: int) -> None:
        """To a step, counted over all runs; the nearest there is."""
        timeline = self.timeline
        place = min(len(timeline.steps) - 1, max(0, place))
        if place < 0 or place == timeline.place:
            return
        run, index = timeline.run_of(place)
        self._editor.go_to_step(index, run, self._words_of(timeline, place))

    def go_to_end(self) -> None:
        self.go_to(len(self.timeline.steps) - 1)

    def go_to_tenth(self, tenths: int) -> None:
        """So many tenths of the way through the run that is shown: 0 is its start."""
        timeline = self.timeline
        if timeline.steps:
            run, _ = timeline.run_of(timeline.here)
            last = len(timeline.runs[run]) - 1
            self.go_to(timeline.starts[run] + round(last * tenths / TENTHS))

    def go_to_mark(self) -> None:
        """To the next of the steps that stand out; after the last to the first."""
        timeline = self.timeline
        marks = sorted({place for place in (timeline.best, timeline.nearest) if place is not None})
        if marks:
            here = -1 if timeline.place is None else timeline.place
            self.go_to(next((place for place in marks if place > here), marks[0]))

    def turn(self, runs: int) -> None:
        """To the last step of the next run, or of the one before."""
        timeline = self.timeline
        if timeline.steps:
            run = min(len(timeline.runs) - 1, max(0, timeline.run_of(timeline.here)[0] + runs))
            self.go_to(timeline.starts[run] + len(timeline.runs[run]) - 1)
