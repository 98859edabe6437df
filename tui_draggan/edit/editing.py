"""A document edited by a person, and the control of the runs on it; what runs comes after
(`session`).

Two threads meet here: the person's, whose calls return at once, and the worker's. Both see frozen
snapshots only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame, State, Status
from tui_draggan.edit.history import History
from tui_draggan.edit.latent import check_latent
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, Point, check_inside
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.run import Run
from tui_draggan.errors import UsageError

Recorder = Callable[[Document, DragParams, "Frame | None"], None]
"""Told of every change: the document, the parameters, and the step where it was one."""


class Seeding(NamedTuple):
    """What a picture is opened with, before any edit."""

    seed: int
    psi: float
    label: int | None
    """Number of the class, where the model has classes."""


class Editing:
    """A document, its history, and the run on it."""

    def __init__(
        self,
        info: BundleInfo,
        params: DragParams,
        document: Document,
        recorder: Recorder | None = None,
    ) -> None:
        check_latent(document.latent.ws, info.num_ws, info.w_dim)
        self._info = info
        self._resolution = info.resolution
        self._params = self._checked(params)
        self._document = document
        self._history: History[tuple[Document, list[Frame]]] = History()
        """Documents, each with the steps of the run that led to it."""
        self._recorder = recorder
        self._changed = threading.Condition(threading.RLock())
        self._run: Run | None = None
        self._status = Status(State.READY if document.pairs else State.EMPTY)
        self._frames: list[Frame] = []
        self._steps_wanted: int | None = None
        self._seed_wanted: Seeding | None = None
        self._picture: Bytes | None = None
        self._picture_ws: Floats | None = None
        self._next_id = 1 + max((pair.id for pair in document.pairs), default=0)
        self._stalled = False
        """Something went wrong; nothing is tried again before the next edit or command."""
        self._record()

    # -- what there is to see (any thread) -----------------------------------------------------

    @property
    def info(self) -> BundleInfo:
        """The model."""
        return self._info

    @property
    def document(self) -> Document:
        return self._document

    @property
    def status(self) -> Status:
        return self._status

    @property
    def params(self) -> DragParams:
        return self._params

    @property
    def seeding(self) -> Seeding:
        """What the picture was opened with; where another was asked for, what that will be."""
        with self._changed:
            if self._seed_wanted is not None:
                return self._seed_wanted
            latent, params = self._document.latent, self._params
            return Seeding(
                params.seed if latent.seed is None else latent.seed,
                params.psi if latent.psi is None else latent.psi,
                latent.label,
            )

    @property
    def frames(self) -> list[Frame]:
        """The steps of the last run so far; grows while it runs."""
        with self._changed:
            return list(self._frames)

    @property
    def picture(self) -> Bytes | None:
        """The newest picture (P, P, 3); None until the first has been rendered."""
        return self._picture

    # -- edits (any thread, return at once) ----------------------------------------------------

    def add_pair(self, handle: Point, target: Point) -> int:
        """A new handle and its target. Returns the pair's id; raises UsageError outside."""
        with self._changed:
            check_inside(handle, self._resolution, "handle")
            check_inside(target, self._resolution, "target")
            pair = Pair(self._next_id, handle, target)
            self._next_id += 1
            self._edit("add point", replace(self._document, pairs=(*self._document.pairs, pair)))
            return pair.id

    def move_handle(self, pair_id: int, handle: Point) -> None:
        """Puts a handle elsewhere; its template is taken anew there."""
        with self._changed:
            check_inside(handle, self._resolution, "handle")
            pair = replace(self._document.pair(pair_id), handle=handle, template=None)
            self._edit("move handle", self._document.with_pair(pair))

    def move_target(self, pair_id: int, target: Point) -> None:
        """Puts a target elsewhere; the handle keeps its template."""
        with self._changed:
            check_inside(target, self._resolution, "target")
            pair = replace(self._document.pair(pair_id), target=target)
            self._edit("move target", self._document.with_pair(pair))

    def delete_pair(self, pair_id: int) -> None:
        with self._changed:
            gone = self._document.pair(pair_id)
            pairs = tuple(pair for pair in self._document.pairs if pair is not gone)
            self._edit("delete point", replace(self._document, pairs=pairs))

    def set_mask(self, mask: Mask | None) -> None:
        """The editable region (H, H); acts from the next run on."""
        with self._changed:
            self._edit("mask", replace(self._document, mask=mask))

    def set_params(self, params: DragParams) -> None:
        """Acts at the next step; K and w or w+ from the next run on."""
        with self._changed:
            self._params = self._checked(params)

    def open_seed(
        self, seed: int | None = None, psi: float | None = None, label: int | None = None
    ) -> None:
        """Asks for the picture of another seed, truncation or class; what is None stays.

        The points go (undo brings all back).
        """
        with self._changed:
            last = self.seeding
            self._params = params = self._params.with_values(
                seed=last.seed if seed is None else seed, psi=last.psi if psi is None else psi
            )
            label = last.label if label is None else label
            self._seed_wanted = Seeding(params.seed, params.psi, label)
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
            self._restore("go to a step", self._document.at(frame), merge=True)
            self._show(frame.image, frame.ws)

    # -- control (any thread, return at once) --------------------------------------------------

    def start(self, steps: int | None = None) -> None:
        """Starts or resumes; `steps`: pause again after so many. Raises UsageError without points.

        A run that was paused goes on with its moments; anything else is a new run.
        """
        with self._changed:
            if not self._document.pairs:
                raise UsageError("nothing to drag: set a handle point and its target first")
            if self._status.state is not State.PAUSED or self._run is None:
                self._check_shared_w()
                self._history.record("drag", (self._document, self._frames))
                self._run, self._frames = Run(), []
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
        self._history.record(label, (self._document, self._frames))
        self._document = document
        if self._run is None or not document.pairs:
            self._rest()
        else:
            self._run.progress.restart(self._run.iteration)
            self._announce()
        self._record()

    def _restore(self, label: str, document: Document, merge: bool = False) -> None:
        """A change that replaces the latent: whatever runs is over."""
        self._history.record(label, (self._document, self._frames), merge)
        self._document = document
        self._rest()
        self._record()

    def _travel(
        self,
        direction: Callable[
            [tuple[Document, list[Frame]]], tuple[str, tuple[Document, list[Frame]]] | None
        ],
    ) -> str | None:
        with self._changed:
            found = direction((self._document, self._frames))
            if found is None:
                return None
            label, (self._document, self._frames) = found
            self._rest()
            self._record()
            return label

    def _checked(self, params: DragParams) -> DragParams:
        most = self._info.num_ws
        if params.rows > most:
            raise UsageError(f"rows is {params.rows}; w+ of this model has {most} rows")
        return params

    def _check_shared_w(self) -> None:
        rows = self._document.latent.ws[: self._params.rows]
        if not self._params.w_plus and (rows != rows[0]).any():
            raise UsageError("this picture was edited in w+; its rows differ, so w cannot go on")

    def _announce(self) -> None:
        """Something was changed or asked for: the worker looks again."""
        self._stalled = False
        self._changed.notify_all()

    def _show(self, image: Bytes, ws: Floats) -> None:
        self._picture, self._picture_ws = image, ws

    def _record(self, frame: Frame | None = None) -> None:
        if self._recorder is not None:
            self._recorder(self._document, self._params, frame)
