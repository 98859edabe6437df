"""The editor's screen, complete: what asks first, and leaving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual import work

from tui_draggan.drag.latent import Latent
from tui_draggan.drag.mask import load_mask
from tui_draggan.drag.params import MAX_SEED
from tui_draggan.drag.points import Point, check_inside, parse_pair, parse_point
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.files import check_writable
from tui_draggan.tui import hand as hands
from tui_draggan.tui import parameters
from tui_draggan.tui.hand import MovePoint, NewPair
from tui_draggan.tui.screens.bench import Bench
from tui_draggan.tui.screens.dialogs import Ask, Confirm, ExportDialog
from tui_draggan.tui.screens.help import HelpScreen


class EditScreen(Bench):
    """Dialogs wait in workers of their own, so the picture goes on changing behind them."""

    _kept: Latent | None = None
    """The latent that was exported or saved last."""

    @work
    async def action_coordinates(self) -> None:
        """x,y for the selected point or the crosshair; x,y:x,y for a new pair."""
        session, selected = self.session, self.hand.selected
        if session is None:
            return
        side = session.info.resolution
        what = f"the selected {selected.end}" if selected else "the crosshair"
        note = f"x,y moves {what}; x,y:x,y adds a handle and its target. 0 to {side - 1}."
        answer = await self.app.push_screen_wait(
            Ask("go to", note, check=lambda text: _coordinates(text, side))
        )
        if answer is None:
            return
        first, second = _coordinates(answer, side)
        if second is not None:
            self._lay(replace(self.hand, cursor=second), NewPair(first, second))
        elif selected is not None:
            self._lay(replace(self.hand, cursor=first), MovePoint(selected, first))
        else:
            self._lay(hands.moved(self.hand, first, self._pairs))

    @work
    async def action_parameter(self, name: str) -> None:
        """Asks for one parameter's value."""
        session = self.session
        if session is None:
            return
        parameter = next(one for one in parameters.PARAMETERS if one.name == name)
        answer = await self.app.push_screen_wait(
            Ask(
                parameter.title,
                f"{parameter.note} {parameters.range_of(name)}.",
                parameters.shown(session.params, name),
                check=lambda text: parameters.changed(session.params, name, text),
            )
        )
        if answer is not None:
            self._try(lambda: session.set_params(parameters.changed(session.params, name, answer)))
            self._say(f"{parameter.title} {parameters.shown(session.params, name)}")

    @work
    async def action_seed_number(self) -> None:
        session = self.session
        if session is None:
            return
        check = session.params.with_values
        answer = await self.app.push_screen_wait(
            Ask(
                "seed",
                f"The picture of a seed, 0 to {MAX_SEED}; undo brings this one back.",
                str(session.params.seed),
                check=lambda text: check(seed=_whole(text)),
            )
        )
        if answer is not None:
            self.open_seed(_whole(answer))

    @work
    async def action_truncation(self) -> None:
        session = self.session
        if session is None:
            return
        check = session.params.with_values
        answer = await self.app.push_screen_wait(
            Ask(
                "truncation ψ",
                "−2 to 2; opens the seed's picture anew, undo brings this one back.",
                f"{session.params.psi:g}",
                check=lambda text: check(psi=_number(text)),
            )
        )
        if answer is not None:
            psi = _number(answer)
            self.let_go()
            self._try(lambda: session.open_seed(session.params.seed, psi))

    @work
    async def action_load_mask(self) -> None:
        session = self.session
        if session is None:
            return
        side = session.info.resolution
        answer = await self.app.push_screen_wait(
            Ask(
                "mask",
                f"A picture of {side}×{side}: white may change, black stays. From the next run on.",
                check=lambda text: load_mask(Path(text).expanduser(), side),
            )
        )
        if answer is not None:
            self._try(lambda: session.set_mask(load_mask(Path(answer).expanduser(), side)))

    # -- files ---------------------------------------------------------------------------------

    @work
    async def action_export(self) -> None:
        """A picture or an animation to a file."""
        session, export = self.session, self.options.hooks.export
        if session is None or export is None:
            return
        seed = session.document.latent.seed
        name = f"{session.info.name}-{seed if seed is not None else 'edit'}.png"
        request = await self.app.push_screen_wait(
            ExportDialog(self.options.export_folder / name, self.options.hooks.check_export)
        )
        if request is not None:
            self._write(lambda: export(session, request))

    @work
    async def action_save_session(self) -> None:
        """The whole edit to a file that can be opened again."""
        session, save = self.session, self.options.hooks.save_session
        if session is None or save is None:
            return
        name = f"{session.info.name}.json"
        note = "The whole edit; tui-draggan --session FILE opens it again."
        answer = await self.app.push_screen_wait(
            Ask("save session", note, str(self.options.export_folder / name), _check_file, False)
        )
        if answer:
            self._write(lambda: save(session, Path(answer).expanduser()))

    @work(thread=True, exit_on_error=False)
    def _write(self, write: Callable[[], str]) -> None:
        """In a thread of its own: an animation takes seconds."""
        session = self.session
        assert session is not None
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

    # -- the rest ------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    def action_commands(self) -> None:
        self.app.action_command_palette()

    @work
    async def action_leave(self) -> None:
        """Asks only where an edit has been neither exported nor saved."""
        session = self.session
        latent = session.document.latent if session is not None else None
        if latent is not None and latent.edited and latent is not self._kept:
            leave = await self.app.push_screen_wait(
                Confirm(
                    "quit",
                    "The edit has not been exported. It is kept in the journal: "
                    "tui-draggan --resume goes on with it.",
                    yes="Quit",
                    no="Stay",
                )
            )
            if not leave:
                return
        self.app.exit(0)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"«{text}» is not a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        raise UsageError(f"«{text}» is not a number") from None


def _coordinates(text: str, side: int) -> tuple[Point, Point | None]:
    """«x,y» or «x,y:x,y», inside the picture. Raises UsageError."""
    if ":" in text:
        first, second = parse_pair(text)
        return check_inside(first, side, "handle"), check_inside(second, side, "target")
    return check_inside(parse_point(text), side), None


def _check_file(text: str) -> None:
    """Raises OutputError for a file that could not be written."""
    check_writable(Path(text).expanduser())
