"""Masks out of files of every kind: what may change, and what is said about it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tui_draggan.edit.mask import load_mask
from tui_draggan.errors import UsageError
from tui_draggan.size import Size

SIDE = 64
PICTURE = Size.square(SIDE)
HALF = np.zeros((SIDE, SIDE), bool)
HALF[:, SIDE // 2 :] = True
"""The right half is to change."""


def written(path: Path, values: NDArray[Any], **options: Any) -> Path:
    Image.fromarray(values).save(path, **options)
    return path


def of(values: NDArray[Any]) -> Image.Image:
    return Image.fromarray(values)


GREY = HALF.astype(np.uint8) * 255
RGB = np.dstack([GREY] * 3)
WHITE = np.full_like(GREY, 255)

FILES: dict[str, tuple[str, Image.Image]] = {
    "1 bit": ("a.png", of(HALF)),
    "8 bits": ("a.png", of(GREY)),
    "8 bits, RGB": ("a.png", of(RGB)),
    "8 bits, 0 and 1": ("a.png", of(HALF.astype(np.uint8))),
    "8 bits, 0 and 1, RGB": ("a.png", of(RGB // 255)),
    "8 bits, not black and not white": ("a.png", of(np.where(HALF, 130, 120).astype(np.uint8))),
    "16 bits": ("a.png", of(HALF.astype(np.uint16) * 65535)),
    "16 bits, big end first": ("a.tif", of(HALF.astype(">u2") * 65535)),
    "16 bits, 0 and 1": ("a.png", of(HALF.astype(np.uint16))),
    "16 bits, 0 to 255": ("a.tif", of(HALF.astype(np.uint16) * 255)),
    "32 bits, 0 and 1": ("a.tif", of(HALF.astype(np.int32))),
    "32 bits, 0 to 255": ("a.tif", of(HALF.astype(np.int32) * 255)),
    "32 bits, all of them": ("a.tif", of(HALF.astype(np.int32) * -1)),
    "32 bits, signed": ("a.tif", of(HALF.astype(np.int32) * (2**31 - 1))),
    "float, 0 to 1": ("a.tif", of(HALF.astype(np.float32))),
    "float, 0 to 255": ("a.tif", of(HALF.astype(np.float32) * 255)),
    "float, 0 to 0.9": ("a.tif", of(HALF.astype(np.float32) * 0.9)),
    "float, −1 to 1": ("a.tif", of(HALF.astype(np.float32) * 2 - 1)),
    "palette": ("a.png", of(GREY).convert("P")),
    "palette, GIF": ("a.gif", of(GREY)),
    "CMYK": ("a.tif", of(RGB).convert("CMYK")),
    "CMYK, JPEG": ("a.jpg", of(RGB).convert("CMYK")),
    "LAB": ("a.tif", of(RGB).convert("RGB").convert("LAB")),
    "JPEG": ("a.jpg", of(RGB)),
    "grey and opaque": ("a.png", of(np.dstack([GREY, WHITE]))),
    "white, opaque where painted": ("a.png", of(np.dstack([WHITE, GREY]))),
    "the same in RGBA": ("a.png", of(np.dstack([RGB | 255, GREY]))),
    "the same in RGBA, TIFF": ("a.tif", of(np.dstack([RGB | 255, GREY]))),
    "the same in RGBA, WebP": ("a.webp", of(np.dstack([RGB | 255, GREY]))),
    "opacity 0 and 1": ("a.png", of(np.dstack([RGB | 255, HALF.astype(np.uint8)]))),
    "white on black on transparency": ("a.png", of(np.dstack([RGB, np.maximum(GREY, 128)]))),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_says_the_same(tmp_path: Path, kind: str) -> None:
    name, picture = FILES[kind]
    options = {"lossless": True} if name.endswith(".webp") else {}
    picture.save(tmp_path / name, **options)  # type: ignore[arg-type]
    loaded = load_mask(tmp_path / name, PICTURE)
    assert loaded.mask.dtype == np.bool_
    np.testing.assert_array_equal(loaded.mask, HALF)
    assert loaded.note.startswith("mask: ")
    assert loaded.note.endswith("50 % of the picture may change")


@pytest.mark.parametrize(
    ("name", "mode", "transparent"),
    [
        *(("a.png", "1", 0), ("a.png", "L", 0), ("a.png", "I;16", 0), ("a.png", "RGB", (0, 0, 0))),
        *(("a.png", "P", 0), ("a.gif", "P", 0), ("a.png", "P", b"\0\xff")),
    ],
)
def test_a_colour_that_is_declared_transparent_stays(
    tmp_path: Path, name: str, mode: str, transparent: Any
) -> None:
    """White at the right, and at the left the transparent colour: in palettes it is white too."""
    if mode == "P":
        picture = of(HALF.astype(np.uint8))
        picture.putpalette([255] * 6)
    elif mode == "I;16":
        picture = of(HALF.astype(np.uint16) * 65535)
    else:
        picture = of(GREY).convert(mode)
    picture.save(tmp_path / name, transparency=transparent)
    np.testing.assert_array_equal(load_mask(tmp_path / name, PICTURE).mask, HALF)


def test_opacity_multiplies_lightness(tmp_path: Path) -> None:
    """0.8 × 0.8 may change, 0.8 × 0.6 stays."""
    opacity = np.where(HALF, 204, 153).astype(np.uint8)
    path = written(tmp_path / "a.png", np.dstack([np.full_like(GREY, 204), opacity]))
    np.testing.assert_array_equal(load_mask(path, PICTURE).mask, HALF)


@pytest.mark.parametrize("side", [1, 7, 32, 64, 128, 300])
def test_any_size_is_scaled_and_said(tmp_path: Path, side: int) -> None:
    values = np.zeros((side, side), np.uint8)
    values[:, side // 2 :] = 255
    loaded = load_mask(written(tmp_path / "a.png", values), PICTURE)
    assert loaded.mask.shape == (SIDE, SIDE)
    assert abs(loaded.mask.mean() - (values > 0).mean()) < 0.01
    scaled = "" if side == SIDE else f"{side}×{side} scaled to 64×64, "
    assert f"mask: {scaled}" in loaded.note and loaded.note.count("×") in (0, 2)


def test_a_mask_that_is_not_square_is_stretched(tmp_path: Path) -> None:
    values = np.zeros((30, 100), np.uint8)
    values[:, 50:] = 255
    loaded = load_mask(written(tmp_path / "a.png", values), PICTURE)
    np.testing.assert_array_equal(loaded.mask, HALF)
    assert loaded.note == "mask: 100×30 stretched to 64×64, 50 % of the picture may change"


def test_shrinking_goes_by_area(tmp_path: Path) -> None:
    """Of four pixels that become one, two white ones are half of it and one is not."""
    values = np.zeros((2 * SIDE, 2 * SIDE), np.uint8)
    values[::2, SIDE:] = 255
    values[::2, :SIDE:2] = 255
    np.testing.assert_array_equal(
        load_mask(written(tmp_path / "a.png", values), PICTURE).mask, HALF
    )


@pytest.mark.parametrize(
    ("pixels", "percent"),
    [
        *((1, "less than 0.1 %"), (16, "0.4 %"), (400, "9.8 %"), (942, "23 %")),
        *((4095, "more than 99.9 %"), (4096, "100 %"), (4060, "99.1 %")),
    ],
)
def test_how_much_may_change_is_said(tmp_path: Path, pixels: int, percent: str) -> None:
    values = np.zeros(SIDE * SIDE, np.uint8)
    values[:pixels] = 255
    loaded = load_mask(written(tmp_path / "a.png", values.reshape(SIDE, SIDE)), PICTURE)
    assert loaded.note == f"mask: {percent} of the picture may change"


@pytest.mark.parametrize(
    ("values", "white"),
    [
        (HALF.astype(np.uint8), "1 is white"),
        (HALF.astype(np.uint16) * 255, "255 is white"),
        (HALF.astype(np.float32) * 65535, "65535 is white"),
        (HALF.astype(np.float32) * 100_000, "100000 is white"),
        (HALF.astype(np.int32) * 65535, "65535 is white"),
    ],
)
def test_what_is_taken_for_white_is_said_where_the_format_does_not(
    tmp_path: Path, values: NDArray[Any], white: str
) -> None:
    note = load_mask(written(tmp_path / "a.tif", values), PICTURE).note
    assert note == f"mask: {white}, 50 % of the picture may change"


def test_a_mask_lies_as_the_camera_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    path = written(tmp_path / "a.png", np.ascontiguousarray(np.rot90(GREY)), exif=exif)
    np.testing.assert_array_equal(load_mask(path, PICTURE).mask, HALF)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (GREY * 0, "is all black"),
        (np.dstack([GREY * 0, GREY]), "is all black where it is not transparent"),
        (np.dstack([WHITE, GREY * 0]), "is transparent everywhere"),
        (np.full_like(GREY, 120), "has no pixel that is at least half white"),
        (np.dstack([WHITE, np.full_like(GREY, 120)]), "has no pixel that is at least half white"),
        (np.full((SIDE, SIDE), -1.0, np.float32), "is all black"),
    ],
)
def test_a_mask_that_allows_nothing_is_one_line(
    tmp_path: Path, values: NDArray[Any], why: str
) -> None:
    path = written(tmp_path / ("a.tif" if values.dtype == np.float32 else "a.png"), values)
    with pytest.raises(UsageError, match=f"^mask {path} {why}; paint white what may change$"):
        load_mask(path, PICTURE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    path = written(tmp_path / "a.tif", np.where(HALF, value, 0).astype(np.float32))
    with pytest.raises(UsageError, match="no finite numbers"):
        load_mask(path, PICTURE)


def test_what_cannot_be_read_is_one_line_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "eps.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, why in (
        ("text.png", "not a picture of a known format"),
        ("eps.png", "not a picture of a known format"),
        ("missing.png", "No such file or directory"),
        ("folder.png", "it is a folder, not a picture file"),
        ("pipe.png", "it is a pipe, not a picture file"),
    ):
        with pytest.raises(UsageError) as caught:
            load_mask(tmp_path / name, PICTURE)
        assert str(caught.value) == f"mask {tmp_path / name} cannot be read: {why}"
