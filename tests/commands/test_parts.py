"""`tui-draggan parts` on a copy of the bundled model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan import open_model, paths
from tui_draggan.bundle import PARTS
from tui_draggan.cli import main

pytestmark = pytest.mark.slow

ORT = ("--engine", "ort")


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(words) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_parts_are_learnt_drawn_and_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From painted label maps, which here the renderer has painted: of two cats, for a third."""
    pytest.importorskip("onnx")
    from tui_draggan.bench.score.part_masks import drawn_parts
    from tui_draggan.training.critters import PARTS as NAMES

    path = tmp_path / "critters"
    shutil.copytree(paths.bundled_models() / "critters", path)
    (path / PARTS).unlink(missing_ok=True)
    plain = open_model(engine="ort")
    truth = {}
    (tmp_path / "maps").mkdir()
    for seed in (1, 2, 3):
        parts = truth[seed] = drawn_parts(plain, plain.latent(plain.seed(seed, 1.0, "cat")))
        if seed < 3:
            Image.fromarray(parts).save(tmp_path / "maps" / f"{seed}-cat.png")
    model = ("--model", str(path), *ORT)
    maps = ("--labels", str(tmp_path / "maps"), "--names", ",".join(NAMES))
    shutil.copy(paths.bundled_models() / "critters" / "bundle.json", path)
    _without_parts(path)
    missing = ("parts", "--out", str(tmp_path / "a.png"), *model)
    assert "critters knows no parts" in printed(capsys, *missing, status=2)
    said = printed(capsys, "parts", "train", *maps, "--psi", "1", *model)
    assert "intersection over union, cross-validated" in said
    assert said.endswith(f"added to critters: {', '.join(NAMES)}\n")

    picture = ("--seed", "3", "--class", "cat", "--psi", "1")
    printed(capsys, "parts", "--out", str(tmp_path / "parts.png"), *picture, *model)
    with Image.open(tmp_path / "parts.png") as sheet:
        assert sheet.width > 2 * 512 and sheet.height == 512
    mask = tmp_path / "mask.png"
    printed(capsys, "parts", "mask", "eyes", "nose", "--out", str(mask), *picture, *model)
    found = np.asarray(Image.open(mask)) > 0
    true = np.isin(truth[3], [NAMES.index("eyes"), NAMES.index("nose")])
    assert (found & true).sum() / (found | true).sum() > 0.7
    refused = ("parts", "mask", "hat", "--out", str(tmp_path / "b.png"), *model)
    assert "no part 'hat'; available: background, body" in printed(capsys, *refused, status=2)


def _without_parts(path: Path) -> None:
    import json

    manifest = json.loads((path / "bundle.json").read_text())
    manifest.pop("parts", None)
    manifest["files"].pop(PARTS, None)
    (path / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to write; add --out FILE.png"),
        (("mask", "ears"), "nothing to write; add --out FILE.png"),
        (("mask", "--out", "a.png"), "expected tui-draggan parts mask NAME …"),
        (("show", "ears", "--out", "a.png"), "1 operand given; expected tui-draggan parts show"),
        (("train",), "nothing to learn from; add --labels FOLDER, or --renderer N"),
        (("train", "--labels", "maps"), "add --names skin,ears,…"),
        (("train", "--labels", "maps", "--names", "a,b"), "maps holds no label maps"),
        (("train", "--renderer", "0"), "--renderer is 0; expected 1 to 1000"),
        (("--show",), "--show prints on a terminal"),
        (("--out", "a.png", "--grow", "-1"), "--grow is -1; expected 0 to 512"),
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
    said = printed(capsys, "parts", *words, status=2)
    assert message in said and said.count("\n") == 1
    assert not list(tmp_path.glob("*.*"))
