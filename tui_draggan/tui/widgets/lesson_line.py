"""The present lesson of the tutorial, above the status line."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from tui_draggan.tui.tutorial import Moment, Tutorial
from tui_draggan.tui.widgets.theme import theme_colour


class LessonLine(Static):
    """What to do next, in as many lines as it takes."""

    def __init__(self, tutorial: Tutorial) -> None:
        super().__init__(markup=False)
        self._tutorial = tutorial

    def on_mount(self) -> None:
        self._write()

    def look(self, moment: Moment) -> None:
        """The person has done something."""
        if self._tutorial.look(moment):
            self._write()

    def _write(self) -> None:
        accent = theme_colour(self, "accent")
        strong = "bold" if accent is None else f"bold {accent.hex6}"
        text = Text(f"{self._tutorial.heading}   ", style=strong)
        for number, part in enumerate(self._tutorial.words.split("`")):
            text.append(part, style="bold reverse" if number % 2 else "not bold")
        self.update(text)
