"""A measurement in a process of its own: it waits for a rest, and gives way at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tui_draggan.engines.remeasuring import REST, Remeasuring
from tui_draggan.testing.waiting import wait_until


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def marking(file: Path, then: str = "") -> list[str]:
    """A command that leaves its number in a file."""
    code = f"import os, pathlib, time; pathlib.Path({str(file)!r}).write_text(str(os.getpid()))"
    return [sys.executable, "-c", f"{code}; {then}"]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_begins_after_a_rest_and_is_over_when_it_has_ended(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "pid"
    measuring = Remeasuring(marking(file), clock)
    assert measuring.attend()
    clock.now += REST - 0.1
    assert measuring.attend()
    measuring.disturb()
    clock.now += REST
    assert measuring.attend()  # a question begins the rest anew
    clock.now += REST - 0.1
    assert measuring.attend() and not measuring.is_running
    clock.now += 0.2
    assert measuring.attend()
    wait_until(lambda: not measuring.attend(), "its end")
    assert file.exists()
    file.unlink()
    measuring.disturb()
    clock.now += REST
    assert not measuring.attend() and not file.exists(), "once is enough"


def test_a_question_ends_it_and_the_next_rest_begins_it_anew(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "pid"
    measuring = Remeasuring(marking(file, "time.sleep(600)"), clock)
    numbers = []
    for _ in range(2):
        measuring.attend()
        clock.now += REST
        assert measuring.attend()
        wait_until(lambda: file.exists() and file.read_text() != "", "its beginning")
        numbers.append(int(file.read_text()))
        assert is_there(numbers[-1])
        measuring.disturb()
        assert not is_there(numbers[-1])
        file.unlink()
    assert len(set(numbers)) == 2


def test_one_that_cannot_begin_is_over(tmp_path: Path) -> None:
    clock = Clock()
    measuring = Remeasuring([str(tmp_path / "missing")], clock)
    measuring.attend()
    clock.now += REST
    assert not measuring.attend() and not measuring.attend()
