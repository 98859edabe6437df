"""What the panels say of the session's snapshot: its state in words, and how fast it goes."""

from __future__ import annotations

from collections import deque

from tui_draggan.edit.document import State
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.snapshot import Snapshot


class Pace:
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


SIGNS = {
    State.EMPTY: "○",
    State.READY: "●",
    State.RUNNING: "▶",
    State.PAUSED: "‖",
    State.DONE: "■",
}

NEXT = {
    Outcome.REACHED: "",
    Outcome.STEP_LIMIT: "space goes on from here",
    Outcome.STUCK: "try a larger step: ]",
    Outcome.STOPPED: "space goes on from here",
    Outcome.FAILED: "try a smaller step: [",
}
"""What helps, with its key."""


def state_words(snapshot: Snapshot) -> str:
    """«▶ running», «✓ reached»."""
    status = snapshot.status
    if status.state is State.RUNNING and not snapshot.frames:
        return f"{SIGNS[status.state]} starting"  # an engine is chosen, a graph opened
    if status.outcome is Outcome.REACHED:
        return "✓ reached"
    if status.outcome is not None:
        return f"{SIGNS[status.state]} {status.outcome.value}"
    words = {State.EMPTY: "no points"}
    return f"{SIGNS[status.state]} {words.get(status.state, status.state.value)}"
