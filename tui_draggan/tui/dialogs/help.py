"""All keys on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui_draggan.tui.dialogs.dialog import Dialog
from tui_draggan.tui.keys.table import GROUPS

MOUSE = (
    ("press, drag, release", "Set a handle where you press, its target where you release"),
    ("drag a point", "Move it"),
    ("click", "Select a point, or move the crosshair"),
    ("wheel", "Zoom at the pointer"),
)


Subject = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and keys or gestures with what they do."""


class HelpDialog(Dialog[None]):
    """Every key with what it does, by subject."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,f1", "leave", "back", tooltip="Back", id="help-back"),
        Binding("j,down", "scroll('down')", "down", tooltip="Down", id="help-down"),
        Binding("k,up", "scroll('up')", "up", tooltip="Up", id="help-up"),
        Binding("space,pagedown", "scroll('page_down')", "on", tooltip="On", id="help-on"),
        Binding("b,pageup", "scroll('page_up')", "back", tooltip="Back", id="help-back-page"),
        Binding("g,home", "scroll('home')", "start", tooltip="Start", id="help-start"),
        Binding("G,end", "scroll('end')", "end", tooltip="End", id="help-end"),
    ]

    def __init__(self, subjects: Sequence[Subject]) -> None:
        super().__init__()
        self._subjects = subjects

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box") as box:
            box.border_title = "keys"
            box.border_subtitle = "j k space: scroll   esc: back"
            box.can_focus = False  # the keys are the dialog's
            yield Static(self.table())

    def action_scroll(self, way: str) -> None:
        """way: «down», «page_up» and so on."""
        box = self.query_one(VerticalScroll)
        getattr(box, f"scroll_{way}")(animate=False)

    def table(self) -> Table:
        """Keys and what they do."""
        heading = f"bold {self.app.theme_variables.get('accent', '')}".strip()
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=9)
        table.add_column(ratio=1)
        for title, rows in self._subjects:
            if table.row_count:
                table.add_row()
            table.add_row(Text(title, style=heading))
            for keys, words in rows:
                table.add_row(f"  {keys}", words)
        return table


def editor_keys(keymap: Mapping[str, str]) -> list[Subject]:
    """Those of the editor. keymap: keys that a person has in place of the program's, by id."""
    subjects: list[Subject] = [
        (title, [(" ".join(key.names_in(keymap)), key.help) for key in keys if key.listed])
        for title, keys in GROUPS
    ]
    return [*subjects, ("mouse", MOUSE)]
