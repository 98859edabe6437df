"""One picture, cut and scaled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.size import Size
from tui_draggan.training.data.pictures import middle_of

SIDE = 16
SQUARE = Size.square(SIDE)
RED = (200, 30, 40)


def off(picture: Bytes, colour: tuple[int, int, int]) -> int:
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8
    return int(np.abs(picture.astype(int) - colour).max())


def save(path: Path, size: tuple[int, int]) -> Path:
    Image.new("RGB", size, RED).save(path)
    return path


def test_the_middle_of_a_long_picture_is_cut_out_sharp(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    middle = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    for before, after in ((7, 7), (3, 4), (0, 1), (0, 0)):
        wide = np.pad(middle, ((0, 0), (before, after), (0, 0)))
        Image.fromarray(wide).save(tmp_path / "a.png")
        assert np.array_equal(middle_of(tmp_path / "a.png", SQUARE), middle)
        Image.fromarray(np.ascontiguousarray(wide.transpose(1, 0, 2))).save(tmp_path / "a.png")
        assert np.array_equal(middle_of(tmp_path / "a.png", SQUARE), middle.transpose(1, 0, 2))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2), (1500, 1100)])
def test_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    assert off(middle_of(save(tmp_path / "a.png", size=size), SQUARE), RED) <= 1
    assert off(middle_of(save(tmp_path / "a.jpg", size=size), SQUARE), RED) < 12


def test_large_jpegs_are_as_sharp_as_if_decoded_whole(tmp_path: Path) -> None:
    y, x = np.mgrid[:512, :512] / 512
    smooth = np.stack([x, y, 0.5 + 0.5 * np.sin(9 * x * y)], axis=-1)
    Image.fromarray((smooth * 255).astype(np.uint8)).save(tmp_path / "a.jpg", quality=98)
    whole = Image.open(tmp_path / "a.jpg").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    assert np.abs(middle_of(tmp_path / "a.jpg", SQUARE) - np.asarray(whole, int)).mean() < 1.5


def test_it_is_turned_as_a_camera_held_it_and_lies_on_white(tmp_path: Path) -> None:
    upright = np.zeros((2 * SIDE, 3 * SIDE, 4), np.uint8)
    upright[:SIDE, :, :] = (*RED, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(np.ascontiguousarray(np.rot90(upright))).save(tmp_path / "a.png", exif=exif)
    picture = middle_of(tmp_path / "a.png", SQUARE)
    assert off(picture[:4].repeat(4, axis=0), RED) <= 1
    assert off(picture[-4:].repeat(4, axis=0), (255, 255, 255)) <= 1


@pytest.mark.parametrize("size", [(5, 3), (3, 5), (40, 10), (10, 40), (1, 1)])
def test_other_proportions_cut_what_is_beyond_them(tmp_path: Path, size: tuple[int, int]) -> None:
    """The middle keeps its colour; what is cut off, at either end of one axis, has another."""
    width, height = size
    inside = np.full((8 * height, 8 * width, 3), RED, np.uint8)
    Image.fromarray(np.pad(inside, ((0, 0), (9, 9), (0, 0)))).save(tmp_path / "wide.png")
    Image.fromarray(np.pad(inside, ((9, 9), (0, 0), (0, 0)))).save(tmp_path / "high.png")
    for name in ("wide.png", "high.png"):
        picture = middle_of(tmp_path / name, Size(4 * height, 4 * width))
        assert picture.shape == (4 * height, 4 * width, 3)
        assert np.abs(picture.astype(int) - RED).max() <= 1
