"""What all dialogs have in common, and the two plain ones: a line to type, a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, Literal, TypeVar

from rich.console import RenderableType
from textual import on
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.visual import Visual
from textual.widgets import Button, Input, Static

from tui_draggan.errors import DragganError
from tui_draggan.tui.workarounds import dimmed_once

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """A box over the editor; Escape leaves it without an answer."""

    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", tooltip="Leave without a change", id="dialog-back"),
    ]

    def render(self) -> RenderableType | Visual:  # type: ignore[override]
        return dimmed_once(super().render())

    def action_leave(self) -> None:
        self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Only once: a second Enter in the same burst must not close the editor's screen too."""
        return super().dismiss(result) if self.is_active else AwaitComplete.nothing()

    def answer(self, answer: Callable[[], T]) -> None:
        """Leaves with that answer, or says what is wrong with it where it raises DragganError."""
        try:
            self.dismiss(answer())
        except DragganError as error:
            self.show_problem(str(error))

    def show_problem(self, words: str) -> None:
        """In the line that a dialog has for it; what was typed into it may be looked at when it is
        being taken away already."""
        self._say(words, hint=False)

    def show_hint(self, words: str) -> None:
        """In the same line, as what helps."""
        self._say(words, hint=True)

    def _say(self, words: str, hint: bool) -> None:
        for line in self.query(".problem").results(Static):
            line.set_class(hint, "-hint")
            line.update(words)


async def ask(app: App[Any], dialog: Dialog[T], take: Callable[[T], object]) -> None:
    """Shows it, and returns when it is there: the keys typed behind the one that opened it are the
    dialog's. `take` gets the answer, if there is one."""

    def answered(answer: T | None) -> None:
        if answer is not None:
            take(answer)

    await app.push_screen(dialog, answered)


class LineDialog(Dialog[str]):
    """Asks for a line of text."""

    def __init__(
        self,
        title: str,
        note: str,
        value: str = "",
        check: Callable[[str], object] | None = None,
        select: bool = True,
    ) -> None:
        """check: raises DragganError for what is no answer. select: typing replaces `value`."""
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
        def line() -> str:
            if self._check is not None:
                self._check(event.value)
            return event.value

        self.answer(line)

    @on(Input.Changed)
    def _forgive(self) -> None:
        self.show_problem("")


class ConfirmDialog(Dialog[bool]):
    """Asks a question to be answered by yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", tooltip="Yes", id="dialog-yes"),
        Binding("n", "answer(False)", "no", tooltip="No", id="dialog-no"),
    ]

    def __init__(
        self, title: str, question: str, yes: str, no: str, enter: Literal["yes", "no"] = "yes"
    ) -> None:
        """enter: the answer that Enter gives."""
        super().__init__()
        self._title, self._question, self._yes, self._no = title, question, yes, no
        self._enter = enter

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Static(self._question, markup=False)
            with Horizontal(id="buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(f"#{self._enter}", Button))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
