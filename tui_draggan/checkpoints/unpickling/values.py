"""What an unpickled value is made of besides Python's own types and numpy's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Record:
    """An object of a class that a pickle names: the name and its attributes; nothing was run."""

    class_name: str
    state: dict[str, Any]


@dataclass(frozen=True, eq=False)
class LongText:
    """A string of more than `limits.MAX_TEXT_LENGTH` bytes, not decoded: a module's source."""

    utf8: memoryview
