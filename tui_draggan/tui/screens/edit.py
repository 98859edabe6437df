"""The editor's screen, complete: what asks first, and leaving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from textual import work
from textual.message import Message

from tui_draggan.edit.latent import Latent, Seed, reopened
from tui_draggan.edit.mask import load_mask
from tui_draggan.edit.parameters import MAX_SEED, PSI, SEED, parameter
from tui_draggan.edit.points import Point, check_inside, parse_pair, parse_point
from tui_draggan.edit.session import Session
from tui_draggan.errors import DragganError
from tui_draggan.files import check_writable, free_name
from tui_draggan.tui import pointer as hands
from tui_draggan.tui.pointer import MovePoint, NewPair
from tui_draggan.tui.screens.bench import Bench
from tui_draggan.tui.screens.choose import Choose
from tui_draggan.tui.screens.dialogs import Ask, Confirm, Dialog, ExportDialog
from tui_draggan.tui.screens.help import HelpScreen
from tui_draggan.tui.services import Choice, EditorOptions

T = TypeVar("T")


@dataclass
class AnotherModel(Message):
    """The person wants to edit with another model."""

    options: EditorOptions


class EditScreen(Bench):
    """The picture goes on changing behind a dialog."""

    _kept: Latent | None = None
    """The latent that was opened, exported or saved last."""

    def _open(self, session: Session) -> None:
        self._kept = session.document.latent
        super()._open(session)
        if self.options.origin:
            self.app.notify(self.options.origin, title="resumed", markup=False)

    async def _ask(
        self,
        dialog: Callable[[Session], Dialog[T]],
        take: Callable[[Session, T], object],
    ) -> None:
        """Opens a dialog about the session and has its answer, if there is one, taken.

        Returns when the dialog is there: the keys typed behind the one that opened it are its.
        """
        session = self.session
        if session is None:
            return

        def answered(answer: T | None) -> None:
            if answer is not None:
                take(session, answer)

        await self.app.push_screen(dialog(session), answered)

    async def action_coordinates(self) -> None:
        """x,y for the selected point or the crosshair; x,y:x,y for a new pair."""
        selected = self.hand.selected
        what = f"the selected {selected.end}" if selected else "the crosshair"

        def ask(session: Session) -> Ask:
            side = session.info.resolution
            note = f"x,y moves {what}; x,y:x,y adds a handle and its target. 0 to {side - 1}."
            return Ask("go to", note, check=lambda text: _coordinates(text, side))

        def take(session: Session, answer: str) -> None:
            first, second = _coordinates(answer, session.info.resolution)
            if second is not None:
                self._lay(replace(self.hand, cursor=second), NewPair(first, second))
            elif selected is not None:
                self._lay(replace(self.hand, cursor=first), MovePoint(selected, first))
            else:
                self._lay(hands.moved(self.hand, first, self._pairs))

        await self._ask(ask, take)

    async def action_parameter(self, name: str) -> None:
        """Asks for one parameter's value."""
        one = parameter(name)

        def ask(session: Session) -> Ask:
            return Ask(
                one.title,
                f"{one.description} {one.range}.",
                one.shown(getattr(session.document.parameters, name)),
                check=one.parse,
            )

        def take(session: Session, answer: str) -> None:
            value = one.parse(answer)
            changed = session.document.parameters.with_values(**{name: value})
            self._try(lambda: session.set_parameters(changed))
            self._say(f"{one.title} {one.shown(value)}")

        await self._ask(ask, take)

    async def action_seed_number(self) -> None:
        await self._ask(
            lambda session: Ask(
                "seed",
                f"The picture of a seed, 0 to {MAX_SEED}; undo brings this one back.",
                SEED.shown(_seed(session).seed),
                check=SEED.parse,
            ),
            lambda _, answer: self.open_seed(int(SEED.parse(answer) or 0)),
        )

    async def action_truncation(self) -> None:
        await self._ask(
            lambda session: Ask(
                "truncation ψ",
                "−2 to 2; opens the seed's picture anew, undo brings this one back.",
                PSI.shown(_seed(session).psi),
                check=PSI.parse,
            ),
            lambda _, answer: self.reopen(f"ψ {PSI.parse(answer):g}", psi=PSI.parse(answer)),
        )

    async def action_label(self) -> None:
        """Another class from the list."""

        def ask(session: Session) -> Choose:
            now = _seed(session).label
            return Choose(
                "class",
                [
                    Choice(str(i), name, "" if name == str(i) else str(i), current=i == now)
                    for i, name in enumerate(session.info.classes)
                ],
            )

        def take(session: Session, answer: str) -> None:
            label = int(answer)
            if label != _seed(session).label:
                self.reopen(f"class {session.info.classes[label]}", label=label)

        await self._ask(ask, take)

    async def action_load_mask(self) -> None:
        def ask(session: Session) -> Ask:
            side = session.info.resolution
            return Ask(
                "mask",
                "A picture: white may change, black and transparent stays. From the next run on.",
                check=lambda text: load_mask(Path(text).expanduser(), side),
            )

        def take(session: Session, answer: str) -> None:
            path, side = Path(answer).expanduser(), session.info.resolution

            def set_mask() -> None:
                loaded = load_mask(path, side)
                session.set_mask(loaded.mask)
                self._say(loaded.note)

            self._try(set_mask)

        await self._ask(ask, take)

    # -- files ---------------------------------------------------------------------------------

    async def action_export(self) -> None:
        """A picture or an animation to a file."""
        hooks, folder = self.options.hooks, self.options.export_folder
        export = hooks.export

        def ask(session: Session) -> ExportDialog:
            origin = session.document.latent.origin
            stem = str(origin.seed) if isinstance(origin, Seed) else Path(origin.file).stem
            name = f"{session.info.name}-{stem}.png"
            return ExportDialog(free_name(folder / name), hooks.check_export)

        if export is not None:
            await self._ask(
                ask,
                lambda session, request: self._write(session, lambda: export(session, request)),
            )

    async def action_save_session(self) -> None:
        """The whole edit to a file that can be opened again."""
        folder, save = self.options.export_folder, self.options.hooks.save_session

        def ask(session: Session) -> Ask:
            note = "The whole edit; tui-draggan --session FILE opens it again."
            path = free_name(folder / f"{session.info.name}.json")
            return Ask("save session", note, str(path), _check_file, select=False)

        if save is not None:
            await self._ask(
                ask,
                lambda session, answer: self._write(
                    session, lambda: save(session, Path(answer).expanduser())
                ),
            )

    @work(thread=True, exit_on_error=False)
    def _write(self, session: Session, write: Callable[[], str]) -> None:
        """In a thread of its own: an animation takes seconds."""
        latent = session.document.latent
        try:
            line = write()
        except DragganError as error:
            self._notify(str(error), error.title, "error")
        except Exception as error:
            self._notify(f"{type(error).__name__}: {error}", "output", "error")
        else:
            self._kept = latent
            self._notify(line, "written", "information")

    def _notify(self, words: str, title: str, severity: str) -> None:
        self.app.call_from_thread(
            self.app.notify,
            words,
            title=title,
            severity=severity,
            markup=False,
        )

    # -- leaving -------------------------------------------------------------------------------

    async def action_leave(self) -> None:
        await self._leave("quit", "Quit", lambda: self.app.exit(0))

    async def action_open_model(self) -> None:
        """Another model, in place of this one."""
        hooks = self.options.hooks
        models, open_model = hooks.models, hooks.open_model
        if models is None or open_model is None:
            return

        def change(model: str) -> None:
            try:
                self.post_message(AnotherModel(open_model(model)))
            except DragganError as error:
                self.app.notify(str(error), title=error.title, severity="error")

        def take(_: Session, model: str) -> None:
            self.call_next(self._leave, "open another model", "Open it", lambda: change(model))

        await self._ask(lambda _: Choose("open another model", models()), take)

    async def _leave(self, title: str, yes: str, leave: Callable[[], object]) -> None:
        """Asks only where an edit has been neither exported nor saved."""
        session = self.session
        latent = session.document.latent if session is not None else None
        if latent is None or not latent.edited or latent is self._kept:
            leave()
            return
        await self._ask(
            lambda _: Confirm(
                title,
                "The edit has not been exported. It is kept in the journal: "
                f"{self.options.hooks.resume} goes on with it.",
                yes=yes,
                no="Stay",
            ),
            lambda _, agreed: leave() if agreed else None,
        )

    # -- the rest ------------------------------------------------------------------------------

    async def action_help(self) -> None:
        await self.app.push_screen(HelpScreen())

    async def action_commands(self) -> None:
        await self.app.run_action("command_palette")


def _seed(session: Session) -> Seed:
    """The generated picture that is there or asked for."""
    return reopened(session.snapshot().origin, session.info)


def _coordinates(text: str, side: int) -> tuple[Point, Point | None]:
    """«x,y» or «x,y:x,y», inside the picture. Raises UsageError."""
    if ":" in text:
        first, second = parse_pair(text)
        return check_inside(first, side, "handle"), check_inside(second, side, "target")
    return check_inside(parse_point(text), side), None


def _check_file(text: str) -> None:
    """Raises OutputError for a file that could not be written."""
    check_writable(Path(text).expanduser())
