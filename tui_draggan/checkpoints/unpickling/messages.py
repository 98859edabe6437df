"""Text and values out of a foreign file, made fit for an error line."""

from __future__ import annotations

from typing import Any

LONGEST = 80
PLAIN = (str, int, float, bool, type(None))


def shown(text: str) -> str:
    """`text` on one line, without control characters and at most `LONGEST` characters long."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def worded(value: Any) -> str:
    """`value` for an error line; what is not plain by its type alone."""
    return shown(str(value)) if isinstance(value, PLAIN) else f"of the type {type(value).__name__}"
