"""Pictures and animations carry their provenance and are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence, PngImagePlugin

from tui_draggan.arrays import Bytes
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.pictures import animation
from tui_draggan.pictures.animation import write_animation
from tui_draggan.pictures.png import write_png
from tui_draggan.pictures.provenance import Provenance

PROVENANCE = Provenance("critters", 7, 0.7, None, True, (((1, 2), (3, 4)),))


def picture(shade: int, side: int = 64) -> Bytes:
    return np.full((side, side, 3), (shade, 0, 255 - shade), np.uint8)


def test_a_png_is_exact_and_says_where_it_comes_from(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    write_png(tmp_path / "a.png", image, PROVENANCE)
    with Image.open(tmp_path / "a.png") as loaded:
        np.testing.assert_array_equal(np.asarray(loaded), image)
        assert isinstance(loaded, PngImagePlugin.PngImageFile)
        text = loaded.text
    assert "AI-generated" in text["Source"] and text["Software"].startswith("tui-draggan ")
    record = json.loads(text["tui-draggan"])
    assert (record["model"], record["seed"], record["points"]) == (
        "critters",
        7,
        [[[1, 2], [3, 4]]],
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"], "nothing half-written is left"


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_animations_hold_every_step(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"drag{ending}"
    write_animation(path, [picture(shade) for shade in (0, 80, 160, 240)], PROVENANCE)
    with Image.open(path) as loaded:
        frames = [np.asarray(frame.convert("RGB"), int) for frame in ImageSequence.Iterator(loaded)]
    assert len(frames) == 4 and frames[0].shape == (256, 256, 3)
    red, _, blue = frames[2][128, 128]
    assert abs(red - 160) < 12 and abs(blue - 95) < 12
    assert b"AI-generated" in path.read_bytes()


def test_mp4(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="the extra [video] is not installed")
    path = tmp_path / "drag.mp4"
    write_animation(path, [picture(shade, 300) for shade in (0, 120, 240)], PROVENANCE, fps=10)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        assert "AI-generated" in container.metadata["comment"]
    assert len(frames) == 3 + 2 * 10, "first and last stand a second longer"
    assert (frames[0].width, frames[0].height) == (300, 300)


def test_what_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"\.gif, \.webp, \.mp4"):
        animation.check_animation(tmp_path / "drag.avi")
    monkeypatch.setattr(animation, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"tui-draggan\[video\]"):
        animation.check_animation(tmp_path / "drag.mp4")
    with pytest.raises(UsageError, match="pictures are written as"):
        write_png(tmp_path / "a.jpg", picture(0), PROVENANCE)
    with pytest.raises(OutputError, match="cannot be written"):
        write_png(tmp_path / "missing" / "a.png", picture(0), PROVENANCE)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_png(tmp_path / "folder.png", picture(0), PROVENANCE)
