"""When the screen is drawn while an engine works: often enough for the eye, never so often that a
key waits or the terminal falls behind."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

FRAMES_PER_SECOND = 30
"""Most pictures a second."""
SHARE = 0.12
"""Share of the time that goes into drawing."""
CELLS_PER_SECOND = 60_000
"""Cells, each some 30 bytes, that a terminal at the end of a long line keeps up with."""
KEYS_FIRST = 0.1
"""Seconds after a move of the crosshair in which pictures give way to the next."""
HELD_BACK = 5
"""Pictures that give way to moves one after another, at most."""
LONGEST_COST = 0.2
"""Seconds beyond which drawing once counts as an accident."""


@dataclass
class Pacing:
    """Knows when the screen was drawn last and what that took; all times in seconds."""

    drawn: float = -math.inf
    """Time when the screen was last drawn."""
    moved: float = -math.inf
    """Time when the crosshair last moved."""
    cost: float = 0.0
    """Seconds that drawing took last."""

    def note_start(self, now: float) -> None:
        """The session is looked at, to be drawn."""
        self.drawn = now

    def note_end(self, now: float) -> None:
        """It is on the screen."""
        self.cost = min(LONGEST_COST, now - self.drawn)

    def note_move(self, now: float) -> None:
        """The crosshair moved: keys come, perhaps one after another."""
        self.moved = now

    def spacing(self, cells: int) -> float:
        """Seconds between two pictures of so many cells."""
        return max(1 / FRAMES_PER_SECOND, cells / CELLS_PER_SECOND, self.cost / SHARE)

    def wait(self, now: float, cells: int, backlog: int = 0) -> float:
        """Seconds until the next picture may be drawn; 0: now.

        cells: size of the picture. backlog: writes that the terminal has not taken yet; nothing is
        added to them.
        """
        spacing = self.spacing(cells)
        after_moves = min(self.moved + KEYS_FIRST, self.drawn + (1 + HELD_BACK) * spacing)
        wait = max(self.drawn + spacing, after_moves) - now
        if wait <= 0 and backlog:
            return 1 / FRAMES_PER_SECOND
        return max(0.0, wait)


class StepRate:
    """Iterations a second over the last seconds."""

    def __init__(self, seconds: float = 2.0) -> None:
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, iteration: int) -> float:
        """The rate with so many iterations done by `now` (seconds)."""
        if self._seen and iteration < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, iteration))
        while len(self._seen) > 2 and now - self._seen[0][0] > self._seconds:
            self._seen.popleft()
        (start, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else 0.0

    def forget(self) -> None:
        """Nothing runs."""
        self._seen.clear()
