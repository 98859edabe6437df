"""Small dialogs: a line to type, a question, an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static, Switch

from tui_draggan.errors import DragganError
from tui_draggan.tui.services import ExportRequest

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """A box over the editor; Escape leaves it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", tooltip="Leave without a change", id="dialog-back"),
    ]

    def action_leave(self) -> None:
        self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Once: a second Enter in the same burst must not take the editor's screen away too."""
        return super().dismiss(result) if self.is_active else AwaitComplete.nothing()


class Ask(Dialog[str]):
    """One line of text. `check` raises DragganError for what cannot be meant."""

    def __init__(
        self,
        title: str,
        note: str,
        value: str = "",
        check: Callable[[str], object] | None = None,
        select: bool = True,
    ) -> None:
        super().__init__()
        self._title, self._note, self._value = title, note, value
        self._check, self._select = check, select

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Input(self._value, id="answer", select_on_focus=self._select)
            yield Static(self._note, classes="note", markup=False)
            yield Static("", classes="problem", markup=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            if self._check is not None:
                self._check(event.value)
        except DragganError as error:
            self.query_one(".problem", Static).update(str(error))
        else:
            self.dismiss(event.value)

    @on(Input.Changed)
    def _forgive(self) -> None:
        self.query_one(".problem", Static).update("")


class Confirm(Dialog[bool]):
    """A question with a default that Enter takes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", tooltip="Yes", id="dialog-yes"),
        Binding("n", "answer(False)", "no", tooltip="No", id="dialog-no"),
    ]

    def __init__(self, title: str, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._question, self._yes, self._no = title, question, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Static(self._question, markup=False)
            with Horizontal(id="buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#yes", Button))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class ExportDialog(Dialog[ExportRequest]):
    """Where to write, and whether with the points drawn in."""

    def __init__(self, path: Path, check: Callable[[Path], None] | None = None) -> None:
        """check: raises DragganError for a file that could not be written."""
        super().__init__()
        self._path, self._check = path, check

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "export"
            yield Input(str(self._path), id="answer", select_on_focus=False)
            with Horizontal(id="choice"):
                yield Switch(id="markers")
                yield Static("with markers", classes="note")
            yield Static(
                ".png: the picture   .gif .webp .mp4: all steps of the last run",
                classes="note",
                markup=False,
            )
            yield Static("", classes="problem", markup=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not text:
            self.query_one(".problem", Static).update("type a file to write")
            return
        path = Path(text).expanduser()
        try:
            if self._check is not None:
                self._check(path)
        except DragganError as error:
            self.query_one(".problem", Static).update(str(error))
        else:
            self.dismiss(ExportRequest(path, self.query_one("#markers", Switch).value))
