"""Undo and redo over any states."""

from __future__ import annotations

from tui_draggan.edit.history import History


def test_back_and_forth() -> None:
    history: History[int] = History()
    assert history.undo(0) is None and history.redo(0) is None
    history.record("one", 0)
    history.record("two", 1)
    assert history.undo(2) == ("two", 1)
    assert history.undo(1) == ("one", 0)
    assert history.undo(0) is None
    assert history.redo(0) == ("one", 1)
    assert history.redo(1) == ("two", 2)
    assert history.redo(2) is None


def test_a_change_after_undo_forgets_what_could_be_redone() -> None:
    history: History[int] = History()
    history.record("one", 0)
    history.undo(1)
    history.record("other", 0)
    assert history.redo(2) is None
    assert history.undo(2) == ("other", 0)


def test_changes_of_one_label_merge_where_they_follow_each_other() -> None:
    history: History[int] = History()
    for state in range(3):
        history.record("walk", state, merge=True)
    history.record("edit", 3, merge=True)
    history.record("walk", 4, merge=True)
    assert history.undo(5) == ("walk", 4)
    assert history.undo(4) == ("edit", 3)
    assert history.undo(3) == ("walk", 0)
    assert history.undo(0) is None


def test_the_oldest_states_go_first() -> None:
    history: History[int] = History(limit=2)
    for state in range(4):
        history.record(str(state), state)
    assert history.undo(4) == ("3", 3)
    assert history.undo(3) == ("2", 2)
    assert history.undo(2) is None
