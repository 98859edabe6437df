"""`tui-draggan directions` and `apply` on the bundled model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan import open_model, paths
from tui_draggan.cli import main
from tui_draggan.directions.store import read_directions
from tui_draggan.edit.store import load_session

pytestmark = pytest.mark.slow

ORT = ("--engine", "ort")


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(words) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_a_component_gets_a_name_moves_a_picture_and_goes_to_a_friend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = printed(capsys, "directions", "--class", "fox", *ORT)
    assert listed.startswith("to cat ") and "class fox" in listed
    assert "of W's variance" in listed and len(listed.splitlines()) == 4 + 20
    said = printed(capsys, "directions", "rename", "component 2", "nod", "--class", "fox", *ORT)
    assert said == "kept as nod\n"
    assert printed(capsys, "directions", "--class", "fox", *ORT).startswith("nod ")
    assert "nod" not in printed(capsys, "directions", "--class", "cat", *ORT)

    out, saved = tmp_path / "nod.png", tmp_path / "nod.json"
    asked = ("--class", "fox", "--seed", "3", "--out", str(out), "--save", str(saved))
    printed(capsys, "apply", "--direction", "nod=1.5@shape", *asked, *ORT)
    info = open_model().info
    document = load_session(saved, info)
    slider = document.sliders.of("nod")
    assert slider is not None and (slider.value, slider.rows) == (1.5, (0, 6))
    model = open_model(engine="ort")
    np.testing.assert_array_equal(np.asarray(Image.open(out)), model.render(document.latent))
    plain = model.latent(model.seed(3, label="fox"))
    np.testing.assert_allclose(document.without_sliders.ws, plain.ws, atol=1e-5)

    shared = tmp_path / "shared.npz"
    assert "1 direction" in printed(capsys, "directions", "export", str(shared))
    assert [one.name for one in read_directions(shared, info)] == ["nod"]
    printed(capsys, "directions", "remove", "nod")
    assert not paths.user_directions("critters").exists()
    assert "kept for critters: nod" in printed(capsys, "directions", "import", str(shared), *ORT)


def test_a_folder_of_edits_is_moved_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edits, moved = tmp_path / "edits", tmp_path / "moved"
    edits.mkdir()
    move = ("--direction", "component 1=2")
    for seed in ("1", "2"):
        save = ("--save", str(edits / f"{seed}.json"), "--seed", seed)
        printed(capsys, "apply", "--direction", "component 3=-1", *save, *ORT)
    printed(capsys, "apply", str(edits), *move, "--save", str(moved), "--out", str(moved), *ORT)
    assert sorted(path.name for path in moved.iterdir()) == [
        "1.json", "1.png", "2.json", "2.png"
    ]  # fmt: skip
    values = json.loads((moved / "2.json").read_text())["sliders"]["settings"]
    assert [(one["name"], one["value"]) for one in values] == [
        ("component 3", -1.0), ("component 1", 2.0)
    ]  # fmt: skip


def test_a_sweep_and_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gif, sheet = tmp_path / "sweep.gif", tmp_path / "sheet.png"
    printed(capsys, "apply", "--direction", "component 1=-2..2", "--animation", str(gif), *ORT)
    with Image.open(gif) as film:
        assert getattr(film, "n_frames", 1) > 10
    found = printed(
        capsys, "directions", "discover", "--method", "sefa", "--components", "2",
        "--sheet", str(sheet), *ORT,
    )  # fmt: skip
    assert found.startswith("sefa 1 ") and "sefa 2" in found
    with Image.open(sheet) as picture:
        assert picture.width > 7 * 128 and picture.height > 2 * 128
    assert "sefa 2" in printed(capsys, "directions", *ORT)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("apply", "--direction", "x=1"),
            "nothing to write; add --out, --save, --animation or --show",
        ),
        (("apply", "--direction", "x", "--out", "a.png"), "'x': expected NAME=σ"),
        (("apply", "--direction", "x=1", "--out", "a.png"), "no direction is named 'x'; available"),
        (("apply", "--direction", "component 1=99", "--out", "a.png"), "expected −10 to 10"),
        (
            ("apply", "--direction", "component 1=1", "--animation", "a.gif"),
            "a sweep is --direction NAME=-3..3",
        ),
        (("apply", ".", "--direction", "x=1", "--out", "a.png"), ". holds no sessions"),
        (("apply", "--direction", "x=1", "--show"), "--show prints on a terminal"),
        (("directions", "--show"), "--show prints on a terminal"),
        (("directions", "rename", "x"), "expected tui-draggan directions rename OLD NEW"),
        (("directions", "rename", "x", "y"), "no direction is named 'x'"),
        (("directions", "remove", "x"), "no direction of yours is named 'x'"),
        (("directions", "export", "a.npz"), "no directions of yours to write"),
        (("directions", "import", "a.npz"), "a.npz does not exist"),
        (("directions", "discover", "--components", "0"), "--components is 0; expected 1 to 512"),
    ],
)
def test_wrong_input_is_one_line(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    said = printed(capsys, *words, status=2)
    assert message in said and said.count("\n") == 1
    assert not list(tmp_path.glob("*.*"))
