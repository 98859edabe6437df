"""A photograph in a real terminal, with the bundled model: found, dragged, put back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.api import open_model
from tui_draggan.testing.pane import Pane
from tui_draggan.testing.waiting import wait_until

pytestmark = [pytest.mark.terminal, pytest.mark.slow]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A cat in a larger picture."""
    model = open_model("critters", "ort")
    cat = Image.fromarray(model.render(model.latent(model.seed(5))))
    full = Image.new("RGB", (400, 300), (60, 90, 70))
    full.paste(cat.resize((240, 240), Image.Resampling.BICUBIC), (100, 40))
    full.save(tmp_path / "cat.png")
    return tmp_path / "cat.png"


def test_found_dragged_and_put_back_by_keys(pane: Pane, photo: Path) -> None:
    pane.resize(120, 36)
    pane.run("python", "-m", "tui_draggan", "--engine", "ort", "--seed", "7")
    pane.wait_for("Enter for a handle")
    pane.keys("O")
    pane.wait_for("open a photograph")
    pane.type(f"{photo.parent}/ca\t")
    pane.wait(lambda screen: f"{photo}"[-20:] in screen.replace("\n", ""), "the completed path")
    pane.keys("Enter")
    pane.wait_for("box 300×300 at 50,0")
    pane.type("g\x15100,40,240\r")
    pane.wait_for("box 240×240 at 100,40")
    pane.keys("Enter")
    screen = pane.wait(lambda screen: bool(re.search(r"running +\d\d+ / ", screen)), "the search")
    assert "photograph │ after" in screen and "cat.png" in screen and "loss" in screen
    pane.keys("c")
    pane.wait_for("stopped")
    pane.type("g44,37:42,33\r")
    pane.wait_for("44,37")
    pane.keys("s")
    pane.wait_for("paused")
    pane.keys("E")
    pane.wait_for("export into the photograph")
    out = photo.with_name("out.png")
    pane.type(f"\x15{out}\r")
    wait_until(out.exists, lambda: f"the file; the screen:\n{pane.capture()}")
    before, after = np.asarray(Image.open(photo)), np.asarray(Image.open(out))
    changed = (before != after).any(axis=2)
    assert changed[100:200, 160:280].any()
    changed[41:279, 101:339] = False
    assert not changed.any(), "outside the box to the bit"
    pane.keys("C-c")
    pane.wait_until_sane()
