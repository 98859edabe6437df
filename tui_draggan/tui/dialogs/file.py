"""A file to be read or written."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static, Switch

from tui_draggan.errors import DragganError, UsageError
from tui_draggan.paths import typed_path
from tui_draggan.tui.dialogs.dialog import ConfirmDialog, Dialog, ask
from tui_draggan.tui.widgets.path_input import PathInput
from tui_draggan.wording import printable


@dataclass(frozen=True)
class FileAnswer:
    """A file, and whether the switch beside it is on."""

    path: Path
    switched: bool = False


class FieldSwitch(Switch, inherit_bindings=False):
    """Space turns it; Enter confirms the dialog, as in every field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_switch", "turn", show=False, tooltip="Turn it", id="switch"),
    ]


class FileDialog(Dialog[FileAnswer]):
    """A line for a path, which completes. A file that would be replaced is asked about first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "confirm", "confirm", show=False, tooltip="Confirm", id="file-confirm"),
    ]

    def __init__(
        self,
        title: str,
        verb: str,
        value: str = "",
        note: str = "",
        check: Callable[[Path], object] | None = None,
        suffixes: Collection[str] = (),
        writes: bool = True,
        switch: str = "",
    ) -> None:
        """verb: on the button. check: raises DragganError for a file that will not do. suffixes: of
        the files that are offered; none: all. writes: the file is to be written. switch: what one
        beside the line says; «»: there is none."""
        super().__init__()
        self._title, self._verb, self._value, self._note = title, verb, value, note
        self._check, self._suffixes, self._writes = check, suffixes, writes
        self._switch = switch

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield PathInput(self._value, self._suffixes, id="answer")
            if self._switch:
                with Horizontal(id="choice"):
                    yield FieldSwitch(id="switch")
                    yield Static(self._switch, classes="note")
            yield Static(self._note, classes="note", markup=False)
            yield Static("", classes="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(self._verb, id="yes", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    async def action_confirm(self) -> None:
        """Leaves with what is typed; says what is wrong with it; asks before it is replaced."""
        try:
            answer = self._answer()
        except DragganError as error:
            self.show_problem(str(error))
            return
        # os.path.exists has no error for what may not be looked at; writing will name it.
        if not (self._writes and os.path.exists(answer.path)):  # noqa: PTH110
            self.dismiss(answer)
            return
        question = f"{printable(str(answer.path))} exists. Replace it?"
        dialog = ConfirmDialog("replace", question, yes="Replace", no="Back", enter="no")
        await ask(self.app, dialog, lambda agreed: self.dismiss(answer) if agreed else None)

    def _answer(self) -> FileAnswer:
        """Raises DragganError."""
        text = self.query_one(PathInput).value.strip()
        if not text:
            raise UsageError("type the name of a file")
        path = typed_path(text)
        if self._check is not None:
            self._check(path)
        return FileAnswer(path, any(one.value for one in self.query(FieldSwitch)))

    @on(Button.Pressed, "#no")
    def _cancel(self) -> None:
        self.action_leave()

    @on(Input.Changed)
    def _forgive(self) -> None:
        self.show_problem("")

    @on(PathInput.Ambiguous)
    def _list(self, event: PathInput.Ambiguous) -> None:
        self.show_hint("  ".join(event.names))
