"""One open session under a person's hands: everything that a key, the mouse or an answer changes.

It knows no widget. What is to be seen of a change it leaves to its `EditorView`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.latent import Latent, Photo, Seed, reopened
from tui_draggan.edit.mask import Mask, load_mask
from tui_draggan.edit.mixing import Mix
from tui_draggan.edit.parameters import MAX_SEED, doubled, model_params, parameter
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.session import Session
from tui_draggan.edit.values import Value
from tui_draggan.errors import DragganError
from tui_draggan.tui import pointer as pointing
from tui_draggan.tui.pointer import AddPair, Edit, MovePoint, Pointer, PointId

NO_POINTS = "no points yet: Enter sets a handle, then its target"
SEEDS = 1_000_000
"""Seeds that a random one is drawn from."""


class EditorView(Protocol):
    """What shows an editor."""

    def show(self) -> None:
        """The session may have changed: everything is shown anew."""

    def show_pointer(self, moved: bool) -> None:
        """Only the pointer has changed. moved: the crosshair is elsewhere."""

    def show_error(self, error: DragganError) -> None:
        """Something could not be done."""


class Editor:
    """A session, the pointer on its picture, and what was done last."""

    def __init__(self, session: Session, view: EditorView) -> None:
        self.session = session
        self.snapshot = session.snapshot()
        """The session as it was last looked at; nothing else of it is shown."""
        height, width = self.snapshot.info.size
        self.pointer = Pointer((width // 2, height // 2))
        self.notice = ""
        """Line about what was done last; the next move takes it away."""
        self.has_run = False
        """Whether there has been a run since the editor opened."""
        self._view = view
        self._kept = [self.snapshot.document.latent]
        """Latents that were opened, exported or saved."""
        self._kept_masks = [self.snapshot.document.mask]
        self._kept_targets = [_targets(self.snapshot.document)]
        """Targets of all points, as they were when they were opened, exported or saved."""

    # -- looking -------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Looks at the session and shows it; the pointer lets go of what is no longer there."""
        self.snapshot = snapshot = self.session.snapshot()
        self.pointer = pointing.reconcile(self.pointer, snapshot.document.pairs, snapshot.info.size)
        self.has_run = self.has_run or bool(snapshot.frames)
        self._view.show()

    def say(self, words: str) -> None:
        """What has been done, or is being done, in a line."""
        self.notice = words
        self.refresh()

    def attempt(self, do: Callable[[], object], notice: str | None = None) -> None:
        """Does it, or says why not; the document is as it was then.

        notice: what was done, in words, where that is not seen.
        """
        try:
            do()
        except DragganError as error:
            self._view.show_error(error)
        else:
            if notice is not None:
                self.notice = notice
        self.refresh()

    @property
    def _pairs(self) -> tuple[Pair, ...]:
        return self.snapshot.document.pairs

    # -- the pointer ---------------------------------------------------------------------------

    def move_by(self, dx: int, dy: int) -> None:
        """The crosshair so many image pixels further."""
        size = self.snapshot.info.size
        self._point(pointing.move_by(self.pointer, dx, dy, size, self._pairs))

    def move_to(self, place: Point) -> None:
        """The crosshair to a place."""
        self._point(pointing.move_to(self.pointer, place, self._pairs))

    def go_to(self, place: Point, target: Point | None = None) -> None:
        """Typed coordinates: with a target a new pair; else the selected point moves there, or,
        without one, the crosshair."""
        if target is not None:
            self._point(replace(self.pointer, cursor=target), AddPair(place, target))
        elif self.pointer.selected is not None:
            edit = MovePoint(self.pointer.selected, place)
            self._point(replace(self.pointer, cursor=place), edit)
        else:
            self._point(pointing.move_to(self.pointer, place, self._pairs))

    def confirm(self) -> None:
        """Enter: sets a handle, its target, picks up, drops."""
        self._point(*pointing.confirm(self.pointer, self._pairs))

    def cancel(self) -> None:
        self._point(pointing.cancel(self.pointer, self._pairs))

    def select_next(self, step: int) -> None:
        self._point(pointing.select_next(self.pointer, step, self._pairs))

    def select_number(self, number: int) -> None:
        """The point of that number; where its handle is selected already, its target."""
        self._point(pointing.select_number(self.pointer, number, self._pairs))

    def select(self, point: PointId) -> None:
        """That point, with the crosshair on it."""
        self._point(pointing.select(self.pointer, point, self._pairs))

    def press(self, place: Point, reach: float) -> None:
        """The mouse button goes down; points within `reach` image pixels are hit."""
        self._point(pointing.press(self.pointer, place, reach, self._pairs))

    def drag(self, place: Point) -> None:
        pointer = pointing.drag(self.pointer, place)
        if pointer != self.pointer:
            self._point(pointer)

    def release(self, place: Point) -> None:
        self._point(*pointing.release(self.pointer, place, self._pairs))

    def _point(self, pointer: Pointer, edit: Edit | None = None) -> None:
        """The pointer as it is now, and what it did to the document."""
        moved = pointer.cursor != self.pointer.cursor
        self.pointer, self.notice = pointer, ""
        if edit is not None:
            self._apply(edit)
        self._view.show_pointer(moved)

    # -- the document --------------------------------------------------------------------------

    def _apply(self, edit: Edit) -> None:
        if isinstance(edit, AddPair):
            self.attempt(lambda: self.session.add_pair(edit.handle, edit.target))
            return
        pair, end = edit.point.pair_id, edit.point.end
        move = self.session.move_handle if end == "handle" else self.session.move_target
        self.attempt(lambda: move(pair, edit.to))

    def pin(self) -> None:
        """A pin: of the handle that waits for its target, of the selected pair where its handle is,
        else at the crosshair."""
        selected, pending = self.pointer.selected, self.pointer.pending
        if selected is not None and pending is None:
            pair = self.snapshot.document.pair(selected.pair_id)
            if not pair.pin:
                self.attempt(lambda: self.session.move_target(pair.id, pair.handle), "pinned")
            return
        place = self.pointer.cursor if pending is None else pending
        self._point(replace(self.pointer, pending=None), AddPair(place, place))

    def hold_rest(self) -> None:
        """Pins everywhere but where points are dragged."""
        self.attempt(self.session.hold_rest, "the rest is pinned; u takes the pins back")

    def delete_selected(self) -> None:
        """The pair of the selected point goes."""
        selected = self.pointer.selected
        if selected is not None:
            self.attempt(lambda: self.session.delete_pair(selected.pair_id))

    def clear_points(self) -> None:
        """All pairs go, as one change."""
        self.attempt(self.session.clear_pairs, "points deleted")

    def ask_for_points(self) -> None:
        """Says what a run lacks."""
        if self.pointer.pending is None:
            self.notice = NO_POINTS
        self.refresh()

    def undo(self) -> None:
        self._travel(self.session.undo, "undone", "nothing to undo")

    def redo(self) -> None:
        self._travel(self.session.redo, "redone", "nothing to redo")

    def _travel(self, move: Callable[[], str | None], done: str, nothing: str) -> None:
        self.pointer = pointing.let_go(self.pointer)
        what = move()
        self.notice = f"{done}: {what}" if what else nothing
        self.refresh()

    def set_parameter(self, name: str, text: str) -> None:
        """One parameter, as typed."""
        self._set_parameter(name, parameter(name).parse(text))

    def scale_step_size(self, doublings: int) -> None:
        """The step size doubled so many times; negative: halved."""
        rate = doubled(self.snapshot.document.parameters.learning_rate, doublings)
        self._set_parameter("learning_rate", rate)

    def _set_parameter(self, name: str, value: Value) -> None:
        one = parameter(name)
        changed = self.snapshot.document.parameters.with_values(**{name: value})
        self.attempt(
            lambda: self.session.set_parameters(changed), f"{one.title} {one.shown(value)}"
        )

    def reset_parameters(self) -> None:
        """All as the model recommends, as one change."""
        own = model_params(self.snapshot.info)
        label = "reset of all parameters"
        self.attempt(lambda: self.session.set_parameters(own, label), "all at their defaults")

    def load_mask(self, path: Path) -> None:
        """A picture of where the edit may change something."""

        def load() -> None:
            loaded = load_mask(path, self.snapshot.info.size)
            self.session.set_mask(loaded.mask)
            self.keep_mask(loaded.mask)
            self.notice = loaded.note

        self.attempt(load)

    def clear_mask(self) -> None:
        """Everything may change."""
        self.attempt(lambda: self.session.set_mask(None))

    # -- another picture -----------------------------------------------------------------------

    @property
    def seed(self) -> Seed:
        """The generated picture that is there or asked for; where it is a photograph, the one to
        go to from there."""
        return reopened(self.snapshot.origin, self.snapshot.info)

    def reset_picture(self) -> None:
        """As it was before the edit, as one change; the points stay where they are."""
        self.pointer = pointing.let_go(self.pointer)
        self.attempt(self.session.reset_picture, "the picture as it was opened")

    def step_seed(self, step: int) -> None:
        """The next seed's picture, or the one before; from a photograph the first."""
        origin = self.snapshot.origin
        seed = origin.seed if isinstance(origin, Seed) else -1
        self.open_seed((seed + step) % (MAX_SEED + 1))

    def open_random_seed(self) -> None:
        self.open_seed(random.randrange(SEEDS))

    def open_seed(self, seed: int) -> None:
        """Asks for another seed's picture."""
        self._reopen(lambda: self.session.open_seed(seed=seed), f"seed {seed}")

    def open_psi(self, psi: float) -> None:
        """Asks for the same seed's picture with another truncation."""
        self._reopen(lambda: self.session.open_seed(psi=psi), f"ψ {psi:g}")

    def open_class(self, label: int) -> None:
        """Asks for the same seed's picture of another class."""
        name = self.snapshot.info.classes[label]
        self._reopen(lambda: self.session.open_seed(label=label), f"class {name}")

    def open_picture(self, subject: Seed | Mix | Latent) -> None:
        """A picture chosen elsewhere: a seed's, one between two, one that was kept."""
        if isinstance(subject, Seed):
            seed, psi, label = subject.seed, subject.psi, subject.label
            self._reopen(lambda: self.session.open_seed(seed, psi, label), f"seed {seed}")
        elif isinstance(subject, Mix):
            self._reopen(lambda: self.session.mix(subject), f"{subject.title}; d moves it")
        else:
            self._reopen(lambda: self.session.open_latent(subject, "marked picture"), "as marked")

    def open_step(self, step: Frame) -> None:
        """Goes to a step of one of the runs that led to the picture."""
        for number, run in enumerate(self.snapshot.runs):
            if step in run:
                self.go_to_step(run.index(step), number, f"step {step.iteration}")

    def _reopen(self, ask: Callable[[], None], notice: str) -> None:
        self.pointer = pointing.let_go(self.pointer)
        self.attempt(ask, notice)

    # -- the run -------------------------------------------------------------------------------

    def run(self, steps: int | None = None) -> None:
        """Starts or resumes; pauses again after so many steps, where given."""
        self.notice = ""
        self.refresh()  # a new run forgets the old one's steps: the log takes them over first
        self.attempt(lambda: self.session.start(steps))

    def pause(self) -> None:
        self.attempt(self.session.pause)

    def stop(self) -> None:
        self.attempt(self.session.stop)

    def scrub(self, steps: int) -> None:
        """So many steps on through the run, or back."""
        last = len(self.snapshot.frames) - 1
        shown = self.snapshot.shown
        self.scrub_to(min(last, max(0, (last + 1 if shown is None else shown) + steps)))

    def scrub_to(self, wanted: int) -> None:
        """Step `wanted` of the run."""
        last, shown = len(self.snapshot.frames) - 1, self.snapshot.shown
        notice = f"step {wanted} of {last}"
        if wanted == shown:
            self.notice = notice
            self.refresh()
            return
        self.pointer = pointing.let_go(self.pointer)
        self.attempt(lambda: self.session.goto(wanted), notice)

    def go_to_step(self, index: int, run: int, notice: str) -> None:
        """A step of one of the `Snapshot.runs`."""
        self.pointer = pointing.let_go(self.pointer)
        self.attempt(lambda: self.session.goto(index, run), notice)

    # -- what would be lost --------------------------------------------------------------------

    def keep(self, latents: Sequence[Latent], document: Document) -> None:
        """They have been exported or saved, and so have mask and points of the document."""
        self._kept += latents
        self.keep_mask(document.mask)
        self._kept_targets.append(_targets(document))

    def keep_mask(self, mask: Mask | None) -> None:
        """It is in a file."""
        self._kept_masks.append(mask)

    @property
    def unsaved(self) -> str:
        """What would be lost, in words, as nobody has exported or saved it: an edit of this
        picture or of one before it, a painted mask, several points; «» where nothing would. A
        single pair of points is placed again in a moment."""
        document = self.session.snapshot().document
        if self._is_unsaved(document.latent):
            return "This edit"
        if any(map(self._is_unsaved, self.session.left)):
            return "An edit of an earlier picture"
        if not any(document.mask is kept for kept in (None, *self._kept_masks)):
            return "The mask"
        if len(document.pairs) > 1 and _targets(document) not in self._kept_targets:
            return f"These {len(document.pairs)} points"
        return ""

    @property
    def unsaved_here(self) -> bool:
        """Whether that is so of the picture that is there."""
        return self._is_unsaved(self.session.snapshot().document.latent)

    def _is_unsaved(self, latent: Latent) -> bool:
        made = latent.edited or isinstance(latent.origin, Photo)  # which took a search
        return made and not any(latent is kept for kept in self._kept)


def _targets(document: Document) -> frozenset[tuple[int, Point]]:
    """Where each pair is to go: handles follow the picture, targets are the person's."""
    return frozenset((pair.id, pair.target) for pair in document.pairs)
