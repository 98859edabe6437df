"""`tui-draggan attributes` on the bundled model, whose parameters are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan import open_model, paths
from tui_draggan.cli import main
from tui_draggan.directions.store import read_directions

pytestmark = pytest.mark.slow

ORT = ("--engine", "ort")


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(words) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_the_renderers_parameters_turn_heads_and_lengthen_ears(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the landmark network sees it, which knows nothing of w."""
    torch = pytest.importorskip("torch")
    from tui_draggan.stylegan.pixels import from_bytes
    from tui_draggan.training.metrics.landmarks.network import find_landmarks

    matrix = tmp_path / "leakage.png"
    said = printed(
        capsys, "attributes", "find", "yaw", "long=ear_length", "--renderer", "--samples", "800",
        "--keep", "yaw,class", "--matrix", str(matrix), *ORT,
    )  # fmt: skip
    assert said.startswith("yaw  800 scores · accuracy ")
    assert "keeps class" in said.splitlines()[0] and "keeps yaw, class" in said.splitlines()[1]
    assert "kept for critters: yaw, long" in said
    with Image.open(matrix) as picture:
        assert picture.width > 2 * 50

    model = open_model(engine="ort")
    yaw, long = read_directions(paths.user_directions("critters"), model.info)
    moved = {}
    for one in (yaw, long):
        places = []
        for sign in (-1.5, 1.5):
            pictures = []
            for seed in range(10):
                ws = model.latent(model.seed(seed, 1.0, seed % 5)).ws
                pictures.append(model.engine.render(ws + np.float32(sign) * one.vector))
            image = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
            places.append(find_landmarks(from_bytes(image)).places.numpy())
        moved[one.name] = (places[1] - places[0]).mean(axis=0)
    nose, ear_tips = 6, [0, 1]
    assert moved["yaw"][nose, 0] > 8, "the nose goes to the right"
    assert np.linalg.norm(moved["long"][ear_tips], axis=1).mean() > 3
    assert abs(moved["long"][nose, 0]) < 0.25 * moved["yaw"][nose, 0], "yaw is kept"

    out = tmp_path / "turned.png"
    printed(capsys, "apply", "--direction", "yaw=1.5", "--seed", "3", "--out", str(out), *ORT)
    listed = printed(capsys, "attributes", "leakage", *ORT)
    rows = [line.split() for line in listed.splitlines()[2:]]
    assert [row[0] for row in rows] == ["yaw", "long"]
    assert float(rows[0][1]) == 1.0 and abs(float(rows[1][1])) < 0.02


def test_labels_are_added_listed_found_and_shared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "press a in the gallery" in printed(capsys, "attributes", *ORT)
    random = np.random.default_rng(0)
    entries = [[seed, 1.0, seed % 5, bool(random.integers(2))] for seed in range(40)]
    values = {
        "format": "tui-draggan labels 1",
        "model": "critters",
        "labels": {"smile": entries, "hat": entries[:2]},
    }
    shared, again = tmp_path / "labels.json", tmp_path / "again.json"
    shared.write_text(json.dumps(values))
    assert printed(capsys, "attributes", "import", str(shared)) == "added: smile (40), hat (2)\n"
    smile, hat = printed(capsys, "attributes", *ORT).splitlines()
    assert smile.startswith("smile  ") and " with, " in smile and "accuracy" in smile
    assert hat.startswith("hat  ") and "a boundary needs 4 of each" in hat
    said = printed(capsys, "attributes", "find", "smile", *ORT)
    assert said.endswith("kept for critters: smile\n")
    assert "smile" in printed(capsys, "directions", *ORT)
    assert "'hat': " in printed(capsys, "attributes", "find", "hat", *ORT, status=2)
    assert "42 labels" in printed(capsys, "attributes", "export", str(again))
    assert json.loads(again.read_text()) == values
    printed(capsys, "attributes", "remove", "smile")
    assert "smile" not in printed(capsys, "attributes", *ORT)


def test_a_table_of_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = open_model(engine="ort")
    lines = ["seed,class,psi,warm,loud"]
    for seed in range(60):
        label = model.info.classes[seed % 5]
        w = model.latent(model.seed(seed, 1.0, label)).ws[0]
        lines.append(f"{seed},{label},1,{w[0]},{int(seed % 3 == 0)}")
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(lines))
    said = printed(capsys, "attributes", "find", "--scores", str(table), *ORT)
    assert "warm  60 scores" in said and "loud  " in said and " with, " in said
    again = printed(
        capsys, "attributes", "find", "cosy=warm", "--scores", str(table), "--class", "fox", *ORT,
        status=2,
    )  # fmt: skip
    assert "12 scores for 'cosy', or all are alike; expected 20" in again


def test_a_classifier_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    from tests.engines.test_classifier import means

    network = means(tmp_path / "means.onnx", (1, 3, 64, 64), "red,green,blue")
    asked = ("attributes", "find", "red", "--classifier", str(network), "--samples", "60")
    said = printed(capsys, *asked, *ORT)
    assert said.startswith("red  60 scores")
    model = open_model(engine="ort")
    (red,) = read_directions(paths.user_directions("critters"), model.info)
    ws = [model.latent(model.seed(seed, 1.0, seed % 5)).ws for seed in range(100, 110)]
    change = [
        model.engine.render(one + red.vector)[..., 0].mean()
        - model.engine.render(one - red.vector)[..., 0].mean()
        for one in ws
    ]
    assert np.mean(change) > 5
    asked = (*asked[:2], "x", *asked[3:])
    assert "none is 'x'" in printed(capsys, *asked, *ORT, status=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("find",), "no labels yet"),
        (("find", "smile"), "no labels for 'smile'"),
        (("find", "smile=3"), "NAME=COLUMN is for scores"),
        (("find", "x", "--renderer"), "no parameter 'x'; available: yaw, pitch"),
        (("find", "--renderer"), "name those you want"),
        (("find", "yaw", "--renderer", "--samples", "1"), "--samples is 1; expected 20"),
        (
            ("find", "yaw", "--renderer", "--samples", "30", "--keep", "x"),
            "no attribute or direction 'x'",
        ),
        (("find", "--scores", "a.csv"), "a.csv does not exist"),
        (("find", "a", "--classifier", "a.onnx"), "a.onnx does not exist"),
        (("find", "--discriminator", "a.pt"), "a.pt does not exist"),
        (("list", "smile"), "expected tui-draggan attributes list"),
        (("list", "--keep", "a"), "--keep is for tui-draggan attributes find"),
        (("list", "--matrix", "a.png"), "--matrix and --show are for find and leakage"),
        (("leakage",), "0 directions to compare; expected two"),
        (("leakage", "x", "y"), "no direction is named 'x'"),
        (("remove", "x"), "no labels for 'x'"),
        (("export", "a.json"), "no labels of yours to write"),
        (("import", "a.json"), "a.json does not exist"),
        (("find", "--show"), "--show prints on a terminal"),
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
    said = printed(capsys, "attributes", *words, status=2)
    assert message in said and said.count("\n") == 1
    assert not list(tmp_path.glob("*.*"))
