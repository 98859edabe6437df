"""Quantities as a person reads them, the same in every command and on every screen."""

from __future__ import annotations

import math


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
