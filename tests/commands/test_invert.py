"""`tui-draggan invert` on the bundled model, on renders that it was never trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tui_draggan import open_model, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.edit.latent import Photo
from tui_draggan.edit.store import load_session
from tui_draggan.errors import UsageError
from tui_draggan.files import sha256
from tui_draggan.inversion.likeness import psnr
from tui_draggan.pictures.crop import Crop
from tui_draggan.training.critters import SPECIES, Z_DIM, parameters_from_z, render

INFO = ModelBundle.open(paths.bundled_models() / "critters").info


def photograph(path: Path, species: str, seed: int = 991) -> Path:
    z = torch.tensor(np.random.RandomState(seed).randn(1, Z_DIM), dtype=torch.float32)
    drawn = render(parameters_from_z(z, torch.tensor([SPECIES.index(species)])), INFO.size.width)
    pixels = (drawn.image[0].permute(1, 2, 0).numpy() * 127.5 + 127.5).round().astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.slow
def test_a_render_is_found_with_its_class_and_dragged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fox, out = photograph(tmp_path / "fox.png", "fox"), tmp_path / "found.json"
    assert main(["invert", str(fox), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["photograph"], said["class"], said["outcome"]) == ("fox.png", "fox", "found")
    assert said["written"] == [str(out), str(tmp_path / "found.png")]
    with Image.open(tmp_path / "found.png") as found, Image.open(fox) as wanted:
        decibels = psnr(np.asarray(found), np.asarray(wanted))
    assert decibels == pytest.approx(said["decibels"], abs=0.1) and decibels > 30
    latent = load_session(out, INFO).latent
    assert latent.origin == Photo("fox.png", sha256(fox), Crop(0, 0, 128, 128), 4)
    dragged = ["drag", "--session", str(out), "--point", "64,80:68,80", "--steps", "3"]
    assert main([*dragged, "--out", str(tmp_path / "dragged.png")]) in (0, 3)
    with Image.open(tmp_path / "dragged.png") as picture:
        assert "fox.png" in json.dumps(dict(picture.info), default=str)


@pytest.mark.slow
def test_what_the_model_cannot_draw_is_refused_and_kept_anyway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (140, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    photograph(tmp_path / "cat.png", "cat")
    out = tmp_path / "found"
    command = ["invert", str(tmp_path), "--out", str(out), "--steps", "20", "--class", "cat"]
    assert main(command) == 3
    said = capsys.readouterr().err
    assert "noise.png: nothing written; add --anyway to keep what was found" in said
    assert sorted(path.name for path in out.iterdir()) == ["cat.json", "cat.png"]
    assert main([*command, "--anyway", "--force"]) == 0
    assert "far from what the model can draw" in capsys.readouterr().err
    assert sorted(path.stem for path in out.iterdir()) == ["cat", "cat", "noise", "noise"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.png"], "missing.png cannot be read: No such file"),
        (["text.png"], "text.png cannot be read: not a picture of a known format"),
        (["empty"], "empty holds no pictures"),
        (["grey.png", "grey.png", "--out", "x.json"], "several photographs need a folder"),
        (["grey.png", "grey.png", "--out", "out"], "would be written to out/grey.json"),
        (["grey.png", "--class", "horse"], "no class horse in critters"),
        (["grey.png", "--steps", "1"], "steps is 1; expected 2"),
        (["grey.png", "--crop", "30,0,40"], "reaches beyond the photograph's 50×40 px"),
        (["grey.png", "grey.png", "--crop", "0,0,40"], "--crop is for one photograph"),
        (["grey.png", "--model", "nowhere"], "nowhere"),
        (["grey.png", "--json", "--show"], "use one of them"),
        (["grey.png", "--tune", "9"], "add --save-model NAME"),
        (["grey.png", "--tune", "9", "--save-model", "grey"], "--save-model needs --out too"),
        (["grey.png", "--save-model", "a b", "--out", "x.json"], "not a valid model name"),
        (["grey.png", "--save-model", "critters", "--out", "x.json"], "came with the program"),
        (
            ["grey.png", "--save-model", "grey", "--out", "x.json", "--tune", "0"],
            "tuning steps are 0; expected 1 to",
        ),
    ],
)
def test_wrong_input_is_one_line_and_changes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty").mkdir()
    Image.new("L", (50, 40), 120).save("grey.png")
    before = sorted(tmp_path.rglob("*"))
    assert main(["invert", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and not said.out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_two_photographs_share_a_tuned_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "cats").mkdir()
    for seed in (991, 5):
        photograph(tmp_path / f"cats/cat{seed}.png", "cat", seed)
    Image.new("RGB", (128, 128), "blue").save(tmp_path / "cats/sky.png")
    out = tmp_path / "out"
    search = ["invert", str(tmp_path / "cats"), "--class", "cat", "--steps", "60", "--json"]
    tuning = ["--tune", "12", "--save-model", "cats", "--out", str(out)]
    assert main([*search, *tuning]) == 3, "the sky is refused, and nothing is tuned to it"
    said = {one["photograph"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert said["sky.png"]["written"] == [] and said["sky.png"]["tuning_steps"] == 0
    bundle = ModelBundle.open(paths.user_models() / "cats")
    bundle.verify()
    assert bundle.info.description == "critters, tuned to cat5.png and 1 more"
    for name in ("cat5", "cat991"):
        latent = load_session(out / f"{name}.json", bundle.info).latent
        with Image.open(out / f"{name}.png") as found:
            drawn = open_model("cats").render(latent)
            assert np.abs(drawn.astype(int) - np.asarray(found)).max() <= 1
        plain = psnr(
            open_model().render(latent), np.asarray(Image.open(tmp_path / f"cats/{name}.png"))
        )
        assert said[f"{name}.png"]["tuning_steps"] == 12
        assert said[f"{name}.png"]["decibels"] > plain + 0.3
    assert main(["models", "cats"]) == 0
    assert "from critters" in capsys.readouterr().out
    again = ["invert", str(tmp_path / "cats/cat5.png"), *tuning[:-1], str(tmp_path / "other")]
    assert main(again) == 1
    assert "a model named cats already exists" in capsys.readouterr().err


@pytest.mark.slow
def test_from_python_a_photograph_becomes_a_session(tmp_path: Path) -> None:
    fox = photograph(tmp_path / "fox.png", "fox")
    model = open_model()
    found = model.invert(fox, label="fox", steps=30)
    assert found.steps == 30 and found.label == SPECIES.index("fox")
    assert psnr(found.picture, np.asarray(Image.open(fox))) == found.likeness.decibels > 20
    session = model.edit(found.document)
    session.add_pair((64, 80), (68, 80))
    assert [frame.iteration for frame in session.run(2)] == [0, 1, 2]
    with pytest.raises(UsageError, match="no class horse"):
        model.invert(fox, label="horse")
