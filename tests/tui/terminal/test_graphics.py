"""What a terminal can show, by its environment."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from tui_draggan.tui.terminal.graphics import (
    Display,
    Terminal,
    apply_colour,
    in_tmux,
    terminal_problem,
)
from tui_draggan.tui.terminal.replies import Attributes, KittyGraphics, Version


class Stream(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal at both ends, and an environment without opinions."""
    for name in ("TMUX", "STY", "NO_COLOR", "COLORTERM", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "__stdin__", Stream())
    monkeypatch.setattr(sys, "__stdout__", Stream())
    monkeypatch.setattr(sys, "__stderr__", Stream())
    return monkeypatch


def test_what_no_editor_runs_in(terminal: pytest.MonkeyPatch) -> None:
    assert terminal_problem() is None
    for term in ("dumb", ""):
        terminal.setenv("TERM", term)
        assert "cannot move its cursor" in str(terminal_problem())
    terminal.setattr(sys, "__stdout__", io.StringIO())
    assert "standard output is not a terminal" in str(terminal_problem())
    terminal.setattr(sys, "__stdin__", None)
    assert "standard input is not a terminal" in str(terminal_problem())


def test_half_blocks_where_nothing_else_is_sure(terminal: pytest.MonkeyPatch) -> None:
    assert Terminal.at_start("half").display == Display()
    terminal.setenv("TMUX", "/tmp/tmux,1,0")
    assert in_tmux() and Terminal.at_start("auto") == Terminal()
    terminal.delenv("TMUX")
    terminal.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert Terminal.at_start("auto") == Terminal()
    assert "kitty" in Terminal.at_start("kitty").display.note


@pytest.mark.parametrize(
    ("choice", "environment", "expected"),
    [
        ("auto", {}, None),
        ("auto", {"TMUX": "x"}, "truecolor"),
        ("auto", {"TMUX": "x", "NO_COLOR": "1"}, None),
        ("auto", {"TMUX": "x", "TEXTUAL_COLOR_SYSTEM": "256"}, "256"),
        ("truecolor", {}, "truecolor"),
        ("256", {"TMUX": "x"}, "256"),
        ("16", {}, "standard"),
    ],
)
def test_colour_depth(
    terminal: pytest.MonkeyPatch, choice: str, environment: dict[str, str], expected: str | None
) -> None:
    for name, value in environment.items():
        terminal.setenv(name, value)
    terminal.setenv("UNRELATED", "")  # so that what is set below is undone
    before = os.environ.get("TEXTUAL_COLOR_SYSTEM")
    apply_colour(choice)
    assert os.environ.get("TEXTUAL_COLOR_SYSTEM") == expected
    if before is None:
        os.environ.pop("TEXTUAL_COLOR_SYSTEM", None)
    assert "NO_COLOR" in os.environ or "NO_COLOR" not in environment


@pytest.mark.parametrize(
    ("version", "answer", "placed"),
    [
        (Version("kitty", (0, 41, 1)), True, False),
        (Version("kitty", (0, 28)), True, False),
        (Version("kitty", (0, 26, 5)), True, True),  # it ignores what it does not know
        (Version("ghostty", (1, 0, 0)), True, False),
        (Version("warp", ()), True, True),
        (Version("zellij", (0, 45)), False, True),
        (None, True, False),
        (None, False, True),
    ],
)
def test_placeholders_only_where_they_are_drawn(
    terminal: pytest.MonkeyPatch, version: Version | None, answer: bool, placed: bool
) -> None:
    known = Terminal("auto").told(KittyGraphics(True, 31))
    known = known if version is None else known.told(version)
    known = known.told(KittyGraphics(answer, 32)).told(Attributes(frozenset({62})))
    assert (known.display.graphics, known.display.placed) == ("kitty", placed)
    assert known.told(Attributes(frozenset({4}))).display.graphics == "sixel"


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, tui_draggan.tui.terminal.graphics, tui_draggan.tui.services\n"
        "print([m for m in ('textual', 'textual_image', 'numpy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
