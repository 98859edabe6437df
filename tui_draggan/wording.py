"""Quantities and names as a person reads them, the same in every command and on every screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

LONGEST = 80
"""Characters of what a person typed, or a file says, that an error repeats."""


def duration(seconds: float) -> str:
    """A length of time: «45 s», «12 min», «4 h 05 min», «3 d 2 h»."""
    if not math.isfinite(seconds):
        return "?"
    minutes = round(seconds / 60)
    if seconds < 59.5:
        return f"{max(0, round(seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def number(value: float) -> str:
    """Three digits that count, as «0.912», «31.2», «1230»."""
    return f"{float(f'{value:.3g}'):g}"


def in_kimg(value: float) -> str:
    """Thousands of pictures: «0.016», «12.5»."""
    return f"{round(value, 1 if value >= 10 else 3):g}"


def picture_words(width: int, height: int, alpha: bool) -> str:
    """«512 × 1024 px, with alpha»."""
    return f"{width} × {height} px{', with alpha' if alpha else ''}"


def percent(share: float) -> str:
    """A share of 1: «23 %», with a digit more near the ends, where a small part would be lost."""
    value = 100 * share
    if 0 < value < 0.1:
        return "less than 0.1 %"
    if 99.9 < value < 100:
        return "more than 99.9 %"
    return f"{value:.{1 if 0 < value < 10 or 90 < value < 100 else 0}f} %"


def counted(number: int, noun: str) -> str:
    """«1 step», «2 steps»."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cut(text: str) -> str:
    """The beginning of a text that would fill the screen."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def numbered(noun: str, numbers: Sequence[int]) -> str:
    """«point 2», «points 2, 5»."""
    return f"{noun}{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def quoted(text: str) -> str:
    """Text as typed, in quotation marks, cut where it would fill the screen."""
    return repr(cut(text))


def printable(text: str) -> str:
    """Text from a file, a path or a variable, made fit for a terminal: what is no text in it, or
    would move the cursor or turn the line round, is spelt, as «\\x1b»."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
