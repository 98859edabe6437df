"""A widget that shows lines of text and repaints only when they differ."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from tui_draggan.tui.widgets.theme import theme_colour


class Readout(Widget):
    """Text of a size the layout decides, not the text."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Readout { text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, title: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = Text("")
        self.border_title = title or None

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.plain

    def write(self, text: Text) -> None:
        """Shows `text`; lines too long end in an ellipsis."""
        if text != self._text or text.spans != self._text.spans:
            self._text = text
            self.refresh()

    def render(self) -> Text:
        return self._text

    def colour(self, name: str) -> str:
        """A colour of the theme, for Rich: `accent`, `text-muted` and so on."""
        found = theme_colour(self, name)
        return "" if found is None else found.hex6
