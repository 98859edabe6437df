"""How fast what is written reaches the terminal: before and behind every picture stands a question
that any terminal answers at once (DSR), and the answers tell when it got there.

Over a slow line one picture is under way at a time, and no larger than is drawn within `PROMPT`: a
key that comes meanwhile waits for no more than that.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

PROMPT = 0.15
"""Seconds that a picture may take on the line."""
FAST = 500_000.0
"""Bytes a second from which nothing is held back."""
TICK = 0.02
"""Seconds that two answers may come apart for other reasons."""
LEAST = 1000
"""Bytes of a picture that may always be written, and of the smallest one that says how slow the
line is."""
PATIENCE = 30.0
"""Seconds after which an answer of one that has answered before will not come."""
PICTURES_PER_SECOND = 30
"""Most pictures a second: so many are under way on a line that is fast and long."""


class Mark(NamedTuple):
    """A question under way."""

    time: float
    """When it was written, in seconds."""
    written: int
    """Bytes before it since the beginning."""
    is_end: bool
    """Whether it stands behind a picture, not before one."""


class Line:
    """The way to the terminal; times in seconds, by one clock."""

    def __init__(self) -> None:
        self._under_way: deque[Mark] = deque()
        self._before: tuple[float, int] | None = None
        """When the last answer came, and the bytes before its mark."""
        self._delay = 0.0
        """Seconds there and back, as far as is known."""
        self._rate = FAST
        """Bytes a second, as far as is known."""
        self._measured = False
        """Whether a picture has been answered for."""
        self._answers = True
        """Whether it answers at all."""

    @property
    def is_slow(self) -> bool:
        """Whether pictures have to be kept small."""
        return self._rate < FAST

    @property
    def room(self) -> int | None:
        """Bytes of the next picture at most; None where any will do."""
        return max(LEAST, int(self._rate * PROMPT)) if self.is_slow else None

    def wants_mark(self) -> bool:
        """Whether a question is worth asking: not a second one to who never answered."""
        return self._answers and (self._before is not None or not self._under_way)

    def put(self, written: int, now: float, is_end: bool) -> None:
        """A mark stands behind so many bytes since the beginning."""
        self._under_way.append(Mark(now, written, is_end))

    def answered(self, now: float) -> None:
        """The oldest mark has been reached."""
        if not self._under_way:
            return
        mark = self._under_way.popleft()
        if mark.is_end and self._before is not None:
            size = mark.written - self._before[1]
            self._learn(size, size / max(now - self._before[0], TICK))
        elif not mark.is_end:
            self._delay = now - mark.time
        self._before = now, mark.written

    def _learn(self, size: int, rate: float) -> None:
        """So many bytes came at that rate, or faster."""
        if rate > self._rate:
            self._rate = min(FAST, rate, 2 * self._rate)
        elif size > LEAST:
            self._rate = (self._rate + rate) / 2
        self._measured = self._measured or size > LEAST

    def is_busy(self, now: float) -> bool:
        """Whether a picture is under way that the next would have to wait behind; never on a line
        of which nothing is known."""
        if self._under_way and now - self._under_way[0].time > PATIENCE:
            self._under_way.clear()
            self._answers, self._rate = False, FAST
        if self._before is None:
            return False
        pictures = sum(mark.is_end for mark in self._under_way)
        if self.is_slow or not self._measured:
            return pictures > 0
        return pictures > 2 + self._delay * PICTURES_PER_SECOND
