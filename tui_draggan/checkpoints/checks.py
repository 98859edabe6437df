"""Values out of a foreign file, checked before anything relies on them."""

from __future__ import annotations

import math
from typing import Any

from tui_draggan.checkpoints.unpickling.messages import worded
from tui_draggan.errors import CheckpointError


def positive(value: Any, name: str) -> float:
    """`value`, a positive finite number. Raises CheckpointError, naming `name`."""
    if type(value) in (int, float) and 0 < value < math.inf:
        return float(value)
    raise CheckpointError(f"has {name} {worded(value)}; expected a positive number")


def positive_or_none(value: Any, name: str) -> float | None:
    return None if value is None else positive(value, name)


def check_is(value: Any, name: str, *allowed: Any) -> None:
    """Raises CheckpointError, naming `name`, where `value` is none of `allowed`."""
    if not any(type(value) is type(one) and value == one for one in allowed):
        expected = " or ".join(map(str, allowed))
        raise CheckpointError(f"has {name} {worded(value)}; expected {expected}")
