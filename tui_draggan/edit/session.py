"""The session: one document, edited by a person while an engine works on it.

Two threads meet here. The person's thread edits and controls; each such call returns at once. The
worker's thread calls `work` in a loop and alone touches the engine. Both see frozen values only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import NamedTuple

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame, Picture, State, Status
from tui_draggan.edit.drag import DragTask
from tui_draggan.edit.history import History
from tui_draggan.edit.latent import (
    Seed,
    change_in_words,
    check_latent,
    latent_from_seed,
    reopened,
)
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, Point, check_inside
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.edit.task import Advance, Task
from tui_draggan.edit.templates import lacks_templates, take_templates
from tui_draggan.engines.base import Engine
from tui_draggan.errors import DragganError, UsageError

Recorder = Callable[[Document, "Frame | None"], None]
"""Told of every change: the document, and the step where it was one."""


class Version(NamedTuple):
    """What undo and redo walk over: a document, and the steps of the run that led to it."""

    document: Document
    frames: list[Frame]


@dataclass(eq=False)
class TaskRun:
    """A task under way. Compared by identity: a result belongs to the run that asked for it."""

    task: Task
    begun: bool = False
    iteration: int = -1
    """Number of the newest frame; frame 0 shows the start."""


class Session:
    """A document, its history, and the runs of a task on it."""

    def __init__(
        self,
        engine: Engine,
        document: Document,
        recorder: Recorder | None = None,
        task: Callable[[Engine], Task] = DragTask,
    ) -> None:
        """task: makes the task of each run. Raises UsageError for what does not fit the model."""
        self._engine = engine
        self._info = engine.info
        check_latent(document.latent.ws, self._info.num_ws, self._info.w_dim)
        self._check(document.parameters)
        self._document = document
        self._frames: list[Frame] = []
        self._history: History[Version] = History()
        self._recorder = recorder
        self._new_task = task
        self._changed = threading.Condition(threading.RLock())
        self._run: TaskRun | None = None
        self._status = Status(State.READY if document.pairs else State.EMPTY)
        self._steps_wanted: int | None = None
        self._seed_wanted: Seed | None = None
        self._picture: Bytes | None = None
        self._picture_ws: Floats | None = None
        self._next_id = 1 + max((pair.id for pair in document.pairs), default=0)
        self._stalled = False
        """Something went wrong; nothing is tried again before the next edit or command."""
        self._woken = False
        self._record()

    # -- what there is to see (any thread) -----------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All there is to see, at one moment."""
        with self._changed:
            return Snapshot(
                self._info,
                self.engine,
                self._document,
                self._status,
                tuple(self._frames),
                self._shown(),
                self._picture,
                self._seed_wanted or self._document.latent.origin,
            )

    @property
    def info(self) -> BundleInfo:
        """The model."""
        return self._info

    @property
    def engine(self) -> str:
        """Engine and device in words: `ort-training · cpu`."""
        return f"{self._engine.name} · {self._engine.device}"

    @property
    def document(self) -> Document:
        return self._document

    @property
    def status(self) -> Status:
        return self._status

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The steps of the last run so far."""
        with self._changed:
            return tuple(self._frames)

    @property
    def picture(self) -> Bytes | None:
        """The newest picture (P, P, 3); None until the first has been rendered."""
        return self._picture

    def _shown(self) -> int | None:
        """Index of the frame that is the document's latent."""
        ws = self._document.latent.ws
        for index in reversed(range(len(self._frames))):
            if self._frames[index].ws is ws:
                return index
        return None

    # -- edits (any thread, return at once) ----------------------------------------------------

    def add_pair(self, handle: Point, target: Point) -> int:
        """A new handle and its target. Returns the pair's id; raises UsageError outside."""
        with self._changed:
            check_inside(handle, self._info.resolution, "handle")
            check_inside(target, self._info.resolution, "target")
            pair = Pair(self._next_id, handle, target)
            self._next_id += 1
            self._edit("add point", replace(self._document, pairs=(*self._document.pairs, pair)))
            return pair.id

    def move_handle(self, pair_id: int, handle: Point) -> None:
        """Puts a handle elsewhere; its template is taken anew there."""
        with self._changed:
            check_inside(handle, self._info.resolution, "handle")
            pair = replace(self._document.pair(pair_id), handle=handle, template=None)
            self._edit("move handle", self._document.with_pair(pair))

    def move_target(self, pair_id: int, target: Point) -> None:
        """Puts a target elsewhere; the handle keeps its template."""
        with self._changed:
            check_inside(target, self._info.resolution, "target")
            pair = replace(self._document.pair(pair_id), target=target)
            self._edit("move target", self._document.with_pair(pair))

    def delete_pair(self, pair_id: int) -> None:
        with self._changed:
            self._edit("delete point", self._document.without_pair(pair_id))

    def set_mask(self, mask: Mask | None) -> None:
        """The editable region (H, H); acts from the next run on."""
        with self._changed:
            self._edit("mask", replace(self._document, mask=mask))

    def set_parameters(self, parameters: DragParams) -> None:
        """Acts at the next step; what `Parameter.next_run` names from the next run on.

        A run goes on, an ended one keeps its outcome. Changes of one parameter in a row are one.
        """
        with self._changed:
            self._check(parameters)
            changed = parameters.differing(self._document.parameters)
            if changed:
                label = changed[0].title if len(changed) == 1 else "parameters"
                self._history.record(label, self._version(), merge=True)
                self._document = replace(self._document, parameters=parameters)
                self._announce()
                self._record()

    def open_seed(
        self, seed: int | None = None, psi: float | None = None, label: int | None = None
    ) -> None:
        """Asks for the picture of another seed, truncation or class; what is None stays.

        The points go (undo brings all back). Raises UsageError out of range.
        """
        with self._changed:
            now = self._seed_wanted or self._document.latent.origin
            self._seed_wanted = reopened(now, self._info, seed, psi, label)
            self._announce()

    def undo(self) -> str | None:
        """Takes the last change back (stopping a run first). Returns what it was."""
        return self._travel(self._history.undo)

    def redo(self) -> str | None:
        return self._travel(self._history.redo)

    def goto(self, index: int) -> None:
        """Makes frame `index` of the last run the current picture, as one undoable change."""
        with self._changed:
            if self._status.state is State.RUNNING:
                raise UsageError("pause the run before walking through its steps")
            if not 0 <= index < len(self._frames):
                raise UsageError(f"there is no step {index}; the run has {len(self._frames)}")
            frame = self._frames[index]
            self._replace("go to a step", self._document.at(frame), merge=True)
            self._show(frame.image, frame.ws)

    # -- control (any thread, return at once) --------------------------------------------------

    def start(self, steps: int | None = None) -> None:
        """Starts or resumes; `steps`: pause again after so many. Raises UsageError without points.

        A run that was paused goes on with its moments; anything else is a new run.
        """
        with self._changed:
            if self._status.state is not State.PAUSED or self._run is None:
                task = self._new_task(self._engine)
                task.check(self._document)
                self._history.record(task.name, self._version())
                self._run, self._frames = TaskRun(task), []
            self._steps_wanted = steps
            self._set_status(State.RUNNING)

    def pause(self) -> None:
        with self._changed:
            if self._status.state is State.RUNNING:
                self._set_status(State.PAUSED)

    def stop(self) -> None:
        """Ends the run here; the picture stays as it is."""
        with self._changed:
            if self._status.state in (State.RUNNING, State.PAUSED):
                self._finish(Outcome.STOPPED)

    def run(self, steps: int | None = None) -> Generator[Frame, None, None]:
        """For programs without a worker: starts, works in this thread, yields every step.

        Ends with the run (`status.outcome` says why), or paused after `steps`. Leaving the loop
        earlier stops the run. The picture is complete then. Raises UsageError without points.
        """
        self.start(steps)
        try:
            yield from self._steps()
        finally:
            if self._status.state is State.RUNNING:
                self.stop()
            for _ in self._steps():
                pass

    def _steps(self) -> Generator[Frame, None, None]:
        """All the work there is, and the steps among it."""
        while self.wait_for_work(0):
            done = self.work()
            if isinstance(done, Frame):
                yield done

    # -- the worker's side (one thread) --------------------------------------------------------

    def wait_for_work(self, timeout: float | None = None) -> bool:
        """Blocks until `work` has something to do; False when woken or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_work() or self._woken, timeout)
            self._woken = False
            return self._has_work()

    def wake(self) -> None:
        """Lets `wait_for_work` look again (and its caller see that it should end)."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def work(self) -> Frame | Picture | None:
        """Does the next piece of work: a new seed, a picture, templates, or one step.

        An engine that gives up in a step ends the run with outcome FAILED; anything else that goes
        wrong is raised, and nothing is tried again before the next edit or command.
        """
        try:
            return self._next_piece()
        except Exception as error:
            with self._changed:
                if self._run is not None:
                    self._finish(Outcome.FAILED, str(error))
                self._stalled = True
            raise

    def _next_piece(self) -> Frame | Picture | None:
        if self._seed_wanted is not None:
            self._open_wanted_seed()
        if self._picture_is_stale():
            return self._render()
        if self._status.state is State.RUNNING:
            return self._step()
        self._take_templates()
        return None

    def _has_work(self) -> bool:
        return not self._stalled and (
            self._seed_wanted is not None
            or self._picture_is_stale()
            or self._status.state is State.RUNNING
            or lacks_templates(self._document)
        )

    def _picture_is_stale(self) -> bool:
        """Whether the shown picture is of another latent or, at rest, only a preview."""
        if self._picture is None or self._picture_ws is not self._document.latent.ws:
            return True
        small = self._picture.shape[0] != self._info.resolution
        return small and self._status.state is not State.RUNNING

    def _open_wanted_seed(self) -> None:
        with self._changed:
            wanted, self._seed_wanted = self._seed_wanted, None
        if wanted is None:
            return
        latent = latent_from_seed(self._engine, wanted.seed, wanted.psi, wanted.label)
        with self._changed:
            what = change_in_words(self._document.latent.origin, wanted, self._info)
            self._replace(what, replace(self._document, latent=latent, pairs=()))
            self._frames = []

    def _render(self) -> Picture:
        ws = self._document.latent.ws
        image = self._engine.render(ws)
        with self._changed:
            if ws is self._document.latent.ws:
                self._show(image, ws)
        return Picture(image)

    def _take_templates(self) -> Document:
        """Fills in what pairs lack that are still as they were; the document as it is then."""
        filled = take_templates(self._engine, self._document)
        with self._changed:
            for pair, with_template in filled:
                if self._document.holds(pair):
                    self._document = self._document.with_pair(with_template)
            return self._document

    def _step(self) -> Frame | None:
        run = self._run
        if run is None:
            return None
        try:
            if not run.begun:
                run.task.begin(self._document)
                run.begun = True
            advance = run.task.step(self._take_templates())
        except DragganError as error:
            with self._changed:
                if run is self._run:
                    self._finish(Outcome.FAILED, str(error))
            return None
        with self._changed:
            if advance is None or run is not self._run:
                return None  # nothing to do, or stopped or undone meanwhile
            return self._accept(run, advance)

    def _accept(self, run: TaskRun, advance: Advance) -> Frame:
        """Takes a step into the document, then looks whether the run ends."""
        run.iteration += 1
        self._document = advance.applied(self._document, run.iteration)
        frame = advance.frame(self._document, run.iteration)
        self._show(frame.image, frame.ws)
        self._frames.append(frame)
        self._record(frame)
        outcome = run.task.verdict(run.iteration, self._document)
        if outcome is not None:
            self._finish(outcome)
        elif self._status.state is State.RUNNING:
            self._count_down(run)
        return frame

    def _count_down(self, run: TaskRun) -> None:
        state = State.RUNNING
        if self._steps_wanted is not None and run.iteration > 0:
            self._steps_wanted -= 1
            state = State.RUNNING if self._steps_wanted > 0 else State.PAUSED
        self._set_status(state)

    # -- changes of state (with the lock held) -------------------------------------------------

    def _set_status(self, state: State, outcome: Outcome | None = None, message: str = "") -> None:
        iteration = max(0, self._run.iteration) if self._run else self._status.iteration
        self._status = Status(state, iteration, outcome, message)
        self._announce()

    def _finish(self, outcome: Outcome, message: str = "") -> None:
        message = f"{message}; {ADVICE[outcome]}" if message else ADVICE[outcome]
        self._set_status(State.DONE, outcome, message)
        self._run = None

    def _rest(self) -> None:
        """No run, no outcome: ready where there are points."""
        self._run = None
        self._status = Status(State.READY if self._document.pairs else State.EMPTY)
        self._announce()

    def _edit(self, label: str, document: Document) -> None:
        """A change by hand. A run goes on with it; an ended one is over."""
        self._history.record(label, self._version())
        self._document = document
        if self._run is None or not document.pairs:
            self._rest()
        else:
            self._run.task.edited(self._run.iteration)
            self._announce()
        self._record()

    def _replace(self, label: str, document: Document, merge: bool = False) -> None:
        """A change that replaces the latent: whatever runs is over."""
        self._history.record(label, self._version(), merge)
        self._document = document
        self._rest()
        self._record()

    def _travel(self, direction: Callable[[Version], tuple[str, Version] | None]) -> str | None:
        with self._changed:
            found = direction(self._version())
            if found is None:
                return None
            label, (self._document, self._frames) = found
            self._rest()
            self._record()
            return label

    def _version(self) -> Version:
        return Version(self._document, self._frames)

    def _check(self, parameters: DragParams) -> None:
        most = self._info.num_ws
        if parameters.rows > most:
            raise UsageError(f"rows is {parameters.rows}; w+ of this model has {most} rows")

    def _announce(self) -> None:
        """Something was changed or asked for: the worker looks again."""
        self._stalled = False
        self._changed.notify_all()

    def _show(self, image: Bytes, ws: Floats) -> None:
        self._picture, self._picture_ws = image, ws

    def _record(self, frame: Frame | None = None) -> None:
        if self._recorder is not None:
            self._recorder(self._document, frame)
