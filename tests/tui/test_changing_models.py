"""The real program in a tmux pane: from one model to another and from class to class."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import tiny_generator
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.testing.pane import Pane

pytestmark = pytest.mark.terminal


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    models = tmp_path / "tui-draggan" / "models"
    export_bundle(
        tiny_generator(c_dim=3), models / "zoo", name="zoo", classes=("cat", "dog", "fox")
    )
    export_bundle(tiny_generator(), models / "torn", name="torn")
    for part in ("mapping.onnx", "synthesis.onnx"):
        path = models / "torn" / part
        path.write_bytes(b"x" * path.stat().st_size)
    folders = {f"XDG_{kind}_HOME": str(tmp_path) for kind in ("DATA", "STATE", "CACHE")}
    pane = Pane((100, 30), **folders)
    yield pane
    pane.close()


def engines(pane: Pane) -> int:
    """How many engines the editor has in processes of their own."""
    (editor,) = pane.pids()
    return len(subprocess.run(["pgrep", "-P", str(editor)], capture_output=True).stdout.split())


def choose(pane: Pane, key: str, text: str) -> None:
    pane.keys(key)
    pane.wait_for("type to search")
    pane.type(text)
    pane.keys("Enter")


def test_models_and_classes_change_under_one_screen(pane: Pane) -> None:
    pane.run("python", "-m", "tui_draggan")
    pane.wait_for("Enter for a handle")
    choose(pane, "o", "torn")
    pane.wait_for("damaged")
    assert "critters · 128 px" in pane.capture(), "the old one stays"
    pane.wait(lambda _: engines(pane) == 1, "the end of what could not be opened")

    choose(pane, "o", "zoo")
    pane.wait_for("zoo · 32 px   seed 0   class cat")
    pane.wait(lambda _: engines(pane) == 1, "the end of the first engine")
    assert pane.flag("alternate_on") == "1"
    choose(pane, "C", "fox")
    pane.wait_for("seed 0   class fox")
    pane.keys("n")
    pane.wait_for("seed 1   class fox")

    pane.type("g10,10:14,10\r ")
    pane.wait(
        lambda screen: "reached" in screen or "step limit" in screen or "stuck" in screen,
        "the end of the drag",
    )
    choose(pane, "o", "critters")
    pane.wait_for("--model zoo --resume")
    pane.keys("Enter")
    pane.wait_for("critters · 128 px   seed 0")
    pane.keys("q")
    pane.wait_for("shell>")
    pane.run("python", "-m", "tui_draggan", "--model", "zoo", "--resume")
    pane.wait_for("seed 1   class fox")
    pane.wait_for("→ 14,10")
    pane.keys("C-c")
    pane.wait_for("shell>")
    assert "Traceback" not in pane.capture()
