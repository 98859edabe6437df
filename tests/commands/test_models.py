"""`tui-draggan models`, and what the other commands make of several models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.tiny import tiny_generator
from tui_draggan import library, paths
from tui_draggan.bundle import MANIFEST, TRAINING_FILES, ModelBundle
from tui_draggan.checkpoints.generator_file import save_generator
from tui_draggan.cli import main
from tui_draggan.export.bundle_writer import export_bundle

ANIMALS = ("cat", "dog", "bear")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with classes."""
    folder = tmp_path_factory.mktemp("bundles") / "zoo"
    export_bundle(
        tiny_generator(c_dim=3),
        folder,
        name="zoo",
        classes=ANIMALS,
        origin="zoo.pkl, a pickle, SHA-256 00ff",
        recommended={"learning_rate": 0.05, "r1": 1, "space": "w"},
    )
    return folder


@pytest.fixture
def models(zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models: zoo, one that is cut off, and what an interrupted import leaves."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = paths.user_models()
    shutil.copytree(zoo, folder / "zoo")
    shutil.copytree(zoo, folder / "cut")
    (folder / "cut" / "synthesis.onnx").write_bytes(b"x")
    (folder / ".zoo-abcdef").mkdir()
    return folder


def test_the_list_has_a_line_for_each_model_and_says_what_is_damaged(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "picture", "on", "disk", "from"]
    by_name = {line.split()[0]: line for line in lines}
    assert list(by_name) == ["cut", "zoo", "critters"]
    assert "32 px · 3 classes" in by_name["zoo"] and by_name["zoo"].endswith("zoo.pkl, a pickle")
    assert "does not open" in by_name["cut"] and "synthesis.onnx has 1 bytes" in by_name["cut"]
    assert by_name["critters"].endswith("came with the program")


def test_that_a_model_has_no_training_files_is_said(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By both commands; of one that has them neither says anything."""
    has = ModelBundle.open(models / "zoo").for_training_api  # written where the tools are
    for command in (["models", "zoo"], ["doctor", "--model", "zoo"]):
        assert main(command) == 0
        assert ("no training files" in capsys.readouterr().out) != has
    manifest = models / "zoo" / MANIFEST
    values = json.loads(manifest.read_text())
    for name in TRAINING_FILES:
        values["files"].pop(name, None)
    manifest.write_text(json.dumps(values))
    for command in (["models", "zoo"], ["doctor", "--model", "zoo"]):
        assert main(command) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "no training files, since it was imported without onnxruntime-training" in said
        assert "the engine ort-training cannot run it; ort and torch compute the same" in said
    assert "import it again with --replace" in said


def test_one_in_full(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "zoo"]) == 0
    said = capsys.readouterr().out
    for words in (
        "32 × 32 px",
        "0 cat, 1 dog, 2 bear",
        "learning-rate 0.05, r1 1, space w",
        "00ff",
    ):
        assert words in said
    assert said.endswith("open it with: tui-draggan --model zoo\n")
    assert main(["models", "cut"]) == 2
    assert "synthesis.onnx has 1 bytes" in capsys.readouterr().err
    assert main(["models", str(models / "zoo")]) == 0, "a folder will do"
    assert main(["models", "cats"]) == 2
    assert "no model named cats; available: cut, zoo, critters" in capsys.readouterr().err


def test_a_folder_called_like_a_model_does_not_hide_it(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo").mkdir()
    (tmp_path / "mine").mkdir()
    assert library.find_model("zoo") == models / "zoo"
    assert library.find_model("./zoo") == Path("./zoo")
    assert library.find_model("mine") == Path("mine"), "no model is called like this folder"


def test_verify_hashes_again(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "zoo", "--verify"]) == 0
    assert capsys.readouterr().out == "zoo: intact\n"
    weights = models / "zoo" / "drag" / "weights.bin"
    data = bytearray(weights.read_bytes())
    data[100] ^= 1
    weights.write_bytes(data)
    assert main(["models", "zoo"]) == 0, "its size is right"
    assert main(["models", "--verify"]) == 2
    out, err = capsys.readouterr()
    assert "critters: intact" in out and "zoo: intact" not in out
    assert "weights.bin is damaged" in err and "cut: " in err


def test_remove_asks_and_leaves_the_bundled_one(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["models", "zoo", "--remove"]) == 2
    assert "add --yes" in capsys.readouterr().err and (models / "zoo").exists()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "")
    assert main(["models", "zoo", "--remove"]) == 1 and (models / "zoo").exists()
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["models", "zoo", "--remove"]) == 0 and not (models / "zoo").exists()
    assert main(["models", "cut", "--remove", "--yes"]) == 0, "a damaged one goes too"
    for name, why in (("critters", "came with the program"), (".", "not among your own models")):
        assert main(["models", name, "--remove", "--yes"]) == 2
        assert why in capsys.readouterr().err
    assert main(["models", "--remove", "--yes"]) == 2
    assert ModelBundle.open(paths.bundled_models() / "critters")


@pytest.mark.slow
def test_a_class_by_name_or_number_and_its_picture_says_so(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = []
    point = ["--point", "10,10:12,10", "--steps", "1"]
    for label in ("dog", "1", "cat"):
        out = tmp_path / f"{label}.png"
        arguments = ["drag", "--model", "zoo", "--class", label, *point, "--out", str(out)]
        assert main(arguments) == 3
        with Image.open(out) as picture:
            pictures.append(picture.tobytes())
            record = json.loads(picture.info["tui-draggan"])
            source = picture.info["Source"]
        name = "cat" if label == "cat" else "dog"
        assert (record["label"], record["class_name"]) == (ANIMALS.index(name), name)
        assert source.endswith(f"the model zoo, class {name}")
        assert f"class {name}: step limit" in capsys.readouterr().err
    assert pictures[0] == pictures[1] != pictures[2]


def test_classes_that_are_not_there(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point = ["--point", "10,10:12,10"]
    for label in ("rabbit", "3", "-1"):
        assert main(["drag", "--model", "zoo", f"--class={label}", *point]) == 2
        said = capsys.readouterr().err
        assert f"no class {label} in zoo; available: cat, dog, bear (or a number, 0 to 2)" in said
    plain = tmp_path / "plain"
    export_bundle(tiny_generator(), plain, name="plain")
    assert main(["drag", "--model", str(plain), "--class", "cat", *point]) == 2
    assert "plain has no classes" in capsys.readouterr().err


def test_a_session_opens_with_its_own_model_and_class(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "edit.json"
    point = ["--point", "10,10:12,10", "--steps", "1"]
    arguments = ["drag", "--model", "zoo", "--class", "bear", *point, "--save", str(saved)]
    assert main(arguments) == 3
    again = tmp_path / "again.png"
    assert main(["drag", "--session", str(saved), "--steps", "1", "--out", str(again)]) == 3
    with Image.open(again) as picture:
        record = json.loads(picture.info["tui-draggan"])
    assert (record["model"], record["class_name"]) == ("zoo", "bear")
    capsys.readouterr()
    for more, why in (
        (["--model", "critters"], "made with model zoo, but critters is open"),
        (["--class", "cat"], "already has a class; remove --class"),
        (["--seed", "9"], "a resumed edit already has a seed; remove --seed"),
        (["--psi", "0.3"], "a resumed edit already has a psi; remove --psi"),
    ):
        assert main(["drag", "--session", str(saved), *more]) == 2
        assert why in capsys.readouterr().err
    shutil.rmtree(models / "zoo")
    assert main(["drag", "--session", str(saved)]) == 2
    assert "no model named zoo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sed", "7"], "unknown option --sed"),
        (["--sed", "7", "drag"], "unknown option --sed"),
        (["--seed", "7", "--modle=zoo"], "--modle=zoo"),
        (["--seed", "7", "dra"], "'dra'"),
        (["drag", "--pont", "1,1:2,2"], "--pont"),
        (["models", "--verify", "--remove"], "not allowed with"),
        (["--seed", "seven", "drag"], "'seven' is not a number"),
    ],
)
def test_a_misspelt_option_is_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_models_elsewhere_are_remembered(zoo: Path, models: Path, tmp_path: Path) -> None:
    library.remember(models / "zoo")
    assert library.elsewhere() == [], "it is listed anyway"
    others = [tmp_path / f"other-{number}" for number in range(library.KNOWN + 2)]
    for other in others:
        other.mkdir()
        library.remember(other)
    library.remember(zoo)
    library.remember(others[-1])
    listed = library.elsewhere()
    assert [one.path for one in listed[:3]] == [others[-1], zoo.resolve(), others[-2]]
    assert len(listed) == library.KNOWN
    assert listed[1].bundle is not None and library.find_model(listed[1].name) == zoo.resolve()
    assert "no bundle.json" in listed[0].problem
    others[-1].rmdir()
    assert library.elsewhere()[0].path == zoo.resolve()
    for damage in ("[[[[", "5", '[1, "a\\u0000b"]', "[" * 100_000):
        paths.known_bundles().write_text(damage)
        assert library.elsewhere() == []
    paths.known_bundles().unlink()
    paths.known_bundles().mkdir()
    library.remember(zoo)  # cannot be kept, which is no error


def test_import_elsewhere_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    save_generator(tiny_generator(), (), tmp_path / "g.pt")
    assert main(["import", str(tmp_path / "g.pt"), "--out", str(tmp_path / "there")]) == 0
    assert [one.path for one in library.elsewhere()] == [tmp_path / "there"]
