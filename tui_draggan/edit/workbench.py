"""The pieces of a session's work: what its worker does with the engine, one after another.

The engine is asked without the lock; what the document was is read with it, and what was found goes
into the document as it is then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from tui_draggan.arrays import averaged
from tui_draggan.edit.agenda import Agenda, Piece
from tui_draggan.edit.document import Document, Frame, Picture
from tui_draggan.edit.drawing import Drawing
from tui_draggan.edit.latent import change_in_words, latent_from_seed
from tui_draggan.edit.lifecycle import LifeCycle
from tui_draggan.edit.mixing import latent_of, mixed
from tui_draggan.edit.orders import picture_of
from tui_draggan.edit.part import known_part_at, part_at
from tui_draggan.edit.templates import take_templates
from tui_draggan.engines.base import Engine
from tui_draggan.errors import DragganError


class Workbench:
    """Does one piece after another; of one thread, which alone touches the engine."""

    def __init__(
        self,
        engine: Engine,
        cycle: LifeCycle,
        agenda: Agenda,
        lock: threading.Condition,
        changing: Callable[[], AbstractContextManager[LifeCycle]],
    ) -> None:
        """lock: holds cycle and agenda still. changing: the same, and tells all who wait of it."""
        self._engine, self._info = engine, engine.info
        self._drawing = Drawing(engine)
        self._cycle, self._agenda = cycle, agenda
        self._lock, self._changing = lock, changing

    def next_piece(self, picture: bool, quickly: bool) -> Frame | Picture | None:
        """Does what comes first; as `Session.work`, without its care for what goes wrong."""
        if self._agenda.next is Piece.SEED:
            self._open_wanted_seed()
        if self._agenda.next is Piece.MIX:
            self._mix()
        if self._agenda.next is Piece.PART:
            self._mask_wanted_part()
        piece = self._agenda.next
        if piece is Piece.PICTURE:
            first = quickly and self._agenda.picture is None
            small = first and self._info.drag.preview != self._info.size
            return self._render(small)
        if piece is Piece.STEP:
            return self._step(picture)
        if piece is Piece.FRAME:
            self._restore_picture()
        elif piece is Piece.STATISTICS:
            self._agenda.statistics = self._engine.statistics
        elif piece is Piece.TEMPLATES:
            self._take_templates()
        elif piece is Piece.ERRAND:
            self._run_errand()
        elif piece is Piece.ORDER:
            self._agenda.orders.work(partial(picture_of, self._drawing))
        return None

    def _open_wanted_seed(self) -> None:
        with self._lock:
            wanted, self._agenda.seed = self._agenda.seed, None
        if wanted is None:
            return
        latent = latent_from_seed(self._engine, wanted.seed, wanted.psi, wanted.label)
        with self._changing() as cycle:
            old = cycle.document.latent.origin
            cycle.open(change_in_words(old, wanted, self._info), latent)

    def _mix(self) -> None:
        with self._lock:
            wanted, self._agenda.mix = self._agenda.mix, None
            origin = self._cycle.document.latent.origin
        if wanted is None:
            return
        second = latent_of(self._engine, wanted.second, origin)
        first = None if wanted.first is None else latent_of(self._engine, wanted.first, origin)
        with self._changing() as cycle:
            document = cycle.document if first is None else cycle.document.with_latent(first)
            document = mixed(document, second, wanted.at, wanted.rows, wanted.title)
            if first is None:
                cycle.slide(f"slider {wanted.title}", document.sliders)
            else:
                cycle.mix(f"mix {wanted.title}", document)

    def _mask_wanted_part(self) -> None:
        with self._lock:
            place, self._agenda.part = self._agenda.part, None
            ws = self._cycle.document.latent.ws
        if place is None:
            return
        if self._info.parts:
            part = known_part_at(self._engine.parts(ws), place)
        else:
            part = part_at(self._engine.feature_map(ws), place, self._info.size)
        with self._changing() as cycle:
            mask = cycle.document.mask
            mask = part if mask is None else mask | part
            cycle.edit("mask of a part", replace(cycle.document, mask=None if mask.all() else mask))

    def _run_errand(self) -> None:
        with self._lock:
            errand, self._agenda.errand = self._agenda.errand, None
        if errand is not None:
            errand(self._engine)

    def _render(self, small: bool) -> Picture:
        document = self._cycle.document
        ws, hold = document.latent.ws, document.hold
        image = self._drawing.picture(ws, hold, small)
        with self._lock:
            if ws is self._cycle.document.latent.ws:
                self._agenda.show(image, ws, hold)
        return Picture(image)

    def _restore_picture(self) -> None:
        """Makes the picture of a step of the shown run that has none."""
        frame = self._cycle.without_picture
        if frame is not None:
            image = self._drawing.picture(frame.ws, frame.hold)
            image = averaged(image, self._info.drag.preview)
            with self._changing() as cycle:
                cycle.restore(frame, image)

    def _take_templates(self) -> Document:
        """Fills in the templates that pairs lack; the document as it is then."""
        filled = take_templates(self._engine, self._cycle.document)
        with self._lock:
            self._cycle.fill(filled)
            return self._cycle.document

    def _step(self, picture: bool) -> Frame | None:
        """One step of the run: begun on the document as it is, asked for without the lock, and
        taken over if the run is still the same."""
        with self._lock:
            run, document = self._cycle.run, self._cycle.document
        if run is None:
            return None
        try:
            if not run.begun:
                run.task.begin(document)
                run.begun = True
            # Without need of points, the picture changes below them: templates come afterwards.
            needed = run.task.needs_points
            document = self._take_templates() if needed else self._cycle.document
            advance = run.task.step(document, picture)
            advance = advance and self._drawing.step(advance)
        except DragganError as error:
            with self._changing() as cycle:
                if run is cycle.run:
                    cycle.fail(str(error))
            return None
        if advance is None:
            return None
        with self._changing() as cycle:
            frame = cycle.accept(run, advance)
            image = advance.result.image
            if frame is not None and image is not None:
                self._agenda.show(image, frame.ws, frame.hold, advance.is_passing)
            return frame
