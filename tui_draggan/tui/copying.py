"""What can be copied to the clipboard of the machine one sits at (OSC 52, over SSH too)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import DragganError
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.saving import Saving
from tui_draggan.tui.services import Choice, Services
from tui_draggan.wording import printable

LONGEST = 60
"""Characters of what is copied that the list shows."""


@dataclass(frozen=True)
class Text:
    """A text that can be copied."""

    name: str
    text: str
    problem: str = ""
    """Why there is none."""

    @property
    def choice(self) -> Choice:
        """As a line of a list."""
        shown = printable(self.text)
        shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
        return Choice(self.name, self.name, shown, self.problem)


def texts(editor: Editor, saving: Saving, services: Services) -> Iterator[Text]:
    """What there is to copy now."""
    snapshot = editor.snapshot
    if services.command is not None:
        try:
            yield Text("command", services.command(snapshot))
        except DragganError as error:
            yield Text("command", "", str(error))
    yield Text("coordinates", coordinates(snapshot, editor))
    if saving.written is not None:
        yield Text("written file", str(saving.written.absolute()))


def coordinates(snapshot: Snapshot, editor: Editor) -> str:
    """The pairs as `x,y:x,y`, as the command line and `g` take them; without any the crosshair."""
    pairs = snapshot.document.pairs
    if not pairs:
        return "{},{}".format(*editor.pointer.cursor)
    return " ".join("{},{}:{},{}".format(*pair.handle, *pair.target) for pair in pairs)
