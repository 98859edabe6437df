"""The dialogs that ask for something, each with what is done with the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from textual.screen import Screen

from tui_draggan.directions.store import checked_name
from tui_draggan.edit.mask import load_mask
from tui_draggan.edit.mixing import Mixable, called
from tui_draggan.edit.parameters import (
    PARAMETERS,
    PSI,
    SEED,
    DragParams,
    Parameter,
    model_params,
    parameter,
)
from tui_draggan.edit.points import Point, check_inside, parse_pair, parse_point
from tui_draggan.errors import DragganError
from tui_draggan.paths import typed_path
from tui_draggan.pictures.reading import SUFFIXES
from tui_draggan.size import Size
from tui_draggan.tui.copying import texts
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import ConfirmDialog, Dialog, LineDialog, ask
from tui_draggan.tui.dialogs.file import FileDialog
from tui_draggan.tui.dialogs.resume import ResumeDialog
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.messages import AnotherModel
from tui_draggan.tui.saving import Saving
from tui_draggan.tui.services import Choice, EditorOptions, Services, SnapshotPicture
from tui_draggan.tui.sliders import SliderMode
from tui_draggan.wording import printable

T = TypeVar("T")

MARK = "mark "
"""Beginning of the value of a line that stands for a marked picture; its number follows."""
RESET = "reset"
"""Value of the line that sets all parameters to their defaults."""
LONGEST_TITLE = max(len(one.title) for one in PARAMETERS)


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
        await ask(self._screen.app, dialog, take)

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

    async def parameter(self, name: str, then: Callable[[], object] = lambda: None) -> None:
        """One parameter's value; `then`: what comes after it."""
        one = parameter(name)
        value = getattr(self._editor.snapshot.document.parameters, name)
        dialog = LineDialog(
            one.title, f"{one.description} {one.range}.", one.shown(value), check=one.parse
        )

        def take(answer: str) -> None:
            self._editor.set_parameter(name, answer)
            then()

        await self._ask(dialog, take)

    async def parameters(self) -> None:
        """All of them on one page, which one comes back to after each."""
        snapshot = self._editor.snapshot
        now, own = snapshot.document.parameters, model_params(snapshot.info)

        def take(name: str) -> None:
            if name == RESET:
                self._editor.reset_parameters()
                return
            self._screen.call_next(
                self.parameter, name, lambda: self._screen.call_next(self.parameters)
            )

        choices = [
            Choice(
                one.name,
                f"{one.title:<{LONGEST_TITLE}}  {one.shown(getattr(now, one.name)):>8}",
                f"{_default(one, own)} · {one.range}",
                current=getattr(now, one.name) != getattr(own, one.name),
            )
            for one in PARAMETERS
        ]
        choices.append(Choice(RESET, "Set all to the defaults", "what the model recommends"))
        dialog = ChoiceDialog("parameters", choices, "● differs from the default; type to search")
        await self._ask(dialog, take)

    # -- sliders -------------------------------------------------------------------------------

    async def slider(self) -> None:
        """The chosen slider's value, and its rows."""
        sliders = self._sliders
        value = sliders.typed()
        if value:
            note = "σ, then if you like the rows of w+: all, shape, colour, or 3-5."
            await self._ask(LineDialog("slider", note, value, check=sliders.check), sliders.set)

    async def towards(self, marked: Sequence[tuple[str, Mixable]]) -> None:
        """A picture that a new slider leads to: a seed, or a marked one. marked: names and
        pictures."""
        seed = self._editor.seed

        def take(answer: str) -> None:
            if _is_seed(answer):
                other = replace(seed, seed=int(SEED.parse(answer) or 0))
                self._sliders.add_towards(other, called(other, self._editor.snapshot.info))
            else:
                name, picture = marked[int(answer.removeprefix(MARK))]
                self._sliders.add_towards(picture, name)

        choices = [
            Choice(f"{MARK}{number}", name, "marked") for number, (name, _) in enumerate(marked)
        ]
        hint = "a seed's number" + (", or choose a marked picture" if marked else "")
        await self._ask(ChoiceDialog("slider towards", choices, hint, _is_seed), take)

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
            lambda answer: self.then_another_picture(
                lambda editor: editor.open_seed(int(SEED.parse(answer) or 0))
            ),
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
            lambda answer: self.then_another_picture(
                lambda editor: editor.open_psi(float(PSI.parse(answer) or 0))
            ),
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
                self.then_another_picture(lambda editor: editor.open_class(int(answer)))

        await self._ask(ChoiceDialog("class", choices), take)

    async def mask(self) -> None:
        """A picture that says where the other may change."""
        size = self._editor.snapshot.info.size
        await self._ask(
            FileDialog(
                "mask",
                "Load",
                note="A picture: white may change, black and transparent stay.",
                check=lambda path: load_mask(path, size),
                suffixes=SUFFIXES,
                writes=False,
            ),
            lambda answer: self._editor.load_mask(answer.path),
        )

    # -- the clipboard -------------------------------------------------------------------------

    async def copy(self, saving: Saving) -> None:
        """The command, the coordinates or the written path, to the clipboard."""
        found = {one.name: one for one in texts(self._editor, saving, self._services)}

        def take(name: str) -> None:
            self._screen.app.copy_to_clipboard(found[name].text)
            self._editor.notice = f"copied: {printable(found[name].text)}"
            self._editor.refresh()

        await self._ask(ChoiceDialog("copy", [one.choice for one in found.values()]), take)

    # -- leaving -------------------------------------------------------------------------------

    async def leave(self) -> None:
        """Out of the program."""
        await self._leave("quit", "Quit", lambda: self._screen.app.exit(0))

    async def another_picture(self, do: Callable[[Editor], object]) -> None:
        """Opens another picture of the model; asks first where an edit of this one would be left
        behind."""
        editor = self._editor
        if not editor.unsaved_here:
            do(editor)
            return
        words = "This edit has been neither exported nor saved. Undo brings it back."
        dialog = ConfirmDialog("another picture", words, yes="Open it", no="Stay")
        await self._ask(dialog, lambda agreed: do(editor) if agreed else None)

    def then_another_picture(self, do: Callable[[Editor], object]) -> None:
        """The same as an answer to a dialog, once that has gone."""
        self._screen.call_next(self.another_picture, do)

    async def another_model(self) -> None:
        """Another model, in place of this one."""
        models, open_model = self._services.models, self._services.open_model
        if models is None or open_model is None:
            return

        def take(model: str) -> None:
            leave = ("open another model", "Open it", lambda: self._change(open_model, model))
            self._screen.call_next(self._leave, *leave)  # once the list has gone

        hint = "type to search, or the path of a model's folder"
        dialog = ChoiceDialog("open another model", models(), hint, _is_folder)
        await self._ask(dialog, take)

    def then_snapshot(self, picture: SnapshotPicture) -> None:
        """Another snapshot of the model's training run, in place of this one."""
        open_snapshot = self._services.open_snapshot
        if open_snapshot is not None:
            leave = ("open another snapshot", "Open it", lambda: self._read(open_snapshot, picture))
            self._screen.call_next(self._leave, *leave)

    def _read(
        self, open_snapshot: Callable[[SnapshotPicture], EditorOptions], picture: SnapshotPicture
    ) -> None:
        """Weights take seconds to be read: in a thread of its own, said meanwhile."""

        async def read() -> None:
            self._editor.say(f"reading {printable(picture.file.name)} …")
            try:
                options = await asyncio.to_thread(open_snapshot, picture)
            except DragganError as error:
                self._screen.app.notify(
                    str(error), title=error.title, severity="error", markup=False
                )
                self._editor.say("")
            else:
                self._screen.post_message(AnotherModel(options))

        self._screen.run_worker(read(), exclusive=True)

    async def another_edit(self) -> None:
        """One of the edits that can be resumed, in place of the newest, which is open."""
        open_edit, edits = self._services.open_edit, self._options.edits
        if open_edit is None:
            return
        newest = [edit.value for edit in edits if edit.current]

        def take(edit: str) -> None:
            if edit not in newest:
                self._change(open_edit, edit)

        dialog = ResumeDialog(edits, self._services.latent_of_edit, self._editor.session.want)
        await self._ask(dialog, take)

    def _change(self, open_another: Callable[[str], EditorOptions], name: str) -> None:
        try:
            self._screen.post_message(AnotherModel(open_another(name)))
        except DragganError as error:
            self._screen.app.notify(str(error), title=error.title, severity="error", markup=False)

    async def _leave(self, title: str, yes: str, leave: Callable[[], object]) -> None:
        """Asks only where something has been neither exported nor saved."""
        what = self._editor.unsaved
        if not what:
            leave()
            return
        has, it = ("have", "them") if what.endswith("s") else ("has", "it")
        question = (
            f"{what} {has} been neither exported nor saved. The journal keeps {it}; to resume: "
            f"{self._services.resume}"
        )
        await self._ask(
            ConfirmDialog(title, question, yes=yes, no="Stay"),
            lambda agreed: leave() if agreed else None,
        )


def _default(one: Parameter, own: DragParams) -> str:
    return f"default {one.shown(getattr(own, one.name))}"


def _is_folder(text: str) -> bool:
    """Whether it is the path of a folder rather than the beginning of a name."""
    try:
        return ("/" in text or text.startswith("~")) and typed_path(text).is_dir()
    except (DragganError, OSError):
        return False


def _is_seed(text: str) -> bool:
    """Whether it is the number of one."""
    try:
        return SEED.parse(text) is not None
    except DragganError:
        return False


def _coordinates(text: str, size: Size) -> tuple[Point, Point | None]:
    """«x,y» or «x,y:x,y», inside the picture. Raises UsageError."""
    if ":" in text:
        first, second = parse_pair(text)
        return check_inside(first, size, "handle"), check_inside(second, size, "target")
    return check_inside(parse_point(text), size), None
