"""The session: one document, edited by a person while an engine works on it.

Two threads meet here. The person's thread edits and controls (`editing`); each such call returns at
once. The worker thread calls `work` in a loop and alone touches the engine.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tui_draggan.edit.document import Document, Frame, Picture, State
from tui_draggan.edit.editing import Editing, Recorder
from tui_draggan.edit.latent import difference, latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.run import Run, coordinates, is_finite, step_request
from tui_draggan.engines.base import Engine, Problem, StepResult
from tui_draggan.errors import DragganError


class DragSession(Editing):
    """A document, and the work on it."""

    def __init__(
        self,
        engine: Engine,
        params: DragParams,
        document: Document,
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(engine.info, params, document, recorder)
        self._engine = engine
        self._woken = False

    @property
    def engine(self) -> str:
        """Engine and device in words: `ort-training · cpu`."""
        return f"{self._engine.name} · {self._engine.device}"

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
            or any(pair.template is None for pair in self._document.pairs)
        )

    def _picture_is_stale(self) -> bool:
        """Whether the shown picture is of another latent or, at rest, only a preview."""
        if self._picture is None or self._picture_ws is not self._document.latent.ws:
            return True
        small = self._picture.shape[0] != self._resolution
        return small and self._status.state is not State.RUNNING

    def _open_wanted_seed(self) -> None:
        with self._changed:
            wanted, self._seed_wanted = self._seed_wanted, None
        if wanted is None:
            return
        latent = latent_from_seed(self._engine, *wanted)
        with self._changed:
            what = difference(self._document.latent, latent, self._info)
            self._restore(what, Document(latent, mask=self._document.mask))
            self._frames = []

    def _render(self) -> Picture:
        ws = self._document.latent.ws
        image = self._engine.render(ws)
        with self._changed:
            if ws is self._document.latent.ws:
                self._show(image, ws)
        return Picture(image)

    def _take_templates(self) -> tuple[Pair, ...]:
        """Fills in f0 of the handles that have none; returns the pairs as they are now."""
        document = self._document
        missing = [pair for pair in document.pairs if pair.template is None]
        if missing:
            handles = coordinates([pair.handle for pair in missing])
            features = self._engine.features(document.latent.ws, handles)
            with self._changed:
                for pair, template in zip(missing, features, strict=True):
                    if self._document.holds(pair):
                        filled = replace(pair, template=template)
                        self._document = self._document.with_pair(filled)
        return tuple(pair for pair in self._document.pairs if pair.template is not None)

    def _step(self) -> Frame | None:
        run, params = self._run, self._params
        if run is None:
            return None
        try:
            if not run.begun:
                self._begin(run, params)
            pairs = self._take_templates()
            if not pairs:
                return None
            result = self._engine.step(step_request(pairs, params))
        except DragganError as error:
            with self._changed:
                if run is self._run:
                    self._finish(Outcome.FAILED, str(error))
            return None
        with self._changed:
            if run is not self._run:
                return None  # stopped or undone meanwhile
            return self._accept(run, pairs, result)

    def _begin(self, run: Run, params: DragParams) -> None:
        document = self._document
        self._engine.begin(Problem(document.latent.ws, params.rows, params.w_plus, document.mask))
        with self._changed:
            run.begun = True

    def _accept(self, run: Run, pairs: tuple[Pair, ...], result: StepResult) -> Frame | None:
        """Takes a step's result into the document, then looks whether the run ends."""
        if not is_finite(result):
            self._finish(Outcome.FAILED, "the loss is not a finite number")
            return None
        run.iteration += 1
        for pair, handle in zip(pairs, np.rint(result.handles).astype(int), strict=True):
            if self._document.holds(pair):
                moved = replace(pair, handle=(int(handle[0]), int(handle[1])))
                self._document = self._document.with_pair(moved)
        edited = self._document.latent.edited or run.iteration > 0
        latent = replace(self._document.latent, ws=result.ws, edited=edited)
        self._document = replace(self._document, latent=latent)
        self._show(result.image, latent.ws)
        frame = run.frame(self._document, result)
        self._frames.append(frame)
        self._record(frame)
        distances = [pair.distance for pair in self._document.pairs]
        outcome = run.progress.judge(run.iteration, distances, self._params)
        if outcome is not None:
            self._finish(outcome)
        elif self._status.state is State.RUNNING:
            self._count_down(run)
        return frame

    def _count_down(self, run: Run) -> None:
        state = State.RUNNING
        if self._steps_wanted is not None and run.iteration > 0:
            self._steps_wanted -= 1
            state = State.RUNNING if self._steps_wanted > 0 else State.PAUSED
        self._set_status(state)
