"""What the editor's screens tell the program and one another."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.worker import Report


@dataclass
class Reported(Message):
    """The engine's thread has something to tell."""

    report: Report


@dataclass
class AnotherModel(Message):
    """The person wants to edit with another model."""

    options: EditorOptions


class Ready(Message):
    """A model is there: there is a session, and what had to be shown at its beginning is shown."""
