"""Undo and redo over immutable states."""

from __future__ import annotations

from typing import Generic, TypeVar

S = TypeVar("S")


class History(Generic[S]):
    """Two stacks of (what was done, the state on the other side of it)."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._undo: list[tuple[str, S]] = []
        self._redo: list[tuple[str, S]] = []

    def record(self, label: str, before: S, merge: bool = False) -> None:
        """Call before a change with the state it starts from. Forgets what could be redone.

        merge: one with the change before, where that has the same label.
        """
        if not (merge and self._undo and self._undo[-1][0] == label):
            self._undo.append((label, before))
        del self._undo[: -self._limit]
        self._redo.clear()

    @classmethod
    def of(cls, undoable: list[tuple[str, S]], redoable: list[tuple[str, S]]) -> History[S]:
        """One that was kept."""
        history = cls()
        history._undo, history._redo = list(undoable), list(redoable)
        return history

    def copy(self) -> History[S]:
        """One that changes by itself."""
        return History.of(self._undo, self._redo)

    @property
    def undoable(self) -> list[tuple[str, S]]:
        """What undo would take back, the latest last, each with the state before it."""
        return list(self._undo)

    @property
    def redoable(self) -> list[tuple[str, S]]:
        """What redo would make again, the next last, each with the state after it."""
        return list(self._redo)

    @property
    def path(self) -> list[S]:
        """The states that undo would go back through, the oldest first."""
        return [state for _, state in self._undo]

    def undo(self, current: S) -> tuple[str, S] | None:
        """The label of the last change and the state before it; None if there is none."""
        return self._move(self._undo, self._redo, current)

    def redo(self, current: S) -> tuple[str, S] | None:
        """The label of the change undone last and the state after it; None if there is none."""
        return self._move(self._redo, self._undo, current)

    @staticmethod
    def _move(
        source: list[tuple[str, S]], sink: list[tuple[str, S]], current: S
    ) -> tuple[str, S] | None:
        if not source:
            return None
        label, state = source.pop()
        sink.append((label, current))
        return label, state
