"""`tui-draggan export`: weights to a bundle that opens and drags."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.tiny import tiny_generator
from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main

WEIGHTS = paths.bundled_models() / "critters" / "generator.pt"


def test_weights_become_a_bundle_that_drags(tmp_path: Path, capsys):
    bundle = tmp_path / "mine"
    arguments = ["export", str(WEIGHTS), str(bundle), "--name", "mine", "--feature-block", "16"]
    assert main([*arguments, "--learning-rate", "0.02", "--r1", "3", "--keep-weights"]) == 0
    assert f"open it with tui-draggan --model {bundle}" in capsys.readouterr().out

    opened = ModelBundle.open(bundle)
    opened.verify()
    assert (opened.info.name, opened.info.drag.feature_block) == ("mine", 16)
    assert opened.info.recommended == {"learning_rate": 0.02, "r1": 3}
    assert "generator.pt" in opened.files
    out = tmp_path / "out.png"
    point = ["--point", "69,73:75,73", "--steps", "3"]
    assert main(["drag", "--model", str(bundle), *point, "--out", str(out)]) in (0, 3)
    assert out.exists()

    assert main(arguments) == 1, "an existing bundle is not overwritten"
    assert "exists" in capsys.readouterr().err


def test_what_no_drag_could_take_is_not_recommended(tmp_path: Path, capsys):
    bundle = tmp_path / "mine"
    assert main(["export", str(WEIGHTS), str(bundle), "--anchor", "7"]) == 2
    assert "anchor is 7.0; expected 0 to 1" in capsys.readouterr().err
    assert not bundle.exists()


def test_classes_keep_their_names(tmp_path: Path, capsys):
    generator = tiny_generator(c_dim=2)
    weights = {"config": generator.config.to_dict(), "state": generator.state_dict()}
    torch.save(weights, tmp_path / "two.pt")
    arguments = ["export", str(tmp_path / "two.pt"), str(tmp_path / "two"), "--psi", "1"]
    assert main([*arguments, "--classes", "cat,dog"]) == 0
    info = ModelBundle.open(tmp_path / "two").info
    assert info.classes == ("cat", "dog")
    assert info.recommended == {"psi": 1.0}
    assert main([*arguments, "--classes", "cat", "--replace"]) == 2
    assert "the generator has 2 classes" in capsys.readouterr().err


def test_files_that_are_no_weights_are_refused(tmp_path: Path, capsys):
    (tmp_path / "text.pt").write_text("no weights")
    for name in ("text.pt", "missing.pt"):
        assert main(["export", str(tmp_path / name), str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err
        assert name in said and len(said.splitlines()) == 1
    assert main(["export", str(WEIGHTS), str(tmp_path / "out"), "--feature-block", "7"]) == 2
    assert "choose from 4, 8, 16, 32, 64" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
