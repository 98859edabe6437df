"""Files that exist are replaced with --force alone, and are told before the work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from tui_draggan.cli import main
from tui_draggan.commands.results import check_new, check_outputs
from tui_draggan.edit.store import save_session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.testing.spot_engine import spot_session

DRAG = ("drag", "--point", "5,5:9,9")
APPLY = ("apply", "--direction", "component 1=-1..1")
MIX = ("mix", "--seeds", "6,12")
OUTPUTS = (
    (*DRAG, "--out", "a.png"),
    (*DRAG, "--animation", "a.gif"),
    (*DRAG, "--log", "a.jsonl"),
    (*DRAG, "--save", "a.json"),
    (*DRAG, "--save-latent", "a.npz"),
    (*APPLY, "--out", "a.png"),
    (*APPLY, "--animation", "a.gif"),
    (*APPLY, "--save", "a.json"),
    (*MIX, "--out", "a.png"),
    (*MIX, "--animation", "a.gif"),
    (*MIX, "--save", "a.json"),
    ("invert", "photo.png", "--out", "a.json"),
    ("directions", "--sheet", "a.png"),
    ("directions", "export", "a.npz"),
    ("attributes", "leakage", "--matrix", "a.png"),
    ("attributes", "export", "a.json"),
    ("parts", "--out", "a.png"),
    pytest.param(("score", "--sheet", "a.png"), marks=pytest.mark.slow),  # torch starts
)
"""Whatever writes a file that a person names; the file comes last."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_an_existing_file_is_told_before_the_model_is_looked_for(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (8, 8)).save("photo.png")
    file, nowhere = Path(words[-1]), ("--model", "nowhere")
    assert main([*words, *nowhere]) == 2 and not file.exists()
    assert "nowhere" in capsys.readouterr().err
    file.write_text("mine")
    assert main([*words, *nowhere]) == 1
    said = f"tui-draggan: output: {file} exists; add --force to replace it\n"
    assert capsys.readouterr() == ("", said)
    assert main([*words, *nowhere, "--force"]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_the_picture_beside_an_edit_is_not_replaced_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("cats").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("L", (8, 8)).save(f"cats/{name}")
    words = ["invert", "cats", "--model", "nowhere", "--out"]
    Path("found").mkdir()
    for name in ("a.json", "a.png", "b.png"):
        Path("found", name).touch()
    assert main([*words, "found"]) == 1
    said = capsys.readouterr().err
    assert "found/a.json and 2 other files exist; add --force to replace them" in said
    assert main([*words, "found", "--force"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_photograph_is_not_replaced_by_what_was_found_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("cats").mkdir()
    Image.new("L", (8, 8)).save("cats/a.png")
    for out in ("cats", "cats/../cats/a.json"):
        assert main(["invert", "cats/a.png", "--out", out, "--force"]) == 2
        said = capsys.readouterr().err
        assert said.endswith("a.png is a photograph that is read; choose another --out\n")


def test_of_many_edits_the_first_that_exists_is_named_and_the_others_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("edits", "more", "moved"):
        (folder / place).mkdir()
    document = spot_session().document
    for name in ("edits/1", "edits/2", "edits/3", "more/2"):
        save_session(Path(f"{name}.json"), document, "spot")
    words = ["apply", "edits", "--direction", "component 1=2", "--model", "nowhere"]
    both = ["--out", "moved", "--save", "moved"]
    (folder / "moved" / "notes.txt").touch()
    assert main([*words, *both]) == 2, "other files in the folder are no matter"
    (folder / "moved" / "2.png").touch()
    (folder / "moved" / "3.json").touch()
    capsys.readouterr()
    assert main([*words, *both]) == 1
    said = "moved/2.png and 1 other file exist; add --force to replace them\n"
    assert capsys.readouterr().err.endswith(said)
    assert main([*words, *both, "--force"]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main([words[0], "more", *words[1:], "--save", "elsewhere"]) == 2
    assert "several edits would be written to elsewhere/2.json" in capsys.readouterr().err


def test_force_replaces_them() -> None:
    for name in ("a.png", "a.jsonl"):
        Path(name).write_text("of an earlier drag\n" * 1000)
    drag = ["drag", "--point", "5,5:60,60", "--steps", "1", "--engine", "ort"]
    files = ["--out", "a.png", "--log", "a.jsonl"]
    assert main([*drag, *files]) == 1
    assert main([*drag, *files, "--force"]) == 3
    with Image.open("a.png") as picture:
        assert picture.size == (128, 128)
    assert len(Path("a.jsonl").read_text().splitlines()) == 2


def test_what_holds_no_data_is_no_existing_file(folder: Path) -> None:
    os.mkfifo("pipe")
    Path("null").symlink_to("/dev/null")
    check_new([None, Path("pipe"), Path("null"), Path("/dev/null"), folder], force=False)
    Path("-").write_text("a file of that name is not what --log - means")
    check_outputs(force=False, log=Path("-"))
    Path("link").symlink_to("-")
    with pytest.raises(OutputError, match=r"^link exists; add --force to replace it$"):
        check_new([Path("link")], force=False)


def test_force_makes_nothing_writable() -> None:
    Path("folder.png").mkdir()
    with pytest.raises(OutputError, match=r"folder.png is a folder; expected a file name"):
        check_outputs(force=True, picture=Path("folder.png"))
    with pytest.raises(UsageError, match=r"written as \.png"):
        check_outputs(force=True, picture=Path("a.bmp"))
