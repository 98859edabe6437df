"""Warnings that come up while something else is done, kept for whoever can show them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = logging.getLogger(__package__)


class Notices(logging.Handler):
    """Keeps warnings of a logger until they are taken; any thread may log or take them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._messages: deque[str] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())

    def taken(self) -> list[str]:
        """Those since it was last asked."""
        found = []
        while self._messages:
            found.append(self._messages.popleft())
        return found


@contextmanager
def heard(notices: Notices) -> Iterator[None]:
    """While entered, all warnings of this program are kept there, and printed nowhere."""
    PROGRAM.addHandler(notices)
    try:
        yield
    finally:
        PROGRAM.removeHandler(notices)
