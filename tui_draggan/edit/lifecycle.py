"""The life cycle of an edit: what every change, and every step of a run, does to document, history
and state.

    empty ⇄ ready → running ⇄ paused → done

A plain state machine. It knows no engine, thread or lock; `session` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tui_draggan.arrays import Bytes
from tui_draggan.edit.document import Document, Frame, State, Status
from tui_draggan.edit.history import History
from tui_draggan.edit.latent import Latent, Origin
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, free_ids
from tui_draggan.edit.progress import ADVICE, PAUSING, Outcome
from tui_draggan.edit.sliders import Sliders
from tui_draggan.edit.task import Advance, Task
from tui_draggan.errors import UsageError

PICTURES = 256 << 20
"""Bytes of pictures that runs other than the shown one keep for undo. Older ones keep latents, of
which pictures can be made again."""

Recorder = Callable[[Document, "Frame | None", "Change"], None]
"""Told of every change: the document, the step where it was one, and what kind of change it was."""


class Version(NamedTuple):
    """What undo and redo walk over."""

    document: Document
    frames: list[Frame]
    """Steps of the run that led to it."""


@dataclass(frozen=True, eq=False)
class Past:
    """What led to a document."""

    history: History[Version]
    frames: list[Frame]
    """Steps of the last run."""


@dataclass(frozen=True, eq=False)
class Change:
    """How a document came from the one before."""

    kind: Literal["", "edit", "merge", "undo", "redo"] = ""
    """An edit can be undone; «merge»: one with the edit before it, where that has the same label;
    «»: nothing to be undone."""
    label: str = ""
    has_steps: bool = False
    """Whether there are steps of a run to walk through afterwards."""
    run: int | None = None
    """Run that this went to a step of, of `runs_of` before; None: it did not."""
    past: Past | None = None
    """What had led to the first document."""


@dataclass(eq=False)
class TaskRun:
    """A task under way. Compared by identity: a result belongs to the run that asked for it."""

    task: Task
    begun: bool = False
    iteration: int = -1
    """Number of the newest frame; frame 0 shows the start."""
    steps_left: int | None = None
    """Steps until it pauses by itself; None: it does not."""


class LifeCycle:
    """A document, its history, and the run on it. Its attributes are for reading."""

    def __init__(
        self, document: Document, recorder: Recorder | None = None, past: Past | None = None
    ) -> None:
        """past: what led to the document."""
        self.document = document
        self.frames: list[Frame] = [] if past is None else past.frames
        """Steps of the last run so far."""
        self._earlier: list[list[Frame]] = []
        """Runs that were shown before and still have their pictures, the latest first."""
        self.run: TaskRun | None = None
        self.status = _at_rest(document)
        self._history = History[Version]() if past is None else past.history.copy()
        self._recorder = recorder
        self._change = Change(past=past)
        """What is recorded next."""
        self._record()

    @property
    def past(self) -> Past:
        """What has led to the document so far."""
        return Past(self._history.copy(), self.frames)

    @property
    def running(self) -> bool:
        return self.status.state is State.RUNNING

    @property
    def shown(self) -> int | None:
        """Index of the frame that is the document's latent; None where none is."""
        ws = self.document.latent.ws
        for index in reversed(range(len(self.frames))):
            if self.frames[index].ws is ws:
                return index
        return None

    @property
    def next_id(self) -> int:
        """The id of a new pair: the lowest that neither a pair has nor a step of the shown run."""
        return next(self.free_ids)

    @property
    def free_ids(self) -> Iterator[int]:
        """The ids that new pairs would have, one after another."""
        taken = {pair.id for pair in self.document.pairs}
        taken.update(*(frame.handles for frame in self.frames))
        return free_ids(taken)

    @property
    def runs(self) -> list[list[Frame]]:
        """The steps of all runs that led to this picture from the one it was opened with."""
        versions = (*self._history.path, self._version())
        return runs_of(versions, self.document.latent.origin)

    @property
    def left(self) -> list[Latent]:
        """What became of every picture that was opened, as it was when another took its place; the
        last is the one that is there. What has been undone is not among them."""
        latents = [version.document.latent for version in (*self._history.path, self._version())]
        return [
            latent
            for latent, after in zip(latents, [*latents[1:], None], strict=True)
            if after is None or after.origin != latent.origin
        ]

    @property
    def without_picture(self) -> Frame | None:
        """The first step of `runs` that has no picture; None where all have theirs."""
        return next((frame for run in self.runs for frame in run if frame.image is None), None)

    # -- changes by hand -----------------------------------------------------------------------

    def edit(self, label: str, document: Document) -> None:
        """Points or mask are others. A run goes on with them; an ended one is over."""
        self._remember(label)
        self.document = document
        if self.run is None or (self.run.task.needs_points and not document.dragged):
            self._rest()
        else:
            self.run.task.edited(self.run.iteration)
        self._record()

    def set_parameters(self, parameters: DragParams, label: str = "") -> None:
        """Other parameters. A run goes on with them, an ended one keeps its outcome.

        Changes of one parameter in a row are one change; one with a label of its own is another.
        """
        changed = parameters.differing(self.document.parameters)
        if changed:
            usual = changed[0].title if len(changed) == 1 else "parameters"
            self._remember(label or usual, merge=not label)
            self.document = replace(self.document, parameters=parameters)
            self._record()

    def open(self, label: str, latent: Latent) -> None:
        """Another picture: without points, sliders and steps."""
        self._replace(label, self.document.with_latent(latent))

    def reset(self) -> bool:
        """The picture as it was before it was edited: handles return to where they were then,
        points that are newer stay. False where the history does not know it."""
        origin = self.document.latent.origin
        for version in reversed(self._history.path):
            document = version.document
            if document.latent.origin == origin and not document.latent.edited:
                self._replace("reset", self.document.reset_to(document))
                return True
        return False

    def mix(self, label: str, document: Document) -> None:
        """Another picture, moved by a slider of its own."""
        self._replace(label, document)

    def slide(self, label: str, sliders: Sliders) -> None:
        """Moves the picture; moving one slider on and on is one change. The last run's steps are of
        a picture that was moved otherwise: undo brings them back."""
        self._replace(label, self.document.holding().with_sliders(sliders), merge=True)

    def goto(self, index: int, run: int | None = None) -> Frame:
        """Goes to a frame; all such walking in a row is one change. Raises UsageError.

        run: index into `runs`; None: the last one.
        """
        if self.running:
            raise UsageError("pause the run before walking through its steps")
        runs = self.runs
        if run is not None and not 0 <= run < len(runs):
            raise UsageError(f"no run {run + 1}; there are {len(runs)}")
        frames = self.frames if run is None else runs[run]
        if not 0 <= index < len(frames):
            raise UsageError(f"no step {index}; the run has {len(frames)}")
        frame = frames[index]
        number = next(number for number, one in enumerate(runs) if one is frames)
        self._replace("go to a step", self.document.at(frame), True, frames, number)
        return frame

    def undo(self) -> str | None:
        """Takes the last change back; what runs is over. Returns what it was."""
        return self._travel("undo")

    def redo(self) -> str | None:
        """Makes the change again that was undone last. Returns what it is."""
        return self._travel("redo")

    def fill(self, pairs: Iterable[tuple[Pair, Pair]]) -> None:
        """Completes those pairs that are still as they were; no change to be undone."""
        before = self.document
        for pair, filled in pairs:
            if self.document.holds(pair):
                self.document = self.document.with_pair(filled)
        if self.document is not before:
            self._record()

    def restore(self, frame: Frame, image: Bytes) -> None:
        """Gives a step of `runs` its picture (P, Q, 3) again, if it is still one of them."""
        for run in self.runs:
            for index, step in enumerate(run):
                if step is frame:
                    run[index] = replace(frame, image=image)

    # -- the run -------------------------------------------------------------------------------

    def start(
        self,
        new_task: Callable[[], Task],
        steps: int | None = None,
        document: Document | None = None,
    ) -> None:
        """Resumes what is paused, with its moments, else starts a new run of a new task.

        steps: pauses again after so many. document: that a new run begins with, in place of the
        one that is there. Raises UsageError where the task cannot start.
        """
        if self.run is None or self.status.state is not State.PAUSED:
            task = new_task()
            task.check(self.document)
            self._remember(task.name)
            self.document = (document or self.document).holding()
            self._show_run([])
            self._record()
            self.run = TaskRun(task)
        self.run.steps_left = steps
        self._set_status(State.RUNNING)

    def pause(self) -> None:
        if self.running:
            self._set_status(State.PAUSED)

    def stop(self) -> None:
        """Ends the run, if there is one; the picture stays as it is."""
        if self.run is not None:
            self._finish(Outcome.STOPPED)

    def fail(self, reason: str) -> None:
        """Ends the run, if there is one, at its last good step."""
        if self.run is not None:
            self._finish(Outcome.FAILED, reason)

    def accept(self, run: TaskRun, advance: Advance) -> Frame | None:
        """Takes a step into the document, then looks whether the run ends.

        None where the run has been stopped or undone since the step was asked for.
        """
        if run is not self.run:
            return None
        run.iteration += 1
        self.document = advance.applied(self.document, run.iteration)
        frame = advance.frame(self.document, run.iteration)
        self.frames.append(frame)
        # A step is recorded on the document before it; one that opens another is recorded whole.
        self._record(None if advance.opens(run.iteration) else frame)
        outcome = run.task.verdict(run.iteration, self.document)
        if outcome in PAUSING:
            self._set_status(State.PAUSED, outcome, ADVICE[outcome])
        elif outcome is not None:
            self._finish(outcome)
        else:
            self._count_down(run)
        return frame

    def _count_down(self, run: TaskRun) -> None:
        """Step 0 is the start and does not count. What was paused during a step stays paused."""
        if run.steps_left is not None and run.iteration > 0:
            run.steps_left -= 1
        goes_on = self.running and run.steps_left != 0
        self._set_status(State.RUNNING if goes_on else State.PAUSED)

    # -- what all of them do -------------------------------------------------------------------

    def _set_status(self, state: State, outcome: Outcome | None = None, message: str = "") -> None:
        iteration = max(0, self.run.iteration) if self.run else self.status.iteration
        limit = self.run.task.limit(self.document) if self.run else self.status.limit
        self.status = Status(state, iteration, outcome, message, limit)

    def _finish(self, outcome: Outcome, reason: str = "") -> None:
        advice = ADVICE[outcome]
        self._set_status(State.DONE, outcome, f"{reason}; {advice}" if reason else advice)
        self.run = None

    def _rest(self) -> None:
        """No run, no outcome."""
        self.run = None
        self.status = _at_rest(self.document)

    def _replace(
        self,
        label: str,
        document: Document,
        merge: bool = False,
        frames: list[Frame] | None = None,
        run: int | None = None,
    ) -> None:
        """Another latent: what runs is over. frames: the run that it is a step of, if it is one,
        `run` of `runs`."""
        self._remember(label, merge)
        self._change = replace(self._change, run=run)
        self.document = document
        self._show_run([] if frames is None else frames)
        self._rest()
        self._record()

    def _travel(self, kind: Literal["undo", "redo"]) -> str | None:
        move = self._history.undo if kind == "undo" else self._history.redo
        found = move(self._version())
        if found is None:
            return None
        self._change = Change(kind)
        label, (self.document, frames) = found
        self._show_run(frames)
        self._rest()
        self._record()
        return label

    def _show_run(self, frames: list[Frame]) -> None:
        """Another run is the shown one. Of the others, the oldest lose their pictures."""
        if frames is self.frames:
            return
        others = [self.frames, *(run for run in self._earlier if run is not frames)]
        self.frames, self._earlier = frames, []
        room = PICTURES
        for run in filter(None, others):
            room -= sum(frame.image.nbytes for frame in run if frame.image is not None)
            if room >= 0:
                self._earlier.append(run)
            else:
                run[:] = [replace(frame, image=None) for frame in run]

    def _version(self) -> Version:
        return Version(self.document, self.frames)

    def _remember(self, label: str, merge: bool = False) -> None:
        """What is there now is what undo comes back to."""
        self._history.record(label, self._version(), merge)
        self._change = Change("merge" if merge else "edit", label)

    def _record(self, frame: Frame | None = None) -> None:
        change, self._change = replace(self._change, has_steps=bool(self.frames)), Change()
        if self._recorder is not None:
            self._recorder(self.document, frame, change)


def _at_rest(document: Document) -> Status:
    """Ready where there are points."""
    return Status(State.READY if document.pairs else State.EMPTY)


def runs_of(versions: Iterable[Version], origin: Origin) -> list[list[Frame]]:
    """The steps of all runs in those versions of a picture."""
    found: dict[int, list[Frame]] = {}
    for document, frames in versions:
        if frames and document.latent.origin == origin:
            found.setdefault(id(frames), frames)
    return list(found.values())
