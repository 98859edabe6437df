"""A generator whose pictures are twice as high as wide and have alpha, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import nvidia_pickle
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main

pytestmark = pytest.mark.slow

KIND = Kind(const=(4, 2), colours=4)
HEIGHT, WIDTH = 32, 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StyleGAN-Human pickle, imported."""
    work = tmp_path_factory.mktemp("upright")
    pickle = work / "human.pkl"
    pickle.write_bytes(nvidia_pickle(random_tensors(KIND), KIND))
    assert main(["import", str(pickle), "--out", str(work / "human")]) == 0
    return work / "human"


def test_the_model_says_its_size(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = ModelBundle.open(model).info
    assert (info.size, info.alpha, info.num_ws) == ((HEIGHT, WIDTH), True, 8)
    assert info.drag.feature_map == (HEIGHT // 2, WIDTH // 2)
    assert main(["models", str(model)]) == 0
    assert "16 × 32 px, with alpha" in capsys.readouterr().out


def test_a_drag_at_the_corners_writes_pictures_of_its_shape(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, marked, gif, webp, saved = (
        tmp_path / name for name in ("out.png", "marked.png", "run.gif", "run.webp", "edit.json")
    )
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[: HEIGHT // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    drag = ["drag", "--model", str(model), "--mask", str(tmp_path / "mask.png"), "--steps", "4"]
    points = ["--point", "0,0:9,5", "--point", "15,31:8,20"]
    files = ["--out", str(out), "--animation", str(webp), "--save", str(saved)]
    assert main([*drag, *points, *files]) == 3
    said = capsys.readouterr().err
    assert said.startswith("mask: 50 % of the picture may change")
    again = ["drag", "--model", str(model), "--session", str(saved), "--steps", "1"]
    assert main([*again, "--markers", "--out", str(marked), "--animation", str(gif)]) == 3

    with Image.open(out) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (WIDTH, HEIGHT))
        record = json.loads(picture.info["tui-draggan"])
        assert np.ptp(np.asarray(picture)[..., 3]) > 50, "its alpha is the generator's"
    assert record["model"] == "human"
    assert [target for _, target in record["points"]] == [[9, 5], [8, 20]]
    with Image.open(marked) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (16 * WIDTH, 16 * HEIGHT))
    for path, mode in ((webp, "RGBA"), (gif, "RGB")):
        with Image.open(path) as animation:
            first = next(iter(ImageSequence.Iterator(animation)))
            assert first.size == (16 * WIDTH, 16 * HEIGHT)
            opaque = np.asarray(first.convert("RGBA"))[..., 3] == 255
            assert opaque.all() == (mode == "RGB")


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("16,5:3,3", "handle 16,5 lies outside the picture; x goes from 0 to 15, y from 0 to 31"),
        ("5,5:5,32", "target 5,32 lies outside"),
    ],
)
def test_points_outside_are_named_with_both_ranges(
    model: Path, point: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drag", "--model", str(model), "--point", point]) == 2
    assert words in capsys.readouterr().err


def test_a_mask_of_other_proportions_is_stretched(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((20, 20), 255, np.uint8)).save(tmp_path / "mask.png")
    drag = ["drag", "--model", str(model), "--mask", str(tmp_path / "mask.png")]
    assert main([*drag, "--point", "3,3:8,8", "--steps", "1"]) == 3
    assert "mask: 20×20 stretched to 16×32, 100 %" in capsys.readouterr().err


def test_evaluate_compares_with_pictures_cut_to_its_proportions(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 40, 3), np.uint8)
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
    data = ["--data", str(tmp_path), "--samples", "12", "--json"]
    assert main(["evaluate", str(model), *data]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["size"] == {"height": HEIGHT, "width": WIDTH}
    (distance,) = found["measures"]
    assert distance["value"] > 1.5 * distance["floor"], "noise is like noise, not like the model"

    assert main(["evaluate", str(model), "--data", "critters"]) == 2
    assert "16×32 px; critters are squares" in capsys.readouterr().err
