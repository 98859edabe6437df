"""How editor and watcher end when they are killed or their terminal goes away."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.tui.watch.runs import whole_run
from tui_draggan.testing.pane import Pane

pytestmark = pytest.mark.terminal


def start(program: str, pane: Pane, folder: Path) -> int:
    """Starts it and has it do what it does; its process. An editor that has closed all that it had
    open writes so into a file."""
    if program == "editor":
        closed = str(folder / "closed")
        command = ("tui_draggan.testing.spot_editor", "--endless", "--closed", closed)
        pane.run("python", "-m", *command)
        pane.wait_for("Enter for a handle")
        pane.keys("Enter", "K", "Enter", "Space")
        pane.wait_for("▶ running")
    else:
        pane.run("python", "-m", "tui_draggan", "train", "--watch", str(whole_run(folder)))
        pane.wait_for("4 of 4")
    (pid,) = pane.pids()
    return pid


def check_closed(program: str, folder: Path) -> None:
    assert program == "watcher" or (folder / "closed").read_text() == "closed"


@pytest.mark.parametrize("program", ["editor", "watcher"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_program_leaves_the_terminal_sane_and_the_journal_closed(
    pane: Pane, tmp_path: Path, number: signal.Signals, program: str
) -> None:
    pid = start(program, pane, tmp_path)
    assert not pane.is_sane()
    os.kill(pid, number)
    pane.wait_until_sane()
    pane.type("echo status $?\n")
    assert "Traceback" not in pane.wait_for(f"status {128 + number}")
    check_closed(program, tmp_path)
    pane.type("stty -a\n")
    assert "-icanon" not in pane.wait_for("icanon")


@pytest.mark.parametrize("program", ["editor", "watcher"])
def test_a_terminal_that_goes_away_ends_the_program(
    pane: Pane, tmp_path: Path, program: str
) -> None:
    pid = start(program, pane, tmp_path)
    pane.close()
    pane.wait_until_ended(pid)
    check_closed(program, tmp_path)
