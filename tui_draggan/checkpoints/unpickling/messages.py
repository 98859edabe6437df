"""Text and values out of a foreign file, made fit for an error line."""

from __future__ import annotations

from typing import Any

from tui_draggan.wording import cut, printable

PLAIN = (str, int, float, bool, type(None))


def shown(text: str) -> str:
    """The beginning of `text`, fit for a terminal."""
    return printable(cut(text))


def worded(value: Any) -> str:
    """`value` for an error line; what is not plain by its type alone."""
    return shown(str(value)) if isinstance(value, PLAIN) else f"of the type {type(value).__name__}"
