"""What an unpickled value is made of besides Python's own types and numpy's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

MODULE_PARTS = ("_parameters", "_buffers", "_modules")
"""Attributes of every module of torch, all of them dicts."""


@dataclass(frozen=True, eq=False)
class LongText:
    """A string of more than `limits.MAX_TEXT_LENGTH` bytes, not decoded: a module's source."""

    utf8: memoryview


@dataclass(frozen=True, eq=False, slots=True)
class Unread:
    """The place of something that a pickle names and no generator needs: inert, without contents.

    Whatever a file calls, makes, fills or builds with such a name is the same `Unread`. Beside a
    generator it does no harm; within one it is a reason to refuse the file.
    """

    name: str
    """What it is, fit for a line of text: «pathlib.PosixPath»."""
    refusal: str
    """Words of the error where it must not be: «names pathlib.PosixPath, which …; refused»."""


@dataclass(frozen=True, eq=False)
class Record:
    """An object of a class that a pickle names: the name and its attributes; nothing was run."""

    class_name: str
    state: dict[str, Any]
    unread: Unread | None = None
    """What is said of the class, where it is none of those that we know: a module of torch, by its
    attributes, of a program's own class."""
