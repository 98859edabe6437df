"""`tui-draggan import` of this program's own weights, into a folder of one's choice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import tiny_generator
from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator_file import load_named_generator
from tui_draggan.cli import main

WEIGHTS = paths.bundled_models() / "critters" / "generator.pt"


def import_to(weights: Path, folder: Path, *options: str) -> int:
    return main(["import", str(weights), "--out", str(folder), *options])


def two_classes(path: Path, **more: object) -> Path:
    """Weights of a generator with two classes, as `train` and --keep-weights write them."""
    generator = tiny_generator(c_dim=2)
    values = {"config": generator.config.to_dict(), "state": generator.state_dict(), **more}
    torch.save(values, path)
    return path


@pytest.mark.slow
def test_weights_become_a_model_that_drags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    options = ["--name", "mine", "--feature-block", "16", "--learning-rate", "0.02", "--r1", "3"]
    assert import_to(WEIGHTS, folder, *options, "--keep-weights") == 0
    said = capsys.readouterr().out
    assert "generator.pt: generator of this program" in said
    assert said.endswith(f"open it with: tui-draggan --model {folder}\n")

    opened = ModelBundle.open(folder)
    opened.verify()
    assert (opened.info.name, opened.info.drag.feature_block) == ("mine", 16)
    assert opened.info.recommended == {"learning_rate": 0.02, "r1": 3}
    assert "generator.pt" in opened.files
    out = tmp_path / "out.png"
    point = ["--point", "69,73:75,73", "--steps", "3"]
    assert main(["drag", "--model", str(folder), *point, "--out", str(out)]) in (0, 3)
    assert out.exists()

    assert import_to(WEIGHTS, folder) == 1, "an existing model is not overwritten"
    assert "already exists; add --replace" in capsys.readouterr().err


@pytest.mark.slow
def test_the_kept_weights_are_the_imported_ones(tmp_path: Path) -> None:
    folder = tmp_path / "again"
    assert import_to(WEIGHTS, folder, "--feature-block", "16", "--keep-weights") == 0
    (first, names), (second, same_names) = map(
        load_named_generator, (WEIGHTS, folder / "generator.pt")
    )
    assert first.config == second.config and names == same_names
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor, rtol=0, atol=0)


def test_what_no_drag_could_take_is_not_recommended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_to(WEIGHTS, tmp_path / "mine", "--anchor", "7") == 2
    assert "anchor is 7.0; expected 0 to 1" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_classes_have_the_names_they_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, folder = two_classes(tmp_path / "two.pt"), tmp_path / "two"
    assert import_to(weights, folder, "--psi", "1", "--classes", "cat,dog") == 0
    info = ModelBundle.open(folder).info
    assert (info.name, info.classes) == ("two", ("cat", "dog"))
    assert info.recommended == {"psi": 1.0}
    assert import_to(weights, folder, "--classes", "cat", "--replace") == 2
    assert "the generator has 2 classes" in capsys.readouterr().err


def test_classes_have_the_names_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = two_classes(tmp_path / "two.pt", classes=["sun", "moon"])
    assert import_to(weights, tmp_path / "two") == 0
    assert ModelBundle.open(tmp_path / "two").info.classes == ("sun", "moon")
    two_classes(weights, classes=["sun"])
    assert import_to(weights, tmp_path / "other") == 2
    assert "1 class names for 2 classes" in capsys.readouterr().err


def test_files_that_are_no_weights_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.pt").write_text("no weights")
    for name in ("text.pt", "missing.pt"):
        assert import_to(tmp_path / name, tmp_path / "out") == 2
        said = capsys.readouterr().err
        assert name in said and len(said.splitlines()) == 1
    assert import_to(WEIGHTS, tmp_path / "out", "--feature-block", "7") == 2
    assert "choose from 4, 8, 16, 32, 64" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_export_is_an_old_name_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, folder = two_classes(tmp_path / "two.pt"), tmp_path / "two"
    assert main(["export", str(weights), str(folder), "--classes", "cat,dog"]) == 0
    out, err = capsys.readouterr()
    assert err == ("tui-draggan: export is deprecated; use: tui-draggan import FILE --out FOLDER\n")
    assert out.endswith(f"open it with: tui-draggan --model {folder}\n")
    assert ModelBundle.open(folder).info.classes == ("cat", "dog")
