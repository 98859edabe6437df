"""The whole product in a real terminal: the editor on the bundled model, typed and read."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from tui_draggan.testing.pane import Pane

GREYS = {16, 59, 102, 145, 188, 231, *range(232, 256)}
"""Of xterm's 256 colours, those without a hue."""

pytestmark = pytest.mark.terminal


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    pane = Pane((100, 30), **state)
    yield pane
    pane.close()


def drag_the_nose(pane: Pane) -> None:
    """Handle at 69,73, target six pixels to the right, run; all by keys."""
    pane.wait_for("Enter for a handle")
    pane.keys("S-Down", "Down", *["Right"] * 5, "Enter", *["Right"] * 6, "Enter")
    pane.wait_for("69,73")
    pane.keys("Space")


def test_a_person_drags_exports_and_leaves(pane: Pane, tmp_path: Path) -> None:
    pane.run("python", "-m", "tui_draggan", "--seed", "17")
    drag_the_nose(pane)
    pane.wait_for("reached")

    out = tmp_path / "edited.png"
    pane.keys("e")
    pane.wait_for("with markers")
    pane.keys("C-u")
    pane.wait(lambda screen: "critters-17" not in screen, "an empty field")
    pane.type(str(out))
    pane.wait_for(out.name)
    pane.keys("Enter")
    pane.wait(lambda _: out.exists(), "the exported picture")
    with Image.open(out) as picture:
        assert isinstance(picture, PngImageFile)
        record = json.loads(picture.text["tui-draggan"])
    assert record["seed"] == 17 and record["edited"]
    assert record["points"][0][1] == [75, 73]

    pane.keys("q")
    pane.wait(lambda screen: "shell>" in screen or "quit" in screen, "the way out")
    if "shell>" not in pane.capture():
        pane.keys("Enter")
    pane.wait_for("shell>")
    wait_until_usable(pane)


def test_after_a_kill_the_terminal_is_sane_and_the_edit_goes_on(pane: Pane) -> None:
    pane.run("python", "-m", "tui_draggan", "--seed", "17", "--lr", "0.0001")
    drag_the_nose(pane)
    pane.wait_for("running")
    pane.wait(lambda screen: " 3  0." in screen, "the third line of the log")
    (pid,) = pane.pids()
    os.kill(pid, signal.SIGTERM)
    pane.wait_for("shell>")
    wait_until_usable(pane)

    pane.run("clear")
    pane.run("python", "-m", "tui_draggan", "--resume")
    pane.wait_for("75,73")
    pane.wait_for("as it was left")
    pane.keys("q")  # asks nothing: the edit is where it was
    pane.wait_for("shell>")


def wait_until_usable(pane: Pane) -> None:
    """The shell's screen, a cursor, no mouse reports, and typing that echoes."""
    pane.wait_until_sane()
    pane.type("echo a$((1+1))b")
    pane.keys("Enter")
    pane.wait_for("a2b")


@pytest.mark.parametrize("size", [(20, 5), (50, 14)])
def test_a_tiny_terminal_is_a_normal_day(tmp_path: Path, size: tuple[int, int]) -> None:
    pane = Pane(size, XDG_STATE_HOME=str(tmp_path))
    try:
        pane.run("python", "-m", "tui_draggan")
        pane.wait(lambda screen: screen.count("▀") > 10, "a picture")
        pane.keys("Enter", "Right", "Right", "Enter", "Space")
        pane.resize(100, 30)
        pane.wait_for("reached")
        pane.keys("q")
    finally:
        pane.close()


def test_a_dull_terminal_is_told_what_to_use_instead(tmp_path: Path) -> None:
    pane = Pane((80, 24), XDG_STATE_HOME=str(tmp_path))
    try:
        pane.run("env", "TERM=dumb", "python", "-m", "tui_draggan")
        pane.wait_for("tui-draggan drag --help")
        assert "Traceback" not in pane.capture()
    finally:
        pane.close()


def test_colours_degrade_and_never_break(tmp_path: Path) -> None:
    for colour in ("256", "16", "none"):
        pane = Pane((80, 24), XDG_STATE_HOME=str(tmp_path))
        try:
            pane.run("python", "-m", "tui_draggan", "--colour", colour)
            pane.wait_for("Enter for a handle")
            screen = pane.capture(ansi=True)
            assert "[38;2;" not in screen
            numbers = {int(number) for number in re.findall(r"\[[34]8;5;(\d+)m", screen)}
            if colour == "16":
                assert not numbers
            elif colour == "none":
                assert numbers <= GREYS
            else:
                assert numbers - GREYS
            pane.keys("q")
            pane.wait_for("shell>")
        finally:
            pane.close()
