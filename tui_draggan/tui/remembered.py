"""An answer that every key asks for, and that changes seldom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last answer, for as long as the question is of the very same values; numbers may be
    equal ones."""

    def __init__(self) -> None:
        self._last: tuple[tuple[object, ...], T] | None = None

    def of(self, *question: object, answer: Callable[[], T]) -> T:
        """The answer to a question; the same object for the same question."""
        last = self._last
        if last is None or not all(map(_is_same, last[0], question)):
            last = self._last = question, answer()
        return last[1]

    def forget(self) -> None:
        """Lets go of question and answer."""
        self._last = None


def _is_same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, int) and one == other)
