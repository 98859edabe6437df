"""The editor's screen, the part that acts at once: keys and mouse."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType

from tui_draggan.edit.latent import Seed
from tui_draggan.edit.parameters import MAX_SEED, doubled
from tui_draggan.errors import DragganError
from tui_draggan.tui import pointer as hands
from tui_draggan.tui.keys import KEYS, allowed
from tui_draggan.tui.pointer import NewPair
from tui_draggan.tui.screens.board import Board
from tui_draggan.tui.view import ZOOMS
from tui_draggan.tui.widgets.picture import PicturePanel

NEAR = 4
"""Zoom levels `z` goes in."""


class Bench(Board):
    """One action for each key of `keys.py`."""

    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hides keys that make no sense at this moment."""
        return allowed(action, self.moment)

    # -- the hand ------------------------------------------------------------------------------

    @property
    def _pairs(self) -> tuple[hands.Pair, ...]:
        return self.session.document.pairs if self.session is not None else ()

    def _lay(self, hand: hands.Pointer, edit: hands.Edit | None = None) -> None:
        """The hand as it is now, and what it did to the document."""
        moved = hand.cursor != self.hand.cursor
        self.hand, self.notice = hand, ""
        if edit is not None:
            self._apply(edit)
        if moved:
            self.show_loupe()
        self.show_hand()

    def _apply(self, edit: hands.Edit) -> None:
        session = self.session
        assert session is not None

        def do() -> None:
            if isinstance(edit, NewPair):
                session.add_pair(edit.handle, edit.target)
            elif edit.grip.end == "handle":
                session.move_handle(edit.grip.pair_id, edit.to)
            else:
                session.move_target(edit.grip.pair_id, edit.to)

        self._try(do)

    def _try(self, do: Callable[[], object]) -> None:
        """Does it, or says why not; the document is as it was then."""
        try:
            do()
        except DragganError as error:
            self.app.notify(str(error), title=error.title, severity="error")
        self.sync()

    def action_nudge(self, dx: int, dy: int) -> None:
        if self.session is not None:
            side = self.session.info.resolution
            self._lay(hands.nudged(self.hand, dx, dy, side, self._pairs))

    def action_handle(self) -> None:
        self._lay(*hands.entered(self.hand, self._pairs))

    action_target = action_pick_up = action_drop = action_handle

    def action_back(self) -> None:
        self._lay(hands.escaped(self.hand, self._pairs))

    def action_walk(self, step: int) -> None:
        self._lay(hands.walked(self.hand, step, self._pairs))

    def action_delete(self) -> None:
        session, selected = self.session, self.hand.selected
        if session is not None and selected is not None:
            self._try(lambda: session.delete_pair(selected.pair_id))

    # -- the mouse -----------------------------------------------------------------------------

    @on(PicturePanel.Pressed)
    def _press(self, event: PicturePanel.Pressed) -> None:
        hand = self.hand
        self._pressed_at = event.place
        if hand.first is not None or hand.held is not None:
            self._lay(replace(hand, cursor=event.place))
            return
        grip = hands.point_at(event.place, self._pairs, event.reach)
        if grip is not None:
            place = hands.place_of(grip, self._pairs) or event.place
            self._lay(replace(hand, cursor=place, selected=grip, held=grip))
        else:
            self._lay(replace(hand, cursor=event.place, selected=None, first=event.place))

    @on(PicturePanel.Dragged)
    def _drag(self, event: PicturePanel.Dragged) -> None:
        if event.place != self._pressed_at:
            self._lay(replace(self.hand, cursor=event.place))

    @on(PicturePanel.Released)
    def _release(self, event: PicturePanel.Released) -> None:
        hand = self.hand
        dragged = event.place != self._pressed_at
        waiting = hand.first is not None and hand.first != self._pressed_at
        if dragged or waiting:
            self._lay(*hands.entered(replace(hand, cursor=event.place), self._pairs))
        elif hand.held is not None:
            self._lay(replace(hand, held=None))  # a click selects
        else:
            self._lay(hands.moved(replace(hand, first=None), hand.cursor, self._pairs))

    @on(PicturePanel.Viewed)
    def _viewed(self) -> None:
        self.show_hand()

    # -- running -------------------------------------------------------------------------------

    def action_run(self, steps: int | None = None) -> None:
        session = self.session
        if session is not None:
            self.notice = ""
            self.sync()  # a new run forgets the old one's steps: the log takes them over first
            self._try(lambda: session.start(steps))

    def action_step(self) -> None:
        self.action_run(1)

    def action_pause(self) -> None:
        if self.session is not None:
            self._try(self.session.pause)

    def action_stop(self) -> None:
        if self.session is not None:
            self._try(self.session.stop)

    def action_step_size(self, times: int) -> None:
        session = self.session
        if session is not None:
            parameters = session.document.parameters
            rate = doubled(parameters.learning_rate, times)
            self._try(lambda: session.set_parameters(parameters.with_values(learning_rate=rate)))
            self._say(f"step size {rate:g}")

    def action_scrub(self, steps: int) -> None:
        session = self.session
        if session is not None:
            snapshot = session.snapshot()
            last = len(snapshot.frames) - 1
            shown = last + 1 if snapshot.shown is None else snapshot.shown
            wanted = min(last, max(0, shown + steps))
            if wanted != snapshot.shown:
                self.let_go()
                self._try(lambda: session.goto(wanted))
            self._say(f"step {wanted} of {last}")

    # -- the document --------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        self.notice = words
        self.sync()

    def action_undo(self) -> None:
        self._travel("undo", "undone")

    def action_redo(self) -> None:
        self._travel("redo", "done again")

    def _travel(self, direction: str, done: str) -> None:
        if self.session is not None:
            self.let_go()
            what = getattr(self.session, direction)()
            self._say(f"{done}: {what}" if what else f"nothing to {direction}")

    def action_seed(self, step: int) -> None:
        if self.session is not None:
            origin = self.session.snapshot().origin
            seed = origin.seed if isinstance(origin, Seed) else -1
            self.open_seed((seed + step) % (MAX_SEED + 1))

    def action_random_seed(self) -> None:
        self.open_seed(random.randrange(1_000_000))

    def open_seed(self, seed: int) -> None:
        """Asks for another seed's picture."""
        self.reopen(f"seed {seed}", seed=seed)

    def reopen(self, words: str, **changed: Any) -> None:
        """Asks for the picture of another seed, ψ or class, as `Session.open_seed`."""
        session = self.session
        if session is not None:
            self.let_go()
            self._try(lambda: session.open_seed(**changed))
            self._say(words)

    def action_clear_mask(self) -> None:
        session = self.session
        if session is not None:
            self._try(lambda: session.set_mask(None))

    # -- the view ------------------------------------------------------------------------------

    def action_zoom(self, steps: int) -> None:
        self.query_one(PicturePanel).zoom(steps)

    def action_zoom_toggle(self) -> None:
        panel = self.query_one(PicturePanel)
        panel.zoom(-len(ZOOMS) if panel.view.zoom > 1 else NEAR)

    def action_zoom_reset(self) -> None:
        self.query_one(PicturePanel).zoom(-len(ZOOMS))
