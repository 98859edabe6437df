"""The editor is left in two seconds whatever the engine's process does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_draggan.testing.fake_terminal import FakeTerminal
from tui_draggan.testing.waiting import wait_until

pytestmark = pytest.mark.slow

PROMISED, BUSY = 2.0, 20.0
"""Seconds in which it is left, and those that a busy machine may need more."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[FakeTerminal]:
    """The editor on the bundled model."""
    terminal = FakeTerminal("python", "-m", "tui_draggan", XDG_STATE_HOME=str(tmp_path))
    yield terminal
    terminal.close()


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def stop_engine(terminal: FakeTerminal) -> int:
    """Has the engine's process stand still for ever."""
    wait_until(lambda: children(terminal.pid), "the engine's process")
    (engine,) = children(terminal.pid)
    os.kill(engine, signal.SIGSTOP)
    return engine


def check_left(terminal: FakeTerminal, engine: int, since: float, expected: int) -> None:
    status, _ = terminal.ended()
    assert time.monotonic() - since < PROMISED + BUSY
    assert status == expected and terminal.is_sane
    assert not Path(f"/proc/{engine}").exists(), "no process stays behind"


@pytest.mark.parametrize(("key", "status"), [(b"\x03", 130), (b"q", 0)], ids=["Ctrl-C", "q"])
def test_one_that_stops_in_the_middle(terminal: FakeTerminal, key: bytes, status: int) -> None:
    terminal.wait_for("Enter for a handle")
    engine = stop_engine(terminal)
    terminal.send(b"n")  # a picture that never comes
    since = time.monotonic()
    terminal.send(key)
    check_left(terminal, engine, since, status)


def test_one_that_never_opens(terminal: FakeTerminal) -> None:
    engine = stop_engine(terminal)
    terminal.wait_for("opening the model")
    since = time.monotonic()
    terminal.send(b"q")
    check_left(terminal, engine, since, 0)
