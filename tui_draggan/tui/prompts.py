"""The dialogs that ask for something, each with what is done with the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from textual.screen import Screen

from tui_draggan.directions.store import checked_name
from tui_draggan.edit.latent import Seed
from tui_draggan.edit.mask import load_mask, save_mask
from tui_draggan.edit.parameters import PSI, SEED, parameter
from tui_draggan.edit.points import Point, check_inside, parse_pair, parse_point
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import DragganError
from tui_draggan.files import check_writable, free_name
from tui_draggan.paths import typed_path
from tui_draggan.pictures.png import check_png
from tui_draggan.size import Size
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import ConfirmDialog, Dialog, LineDialog
from tui_draggan.tui.dialogs.export import ExportDialog
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.messages import AnotherModel
from tui_draggan.tui.services import Choice, EditorOptions, Services
from tui_draggan.tui.sliders import SliderMode
from tui_draggan.wording import printable

T = TypeVar("T")


class Prompts:
    """One method for each thing there is to ask.

    Each returns when its dialog is there: the keys typed behind the one that opened it are the
    dialog's. The picture goes on changing behind it.
    """

    def __init__(
        self, screen: Screen[Any], editor: Editor, sliders: SliderMode, options: EditorOptions
    ) -> None:
        """screen: the one the dialogs lie over."""
        self._screen, self._editor, self._options = screen, editor, options
        self._sliders = sliders

    async def _ask(self, dialog: Dialog[T], take: Callable[[T], object]) -> None:
        def answered(answer: T | None) -> None:
            if answer is not None:
                take(answer)

        await self._screen.app.push_screen(dialog, answered)

    @property
    def _services(self) -> Services:
        return self._options.services

    # -- points --------------------------------------------------------------------------------

    async def coordinates(self) -> None:
        """x,y for the selected point or the crosshair; x,y:x,y for a new pair."""
        editor = self._editor
        selected, size = editor.pointer.selected, editor.snapshot.info.size
        what = f"the selected {selected.end}" if selected else "the crosshair"
        ranges = f"0 to {size.width - 1}"
        if size.height != size.width:
            ranges = f"x {ranges}, y 0 to {size.height - 1}"
        note = f"x,y moves {what}; x,y:x,y adds a handle and its target. {ranges}."
        await self._ask(
            LineDialog("go to", note, check=lambda text: _coordinates(text, size)),
            lambda answer: editor.go_to(*_coordinates(answer, size)),
        )

    # -- parameters ----------------------------------------------------------------------------

    async def parameter(self, name: str) -> None:
        """One parameter's value."""
        one = parameter(name)
        value = getattr(self._editor.snapshot.document.parameters, name)
        await self._ask(
            LineDialog(
                one.title, f"{one.description} {one.range}.", one.shown(value), check=one.parse
            ),
            lambda answer: self._editor.set_parameter(name, answer),
        )

    # -- sliders -------------------------------------------------------------------------------

    async def slider(self) -> None:
        """The chosen slider's value, and its rows."""
        sliders = self._sliders
        value = sliders.typed()
        if value:
            note = "σ, then if you like the rows of w+: all, shape, colour, or 3-5."
            await self._ask(LineDialog("slider", note, value, check=sliders.check), sliders.set)

    async def name_direction(self) -> None:
        """A name for the chosen direction."""
        sliders = self._sliders
        if sliders.chosen_name:
            await self._ask(
                LineDialog(
                    "name of the direction",
                    "Kept for every picture of this model.",
                    sliders.chosen_name,
                    check=checked_name,
                ),
                sliders.rename,
            )

    # -- the picture ---------------------------------------------------------------------------

    async def seed(self) -> None:
        """Another seed, by its number."""
        await self._ask(
            LineDialog(
                "seed",
                f"Opens the picture of a seed, {SEED.range}; undo returns to this one.",
                SEED.shown(self._editor.seed.seed),
                check=SEED.parse,
            ),
            lambda answer: self._editor.open_seed(int(SEED.parse(answer) or 0)),
        )

    async def truncation(self) -> None:
        """Another truncation ψ of the same seed."""
        await self._ask(
            LineDialog(
                "truncation ψ",
                f"{PSI.range}; opens the seed's picture again, undo returns to this one.",
                PSI.shown(self._editor.seed.psi),
                check=PSI.parse,
            ),
            lambda answer: self._editor.open_psi(float(PSI.parse(answer) or 0)),
        )

    async def class_from_list(self) -> None:
        """Another class of the same seed."""
        now = self._editor.seed.label
        choices = [
            Choice(str(i), name, "" if name == str(i) else str(i), current=i == now)
            for i, name in enumerate(self._editor.snapshot.info.classes)
        ]

        def take(answer: str) -> None:
            if int(answer) != now:
                self._editor.open_class(int(answer))

        await self._ask(ChoiceDialog("class", choices), take)

    async def mask(self) -> None:
        """A picture that says where the other may change."""
        size = self._editor.snapshot.info.size
        await self._ask(
            LineDialog(
                "mask",
                "A picture: white may change, black and transparent stay. From the next run on.",
                check=lambda text: load_mask(typed_path(text), size),
            ),
            lambda answer: self._editor.load_mask(typed_path(answer)),
        )

    async def save_mask(self) -> None:
        """The mask to a picture."""
        editor = self._editor
        mask = editor.snapshot.document.mask
        if mask is None:
            return
        path = free_name(self._options.export_folder / f"{editor.snapshot.info.name}-mask.png")

        def save(answer: str) -> None:
            file = typed_path(answer)
            editor.attempt(lambda: save_mask(file, mask), f"written: {file}")

        await self._ask(
            LineDialog(
                "save the mask",
                "White may change, black stays.",
                str(path),
                check=lambda text: check_png(typed_path(text)),
                select=False,
            ),
            save,
        )

    # -- files ---------------------------------------------------------------------------------

    async def export(self) -> None:
        """A picture or an animation to a file."""
        services, editor = self._services, self._editor
        export = services.export
        if export is None:
            return
        origin = editor.snapshot.document.latent.origin
        stem = str(origin.seed) if isinstance(origin, Seed) else Path(origin.file).stem
        path = self._options.export_folder / f"{editor.snapshot.info.name}-{stem}.png"
        await self._ask(
            ExportDialog(free_name(path), services.check_export),
            lambda request: self._write(
                lambda now: export(now, request),
                lambda: editor.session.pictured(every_step=request.path.suffix.lower() != ".png"),
            ),
        )

    async def save_session(self) -> None:
        """The whole edit to a file that can be opened again."""
        editor = self._editor
        save = self._services.save_session
        if save is None:
            return
        path = free_name(self._options.export_folder / f"{editor.snapshot.info.name}.json")
        await self._ask(
            LineDialog(
                "save session",
                "Saves the whole edit; tui-draggan --session FILE opens it again.",
                str(path),
                check=lambda text: check_writable(typed_path(text)),
                select=False,
            ),
            lambda answer: self._write(
                lambda now: save(now, typed_path(answer)), editor.session.snapshot
            ),
        )

    def _write(self, write: Callable[[Snapshot], str], now: Callable[[], Snapshot]) -> None:
        """Writes the session as it is `now`, in a thread of its own: an animation takes seconds,
        and pictures of steps that nobody saw have to be made first."""
        editor = self._editor

        def work() -> None:
            try:
                snapshot = now()
                line = write(snapshot)
            except DragganError as error:
                self._notify(str(error), error.title, "error")
            except Exception as error:
                self._notify(f"{type(error).__name__}: {error}", "output", "error")
            else:
                editor.keep(snapshot.document.latent)
                self._notify(line, "written", "information")

        self._screen.run_worker(work, thread=True, exit_on_error=False)

    def _notify(self, words: str, title: str, severity: Literal["information", "error"]) -> None:
        app = self._screen.app
        app.call_from_thread(
            app.notify, printable(words), title=title, severity=severity, markup=False
        )

    # -- leaving -------------------------------------------------------------------------------

    async def leave(self) -> None:
        """Out of the program."""
        await self._leave("quit", "Quit", lambda: self._screen.app.exit(0))

    async def another_model(self) -> None:
        """Another model, in place of this one."""
        models, open_model = self._services.models, self._services.open_model
        if models is None or open_model is None:
            return

        def change(model: str) -> None:
            try:
                self._screen.post_message(AnotherModel(open_model(model)))
            except DragganError as error:
                self._screen.app.notify(
                    str(error), title=error.title, severity="error", markup=False
                )

        def take(model: str) -> None:
            leave = ("open another model", "Open it", lambda: change(model))
            self._screen.call_next(self._leave, *leave)

        hint = "type to search, or the path of a model's folder"
        dialog = ChoiceDialog("open another model", models(), hint, _is_folder)
        await self._ask(dialog, take)

    async def _leave(self, title: str, yes: str, leave: Callable[[], object]) -> None:
        """Asks only where an edit has been neither exported nor saved."""
        if not self._editor.unsaved:
            leave()
            return
        question = (
            "The edit has not been exported. The journal keeps it; to resume: "
            f"{self._services.resume}"
        )
        await self._ask(
            ConfirmDialog(title, question, yes=yes, no="Stay"),
            lambda agreed: leave() if agreed else None,
        )


def _is_folder(text: str) -> bool:
    """Whether it is the path of a folder rather than the beginning of a name."""
    try:
        return ("/" in text or text.startswith("~")) and typed_path(text).is_dir()
    except (DragganError, OSError):
        return False


def _coordinates(text: str, size: Size) -> tuple[Point, Point | None]:
    """«x,y» or «x,y:x,y», inside the picture. Raises UsageError."""
    if ":" in text:
        first, second = parse_pair(text)
        return check_inside(first, size, "handle"), check_inside(second, size, "target")
    return check_inside(parse_point(text), size), None
