"""Colours of the theme, as they are on a widget."""

from __future__ import annotations

from textual.color import Color
from textual.widget import Widget


def theme_colour(widget: Widget, name: str) -> Color | None:
    """A colour of the theme on the widget's background: `accent`, `text-muted` and so on; None
    where it is one of the terminal's own."""
    value = widget.app.theme_variables.get(name, "")
    return widget.background_colors[1] + Color.parse(value) if value.startswith("#") else None
