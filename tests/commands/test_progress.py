"""Progress of long work, on a terminal and without one."""

from __future__ import annotations

import io
import time

import pytest

from tui_draggan.commands import progress as module
from tui_draggan.commands.progress import progress
from tui_draggan.testing.waiting import wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AFTER", 0.05)
    monkeypatch.setattr(module, "EVERY", 0.05)


def test_what_takes_no_time_is_not_said() -> None:
    out = io.StringIO()
    with progress(out) as report:
        report("opening the model")
        report("drawing critters", 1, 2)
    time.sleep(0.1)
    assert out.getvalue() == ""


def test_what_takes_long_is_said_and_said_again() -> None:
    out = io.StringIO()
    with progress(out) as report:
        report("drawing \x1b critters", 120, 2000)
        wait_until(lambda: out.getvalue().count("\n") >= 2, "two lines")
        report("drawing \x1b critters", 240, 2000)
        wait_until(lambda: "240" in out.getvalue(), "the newer number")
        report("starting torch")
        wait_until(lambda: "starting torch" in out.getvalue(), "the next part")
    said = out.getvalue()
    lines = said.splitlines()
    assert lines[:2] == ["drawing \\x1b critters: 120 of 2000, 0 s"] * 2
    assert lines[-1] == "starting torch, 0 s"
    time.sleep(0.1)
    assert out.getvalue() == said, "nothing comes after the end"


def test_parts_that_are_kept_are_said_at_once() -> None:
    out = io.StringIO()
    with progress(out, keep=True) as report:
        report("reading a.pkl")
        report("building the network")
        assert out.getvalue() == "reading a.pkl …\nbuilding the network …\n"


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_reader_that_is_gone_does_not_stop_the_work(error: type[Exception]) -> None:
    class Gone(io.StringIO):
        tried = 0

        def write(self, _: str) -> int:
            self.tried += 1
            raise error

    out = Gone()
    with progress(out) as report:
        report("drawing critters")
        wait_until(lambda: out.tried >= 2, "two lines that fail")


@pytest.mark.parametrize("keep", [False, True])
def test_a_terminal_has_a_line_that_moves(keep: bool) -> None:
    out = Terminal()
    with progress(out, keep=keep) as report:
        report("drawing [red]\x1b critters", 120, 2000)
        wait_until(lambda: "120 of 2000" in out.getvalue(), "the numbers")
        report("starting torch")
    written = out.getvalue()
    assert "drawing [red]\\x1b critters" in written
    assert ("✓ drawing" in written) == keep


def test_nothing_is_shown_where_another_process_shows_it() -> None:
    out = Terminal()
    with progress(out, shown=False) as report:
        report("drawing critters", 120, 2000)
    assert out.getvalue() == ""
