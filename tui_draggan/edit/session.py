"""The session: one document, edited by a person while an engine works on it.

Two threads meet here. The person's thread edits and controls; each such call returns at once. The
worker's thread calls `work` in a loop and alone touches the engine. Both see frozen values only.
What a change does to the document stands in `lifecycle`, what a step of a drag does in `drag`, what
there is to do for the worker in `agenda`, and how it is done in `workbench`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tui_draggan.arrays import Bytes
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.agenda import Agenda
from tui_draggan.edit.document import Document, Frame, Picture, Status
from tui_draggan.edit.inversion import InversionProblem, InversionTask
from tui_draggan.edit.latent import Latent, Seed, check_latent, check_rows, reopened
from tui_draggan.edit.lifecycle import LifeCycle, Past, Recorder
from tui_draggan.edit.mask import Mask, check_mask
from tui_draggan.edit.methods import METHOD_TASKS
from tui_draggan.edit.mixing import Mix
from tui_draggan.edit.orders import Deliver, Errand, Subject
from tui_draggan.edit.pair_edits import added, handle_moved, target_moved
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Point, check_inside
from tui_draggan.edit.rest import with_rest_held
from tui_draggan.edit.sliders import Rows, Slider, Sliders
from tui_draggan.edit.sliding import SlidingTask, at_nought
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.edit.task import Task
from tui_draggan.edit.tuning import TuningProblem, TuningTask
from tui_draggan.edit.workbench import Workbench
from tui_draggan.engines.base import Engine
from tui_draggan.errors import UsageError


class Session:
    """A document, its history, and the runs of a task on it."""

    def __init__(
        self,
        engine: Engine,
        document: Document,
        recorder: Recorder | None = None,
        task: Callable[[Engine], Task] | None = None,
        past: Past | None = None,
    ) -> None:
        """recorder: called with the lock held. task: makes the task of each run, None: that of the
        document's method. past: what led to the document.

        Raises UsageError for a document that does not fit the engine's model.
        """
        self._engine = engine
        self._info = info = engine.info
        check_latent(document.latent.ws, info.num_ws, info.w_dim)
        check_rows(document.parameters.rows, info)
        document.sliders.check(info)
        if document.mask is not None:
            check_mask(document.mask, info.size)
        self._cycle = LifeCycle(document, recorder, past)
        self._new_task = task
        self._changed = threading.Condition(threading.RLock())
        self._agenda = Agenda(self._cycle, info.size)
        self._workbench = Workbench(
            engine, self._cycle, self._agenda, self._changed, self._changing
        )
        self._left = False
        """Whether nobody does its work any more."""
        self._stalled = False
        """Whether something went wrong; nothing is tried again before the next edit or command."""
        self._woken = False

    # -- what there is to see (any thread) -----------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All there is to see, at one moment."""
        with self._changed:
            cycle, agenda = self._cycle, self._agenda
            return Snapshot(
                info=self._info,
                engine=self.engine,
                document=cycle.document,
                status=cycle.status,
                frames=tuple(cycle.frames),
                runs=tuple(tuple(run) for run in cycle.runs),
                shown=cycle.shown,
                next_id=cycle.next_id,
                picture=agenda.picture,
                origin=agenda.origin,
                picture_is_current=agenda.picture_is_current,
                statistics=agenda.statistics,
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
        return self._cycle.document

    @property
    def status(self) -> Status:
        return self._cycle.status

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The steps of the last run so far."""
        return self.snapshot().frames

    @property
    def past(self) -> Past:
        """What has led to the document: to be kept with it."""
        with self._changed:
            return self._cycle.past

    @property
    def left(self) -> list[Latent]:
        """What became of every picture that was opened; the last is the one that is there."""
        with self._changed:
            return self._cycle.left

    @property
    def picture(self) -> Bytes | None:
        """The newest picture (P, Q, 3); None until the first has been rendered."""
        return self._agenda.picture

    # -- edits (any thread, return at once) ----------------------------------------------------

    def add_pair(self, handle: Point, target: Point) -> int:
        """As `pair_edits.added`; both in one place are a pin. Returns the pair's id."""
        with self._changing() as cycle:
            number = cycle.next_id
            cycle.edit(*added(cycle.document, number, handle, target, self._info.size))
            return number

    def hold_rest(self) -> None:
        """Pins all over the picture, except where points are dragged, as one change."""
        with self._changing() as cycle:
            held = with_rest_held(cycle.document, self._info.size, cycle.free_ids)
            if held is not cycle.document:
                cycle.edit("hold the rest", held)

    def move_handle(self, pair_id: int, handle: Point) -> None:
        """As `pair_edits.handle_moved`."""
        with self._changing() as cycle:
            cycle.edit(*handle_moved(cycle.document, pair_id, handle, self._info.size))

    def move_target(self, pair_id: int, target: Point) -> None:
        """As `pair_edits.target_moved`."""
        with self._changing() as cycle:
            cycle.edit(*target_moved(cycle.document, pair_id, target, self._info.size))

    def delete_pair(self, pair_id: int) -> None:
        with self._changing() as cycle:
            cycle.edit("delete point", cycle.document.without_pair(pair_id))

    def clear_pairs(self) -> None:
        """Deletes all, as one change."""
        with self._changing() as cycle:
            if cycle.document.pairs:
                cycle.edit("delete all points", replace(cycle.document, pairs=()))

    def set_mask(self, mask: Mask | None) -> None:
        """The editable region (H, H), None: all; acts from the next run on. Raises UsageError."""
        if mask is not None:
            check_mask(mask, self._info.size)
        with self._changing() as cycle:
            cycle.edit("mask", replace(cycle.document, mask=mask))

    def mask_part(self, place: Point) -> None:
        """Asks for the part of the picture at a place, by the model's features: the mask then lets
        it change too, as one edit. Raises UsageError outside."""
        check_inside(place, self._info.size, "place")
        with self._changing():
            self._agenda.part = place

    def set_parameters(self, parameters: DragParams, label: str = "") -> None:
        """Acts at the next step; what has `Parameter.next_run` from the next run on.

        Changes of one parameter in a row are undone as one; one with a label, what undo calls it,
        by itself. Raises UsageError.
        """
        check_rows(parameters.rows, self._info)
        with self._changing() as cycle:
            cycle.set_parameters(parameters, label)

    def slide(self, direction: Direction, value: float, rows: Rows | None = None) -> None:
        """Moves the picture so many σ along a direction, from where it is without this slider.

        rows: those of w+ that move; None for all. Raises UsageError as `set_sliders` does.
        """
        rows = (0, self._info.num_ws - 1) if rows is None else rows
        slider = Slider(direction, value, rows)
        self.set_sliders(self.document.sliders.having(slider), f"slider {direction.name}")

    def set_sliders(self, sliders: Sliders, label: str = "sliders") -> None:
        """Moves the picture by other sliders; a run that is under way ends. label: what undo calls
        it. Raises UsageError for directions and rows of another model."""
        sliders.check(self._info)
        with self._changing() as cycle:
            cycle.slide(label, sliders)

    def mix(self, mix: Mix) -> None:
        """Asks for a picture between two. Raises UsageError for rows of another model."""
        mix.check(self._info)
        with self._changing():
            self._agenda.mix = mix

    def animate(self, name: str) -> None:
        """Starts a run in which that slider moves from nought to where it is. Raises UsageError."""
        with self._changing() as cycle:
            start, slider = at_nought(cycle.document, name)
            cycle.stop()
            cycle.start(lambda: SlidingTask(self._engine, slider), document=start)

    def open_seed(
        self, seed: int | None = None, psi: float | None = None, label: int | None = None
    ) -> None:
        """Asks for the picture of another seed, truncation or class; what is None stays.

        The points go (undo brings all back). Raises UsageError out of range.
        """
        with self._changing():
            self._agenda.seed = reopened(self._agenda.origin, self._info, seed, psi, label)

    def open_latent(self, latent: Latent, label: str) -> None:
        """Another picture; the points go. label: what undo calls it. Raises UsageError."""
        check_latent(latent.ws, self._info.num_ws, self._info.w_dim)
        with self._changing() as cycle:
            cycle.open(label, latent)

    def reset_picture(self) -> None:
        """The picture as it was before the edit, which ends a run; the points stay. Raises
        UsageError where only the edit is known of a picture that is not generated."""
        with self._changing() as cycle:
            if cycle.reset():
                return
            origin = cycle.document.latent.origin
            if not isinstance(origin, Seed):
                raise UsageError(f"what {origin.file} was before this edit is not in the session")
            self._agenda.seed = origin  # made anew, without points

    def ask_for_statistics(self) -> None:
        """Asks for what w of the model look like; the snapshot has it when it is found."""
        with self._changing():
            self._agenda.statistics_wanted = True

    def want(self, subjects: Sequence[Subject], deliver: Deliver[Subject]) -> None:
        """Asks for pictures beside the document's, to be made while there is nothing else to do, in
        place of those asked for before."""
        with self._changing():
            self._agenda.orders.replace(subjects, deliver)

    def consult(self, errand: Errand) -> None:
        """Has the worker call it with the engine, once there is nothing else to do but pictures; in
        place of another that has not been called yet."""
        with self._changing():
            self._agenda.errand = errand

    def undo(self) -> str | None:
        """Takes the last change back (stopping a run first). Returns what it was."""
        with self._changing() as cycle:
            return cycle.undo()

    def redo(self) -> str | None:
        """Makes the change again that was undone last. Returns what it is."""
        with self._changing() as cycle:
            return cycle.redo()

    def goto(self, index: int, run: int | None = None) -> None:
        """Makes a frame the current picture. run: index into `Snapshot.runs`; None: the last.
        Raises UsageError."""
        with self._changing() as cycle:
            frame = cycle.goto(index, run)
            if frame.image is not None:
                self._agenda.show(frame.image, frame.ws, frame.hold)

    # -- control (any thread, return at once) --------------------------------------------------

    def start(self, steps: int | None = None) -> None:
        """Starts a run, or resumes a paused one with its moments; `steps`: pause again after so
        many. Raises UsageError without points."""
        with self._changing() as cycle:
            make = self._new_task or METHOD_TASKS[cycle.document.parameters.method]
            cycle.start(lambda: make(self._engine), steps)

    def invert(self, problem: InversionProblem) -> None:
        """Starts the search for a photograph's latent, a run like any other. Raises UsageError
        where the photograph has another size than the model's pictures."""
        with self._changing() as cycle:
            cycle.stop()
            cycle.start(lambda: InversionTask(self._engine, problem))

    def tune(self, problem: TuningProblem) -> None:
        """Starts a tuning of the model to a photograph, around the picture's latent, a run like any
        other, which writes the tuned model at its end. Raises UsageError as `invert` does."""
        with self._changing() as cycle:
            cycle.stop()
            cycle.start(lambda: TuningTask(self._engine, problem))

    def pause(self) -> None:
        with self._changing() as cycle:
            cycle.pause()

    def stop(self) -> None:
        """Ends the run here; the picture stays as it is."""
        with self._changing() as cycle:
            cycle.stop()

    def pictured(self, every_step: bool = False) -> Snapshot:
        """The session with a current picture and, if wanted, one for `every_step` of its runs:
        waits until whoever does the `work` has made them, or cannot."""
        agenda = self._agenda
        with self._changing():
            agenda.picture_wanted, agenda.frames_wanted = True, every_step
        with self._changed:
            self._changed.wait_for(lambda: self._stalled or self._left or agenda.is_pictured)
            agenda.picture_wanted = agenda.frames_wanted = False
            return self.snapshot()

    def leave(self) -> None:
        """Nobody will do its work any more; nobody has to wait for it."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    @contextmanager
    def _changing(self) -> Iterator[LifeCycle]:
        """The life cycle with the lock held; where all went well, the worker looks again."""
        with self._changed:
            yield self._cycle
            self._stalled = False
            self._changed.notify_all()

    # -- the worker's side (one thread) --------------------------------------------------------

    def run(self, steps: int | None = None, pictures: bool = False) -> Generator[Frame, None, None]:
        """For programs without a worker: starts, works in this thread, yields every step. Ends with
        the run (`status.outcome` says why), or paused after `steps`; leaving the loop
        earlier stops the run. The picture is complete then. pictures: whether every frame is to
        have one; where it costs, a step is faster without. Raises UsageError without points.
        """
        self.start(steps)
        try:
            yield from self._steps(pictures)
        finally:
            if self._cycle.running:
                self.stop()
            for _ in self._steps(pictures):
                pass

    def _steps(self, pictures: bool) -> Iterator[Frame]:
        """Does all the work there is; the steps among it."""
        while self.wait_for_work(0):
            done = self.work(pictures)
            if isinstance(done, Frame):
                yield done

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

    def work(self, picture: bool = True, quickly: bool = False) -> Frame | Picture | None:
        """Does the next piece of work: a new seed, a picture, one step, or templates. picture:
        whether somebody will look at the step, if it is one; it may have none otherwise, and can be
        made again. quickly: whether somebody waits for the first picture: a small one may come
        first. An engine that gives up in a step ends the run with outcome FAILED; anything else
        that goes wrong is raised, and nothing is tried again before the next edit or command."""
        try:
            return self._workbench.next_piece(picture, quickly)
        except Exception as error:
            with self._changed:
                self._cycle.fail(str(error))
                self._stalled = True
                self._changed.notify_all()
            raise

    def _has_work(self) -> bool:
        return not self._stalled and self._agenda.next is not None
