"""`tui-draggan mix` on the bundled model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan import open_model
from tui_draggan.cli import main
from tui_draggan.edit.store import load_session

ORT = ("--engine", "ort")


@pytest.mark.slow
def test_rows_of_the_second_seed_go_into_the_first(tmp_path: Path) -> None:
    out, saved, gif = (tmp_path / name for name in ("a.png", "a.json", "a.gif"))
    words = ("mix", "--seeds", "6,12", "--class", "cat,fox", "--rows", "3-5", "--psi", "0.8")
    files = ("--out", str(out), "--save", str(saved), "--animation", str(gif))
    assert main([*words, *files, *ORT]) == 0
    model = open_model(engine="ort")
    first, second = (
        model.latent(model.seed(seed, 0.8, label)).ws for seed, label in ((6, "cat"), (12, "fox"))
    )
    ws = load_session(saved, model.info).latent.ws
    np.testing.assert_allclose(ws[3:6], second[3:6], atol=1e-6)
    np.testing.assert_allclose(np.delete(ws, slice(3, 6), 0), np.delete(first, slice(3, 6), 0))
    picture = model.engine.render(ws)
    np.testing.assert_array_equal(np.asarray(Image.open(out).convert("RGB")), picture)
    with Image.open(gif) as animation:
        assert getattr(animation, "n_frames", 1) == 30


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--seeds", "6,12"), "nothing to write; add --out"),
        (("--seeds", "6", "--out", "a.png"), "--seeds names two seeds"),
        (("--seeds", "6,x", "--out", "a.png"), "--seeds"),
        (("--seeds", "6,12", "--at", "1.5", "--out", "a.png"), "--at is 1.5; expected 0 to 1"),
        (("--seeds", "6,-2", "--out", "a.png"), "seed is -2"),
        (("--seeds", "6,12", "--rows", "8-99", "--out", "a.png"), "rows"),
        (("--seeds", "6,12", "--class", "cow", "--out", "a.png"), "no class cow"),
        (("--seeds", "6,12", "--out", "a.jpg"), "a.jpg"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_drawn(
    words: tuple[str, ...],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["mix", *words]) == 2
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
