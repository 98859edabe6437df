"""All keys on one page."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui_draggan.tui.keys import GROUPS
from tui_draggan.tui.screens.dialogs import Dialog

MOUSE = (
    ("press, drag, release", "A handle where you press, its target where you release"),
    ("press on a point", "Move it"),
    ("click", "Select a point, or move the crosshair"),
    ("wheel", "Zoom at the pointer"),
)
NAMES = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "enter": "↵",
    "escape": "esc",
    "tab": "⇥",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "colon": ": ^p",
    "question_mark": "?",
    "ctrl+r": "^r",
}


class HelpScreen(Dialog[None]):
    """Every key with what it does, by subject."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q", "leave", "back", tooltip="Back", id="help-back"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box") as box:
            box.border_title = "keys"
            box.border_subtitle = "esc: back"
            yield Static(self.table())

    def table(self) -> Table:
        """Keys and what they do."""
        accent = self.app.theme_variables.get("accent", "")
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=9)
        table.add_column(ratio=1)
        for title, bindings in GROUPS:
            table.add_row(Text(title, style=f"bold {accent}".strip()))
            for binding in bindings:
                table.add_row(f"  {key_names(binding)}", binding.tooltip)
            table.add_row()
        table.add_row(Text("mouse", style=f"bold {accent}".strip()))
        for gesture, words in MOUSE:
            table.add_row(f"  {gesture}", words)
        return table


def key_names(binding: Binding) -> str:
    """«x, delete» as a person reads it."""
    names = []
    for key in binding.key.split(","):
        shifted = key.startswith("shift+")
        plain = key.removeprefix("shift+")
        names.append(("⇧" if shifted else "") + NAMES.get(plain, plain))
    return " ".join(names)
