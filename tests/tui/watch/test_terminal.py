"""`tui-draggan train --watch` in a real terminal: a tmux pane."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.watch.runs import line, whole_run, write_grid, write_lines
from tui_draggan.testing.pane import Pane

pytestmark = pytest.mark.terminal

COMMAND = ("python", "-m", "tui_draggan", "train", "--watch")


@pytest.fixture
def pane() -> Iterator[Pane]:
    pane = Pane((80, 24))
    yield pane
    pane.close()


def test_a_run_is_watched_by_keys_while_it_grows(pane: Pane, tmp_path: Path) -> None:
    folder = whole_run(tmp_path / "cats")
    pane.run(*COMMAND, str(folder))
    screen = pane.wait_for("40 kimg  4 of 4")
    assert "▀" in screen or "48;2" in pane.capture(ansi=True)
    pane.wait_for("losses  D 1.02  G 1.98")
    write_lines(folder, line(50, d=0.5, g=0.25))
    write_grid(folder, 50)
    pane.wait_for("50 kimg  5 of 5")
    pane.wait_for("losses  D 0.5  G 0.25")
    pane.keys(",", ",")
    pane.wait_for("30 kimg  3 of 5")
    pane.keys("Tab")
    pane.wait_for("distance to the data")
    pane.resize(40, 12)
    pane.wait(lambda screen: "30 kimg" in screen and len(screen.splitlines()) <= 12, "40×12")
    pane.wait_for("50 / 100 kimg")
    pane.keys("q")
    pane.wait_until_sane()
    pane.type("echo status $?\n")
    pane.wait_for("status 0")


def test_a_run_without_files_is_waited_for(pane: Pane, tmp_path: Path) -> None:
    pane.run(*COMMAND, str(tmp_path))
    pane.wait_for("no log and no samples yet; waiting")
    pane.keys("C-c")
    pane.wait_until_sane()
    pane.type("echo status $?\n")
    assert "Traceback" not in pane.wait_for("status 130")


def test_what_is_no_run_is_one_line(pane: Pane, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    pane.run(*COMMAND, str(tmp_path))
    screen = pane.wait_for("is not a training run")
    assert "Traceback" not in screen
    pane.type("echo status $?\n")
    pane.wait_for("status 2")


def test_no_terminal_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, *COMMAND[1:], str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "is not a terminal" in done.stderr


def test_torch_is_not_imported() -> None:
    code = "import sys, tui_draggan.tui.watch.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
