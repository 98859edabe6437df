"""A list to choose from: models, classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_draggan.tui.dialogs.dialog import Dialog
from tui_draggan.tui.services import Choice
from tui_draggan.tui.workarounds import move_in_list

CURRENT = "●"
LONGEST_TITLE = 40
"""Cells of a title; the note stands beside it."""


class ChoiceDialog(Dialog[str]):
    """Typing narrows the list, arrows walk it, Enter takes a line: its `Choice.value`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"move('{action}')", action, show=False, tooltip=words, id=f"choose-{key}")
        for key, action, words in (
            ("up", "cursor_up", "The line above"),
            ("down", "cursor_down", "The line below"),
            ("pageup", "page_up", "A page up"),
            ("pagedown", "page_down", "A page down"),
        )
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        hint: str = "type to search",
        other: Callable[[str], bool] | None = None,
    ) -> None:
        """hint: what the empty line says. other: whether what is typed is an answer by itself,
        whatever the list has."""
        super().__init__()
        self._hint, self._other = hint, other
        self._title = title
        self._choices = {choice.value: choice for choice in choices}
        longest = max((cell_len(choice.title) for choice in choices), default=0)
        self._column = min(longest, LONGEST_TITLE)

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Input(placeholder=self._hint, id="answer")
            lines = OptionList(id="choices", compact=True)
            lines.can_focus = False  # the keys are the input's
            yield lines
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self._list(list(self._choices.values()))

    @on(Input.Changed)
    def _find(self, event: Input.Changed) -> None:
        wanted = event.value.strip().casefold()
        found = [
            choice
            for choice in self._choices.values()
            if wanted in choice.title.casefold() or wanted == choice.value
        ]
        found.sort(key=lambda choice: not choice.title.casefold().startswith(wanted))
        self._list(found)
        found_one = found or self._stands_alone(event.value)
        self.show_problem("" if found_one else "no match")

    def _stands_alone(self, text: str) -> bool:
        return self._other is not None and self._other(text.strip())

    @on(Input.Submitted)
    def _take_highlighted(self, event: Input.Submitted) -> None:
        if self._stands_alone(event.value):
            self.dismiss(event.value.strip())
            return
        for lines in self.query(OptionList):
            if lines.highlighted_option is not None:
                self._take(self._choices[str(lines.highlighted_option.id)])

    @on(OptionList.OptionSelected)
    def _take_clicked(self, event: OptionList.OptionSelected) -> None:
        self._take(self._choices[str(event.option_id)])

    def _take(self, choice: Choice) -> None:
        if choice.problem:
            self.show_problem(choice.problem)
        else:
            self.dismiss(choice.value)

    @on(OptionList.OptionHighlighted)
    def _look(self, event: OptionList.OptionHighlighted) -> None:
        self.show_problem(self._choices[str(event.option_id)].problem)

    def action_move(self, action: str) -> None:
        for lines in self.query(OptionList):
            move_in_list(lines, action)

    def _list(self, choices: Sequence[Choice]) -> None:
        """Shows them; nowhere, once the dialog is being taken away."""
        for lines in self.query(OptionList):
            lines.set_options(Option(self._line(choice), choice.value) for choice in choices)
            current = [i for i, one in enumerate(choices) if one.current]
            lines.highlighted = current[0] if len(current) == 1 else 0

    def _line(self, choice: Choice) -> Content:
        mark = CURRENT if choice.current else " "
        title = set_cell_size(choice.title, self._column)
        muted = "$foreground-muted"
        return Content.assemble(
            (f"{mark} ", "$accent"),
            (title, muted if choice.problem else ""),
            (f"  {choice.note}", muted),
        )
