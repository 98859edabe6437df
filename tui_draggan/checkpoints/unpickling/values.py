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


@dataclass(frozen=True, eq=False)
class Unread:
    """The place of something that a pickle names and no generator needs: inert, without contents.

    Whatever a file calls, makes, fills or builds with such a name is the same `Unread`. Beside a
    generator it does no harm; within one it is a reason to refuse the file.
    """

    name: str
    """What it is, fit for a line of text: «pathlib.PosixPath»."""
    refusal: str
    """Words of the error where it must not be: «names pathlib.PosixPath, which …; refused»."""
