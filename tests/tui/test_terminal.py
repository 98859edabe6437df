"""The real program in a real terminal: a tmux pane."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from screenshots.ansi_png import ansi_to_image
from tui_draggan.testing.pane import Pane

pytestmark = pytest.mark.terminal

GREYS = {0, 7, 8, 15, 16, 59, 102, 145, 188, *range(231, 256)}
"""Of the 256-colour palette."""


def start(pane: Pane, *options: str) -> None:
    pane.run("python", "-m", "tui_draggan.testing.spot_editor", *options)
    pane.wait_for("Enter for a handle")


def test_a_drag_by_keys_reaches_its_target(pane: Pane, tmp_path: Path) -> None:
    start(pane)
    pane.keys("Up", "Up", "Enter", "K", "Enter")
    pane.wait_for("32,30 → 32,22")
    pane.keys("Space")
    screen = pane.wait_for("✓ reached")
    assert "▀" in screen
    pane.keys("q")
    pane.wait_for("journal")
    pane.keys("Enter")
    pane.wait_until_sane()


def test_keys_that_come_at_once_act_in_their_order(pane: Pane) -> None:
    start(pane)
    pane.type("g99\x1512,14\x7f\r")  # Ctrl+U, and Backspace
    pane.wait_for("12,1 ")
    pane.type("g12,14\x1b[D\x1b[D3\r")  # the cursor twice to the left
    pane.wait_for("12,314")


def test_a_picture_painted_in_pieces_is_the_one_painted_at_once(pane: Pane) -> None:
    start(pane)
    pane.keys("Up", "Up", "Enter", "K", "Enter", "Space")
    pane.wait_for("✓ reached")
    pane.keys("L", "H", "j", "k", "n", "y")  # the crosshair here and there, another picture
    pane.wait(lambda screen: "seed 4" in screen and "loupe" not in screen, "the next picture")
    in_pieces = ansi_to_image(pane.settled())
    pane.resize(80, 24)
    pane.wait(lambda _: ansi_to_image(pane.settled()) != in_pieces, "another size")
    pane.resize(100, 30)
    pane.wait(lambda _: ansi_to_image(pane.settled()) == in_pieces, "the same, painted at once")


def test_a_drag_by_mouse(pane: Pane) -> None:
    start(pane)
    pane.type("\x1b[<0;28;16M")
    pane.type("\x1b[<32;28;10M")
    pane.type("\x1b[<0;28;10m")
    pane.wait_for("14.0 px")
    pane.keys("Space")
    pane.wait_for("✓ reached")


def test_a_model_that_cannot_be_opened_leaves_one_line(pane: Pane) -> None:
    pane.run("python", "-m", "tui_draggan.testing.spot_editor", "--fail-open", "--slow-open", "1")
    screen = pane.wait_for("model: the model spot is damaged")
    assert "Traceback" not in screen
    pane.wait_until_sane()


@pytest.mark.parametrize("colour", ["16", "256", "none"])
def test_few_colours_degrade_and_never_break(pane: Pane, colour: str) -> None:
    start(pane, "--colour", colour)
    pane.keys("Enter", "K", "Enter", "Space")
    pane.wait_for("✓ reached")
    codes = pane.capture(ansi=True)
    assert "8;2;" not in codes
    palette = {int(code) for code in re.findall(r"[34]8;5;(\d+)", codes)}
    if colour == "16":
        assert not palette - set(range(16))
    if colour == "none":
        assert not palette - GREYS


def test_ctrl_z_suspends_and_fg_brings_it_back(pane: Pane) -> None:
    start(pane)
    pane.keys("Up", "Up", "Enter")
    pane.wait_for("now its target")
    pane.keys("C-z")
    pane.wait(lambda screen: "Stopped" in screen and "shell>" in screen, "the shell")
    pane.wait_until_sane()
    pane.type("echo here I am")
    pane.keys("Enter")
    pane.wait(lambda screen: "\nhere I am" in screen, "a shell that works")
    pane.keys("f", "g", "Enter")
    screen = pane.wait(lambda screen: "now its target" in screen, "the editor again")
    assert "▀" in screen and "here I am" not in screen
    pane.keys("K", "Enter", "Space")
    pane.wait_for("✓ reached")
    pane.keys("C-c")
    pane.wait_until_sane()
