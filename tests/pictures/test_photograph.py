"""Photographs of every kind: read as they are shown, cut as a model sees them, and put back."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import profiles
from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.pictures.crop import Crop, centred
from tui_draggan.pictures.photograph import FullPhotograph, read_photograph, thumbnail
from tui_draggan.size import Size

MODEL = Size(32, 32)
GRADIENT = np.stack(
    np.broadcast_arrays(
        np.linspace(40, 210, 60)[:, None], np.linspace(200, 60, 80)[None], np.float64(120)
    ),
    axis=-1,
).astype(np.uint8)
"""(60, 80, 3), without what JPEG or a filter would change much."""


def written(path: Path, picture: Image.Image | Bytes, **options: Any) -> Path:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(path, **options)
    return path


def off(one: Any, other: Any) -> int:
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())


RGB = Image.fromarray(GRADIENT)
GREY = RGB.convert("L")
KINDS: dict[str, tuple[str, Image.Image, Image.Image, int]] = {
    "PNG": ("a.png", RGB, RGB, 0),
    "JPEG": ("a.jpg", RGB, RGB, 8),
    "CMYK": ("a.tif", RGB.convert("CMYK"), RGB, 2),
    "CMYK, JPEG": ("a.jpg", RGB.convert("CMYK"), RGB, 4),
    "LAB": ("a.tif", RGB.convert("LAB"), RGB, 20),
    "YCbCr": ("a.tif", RGB.convert("YCbCr"), RGB, 6),
    "palette": ("a.png", RGB.quantize(256), RGB, 12),
    "grey": ("a.png", GREY, GREY, 0),
    "grey, 16 bits": ("a.png", Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257), GREY, 0),
    "1 bit": ("a.png", GREY.convert("1"), GREY.convert("1"), 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    name, picture, shown, tolerance = KINDS[kind]
    path = written(tmp_path / name, picture)
    photograph = read_photograph(path)
    assert photograph.pixels.shape == (60, 80, 3) and photograph.size == Size(60, 80)
    assert off(photograph.pixels, shown.convert("RGB")) <= tolerance
    assert photograph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (photograph.file, photograph.notes) == (name, ())


def test_turned_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn clockwise
    path = written(tmp_path / "a.png", np.ascontiguousarray(np.rot90(GRADIENT)), exif=exif)
    assert np.array_equal(read_photograph(path).pixels, GRADIENT)
    assert thumbnail(path, 40).shape == (30, 40, 3)


def test_the_first_of_several_pictures_is_taken_and_said(tmp_path: Path) -> None:
    more = [Image.new("RGB", RGB.size, colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        path = written(tmp_path / name, RGB, save_all=True, append_images=more)
        photograph = read_photograph(path)
        assert photograph.notes == ("it holds several pictures; the first is taken",)
        assert off(photograph.pixels, GRADIENT) < 60


def test_a_cameras_second_picture_is_not_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mpo", RGB, save_all=True, append_images=[RGB])
    assert read_photograph(path).notes == ()


# -- cut -----------------------------------------------------------------------------------------


def test_the_box_is_what_is_cut(tmp_path: Path) -> None:
    photograph = read_photograph(written(tmp_path / "a.png", GRADIENT))
    crop = Crop(30, 20, 32, 32)
    assert np.array_equal(photograph.cut(crop, MODEL), GRADIENT[20:52, 30:62])
    middle = photograph.cut(centred(photograph.size, MODEL), MODEL)
    assert off(middle[16, 16], GRADIENT[30, 40]) <= 6
    upright = photograph.cut(Crop(0, 0, 30, 60), Size(64, 32))
    assert upright.shape == (64, 32, 3)


def test_a_large_photograph_is_averaged_not_sampled(tmp_path: Path) -> None:
    """A checker of single pixels is grey from afar."""
    checker = np.indices((320, 320)).sum(axis=0) % 2 * 255
    path = written(tmp_path / "a.png", np.dstack([checker.astype(np.uint8)] * 3))
    small = read_photograph(path).cut(Crop(0, 0, 320, 320), MODEL)
    assert off(small, 128) <= 2


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    clear = np.dstack([GRADIENT, np.full((60, 80), 255, np.uint8)])
    clear[:, 40:, 3] = 0
    path = written(tmp_path / "a.png", clear)
    photograph = read_photograph(path)
    assert np.array_equal(photograph.pixels, clear)
    cut = photograph.cut(Crop(24, 0, 32, 32), MODEL)
    assert np.array_equal(cut[:, :16], GRADIENT[:32, 24:40]) and (cut[:, 16:] == 255).all()
    opaque = read_photograph(written(path, np.dstack([GRADIENT, clear[..., 3] | 255])))
    assert np.array_equal(opaque.pixels, GRADIENT), "opacity that says nothing is dropped"


# -- colours -------------------------------------------------------------------------------------


def flat(*levels: int) -> Bytes:
    return np.tile(np.array(levels, np.uint8), (40, 40, 1))


@pytest.mark.parametrize("levels", [(120, 120, 120), (90, 140, 110), (200, 150, 120)])
def test_a_wide_profile_is_brought_to_srgb_and_back(
    tmp_path: Path, levels: tuple[int, int, int]
) -> None:
    picture, profile = flat(*levels), profiles.wide_rgb()
    path = written(tmp_path / "a.png", picture, icc_profile=profile)
    photograph = read_photograph(path)
    assert np.array_equal(photograph.pixels, picture) and photograph.profile == profile
    cut = photograph.cut(Crop(0, 0, 32, 32), MODEL)
    expected = profiles.wide_to_srgb(np.array(levels, np.float32))
    assert off(cut, picture[:32, :32]) > 10, "else nothing is shown"
    assert off(cut, np.rint(expected)) <= 1
    back = photograph.with_square(Crop(0, 0, 40, 40), cut)
    assert off(back, picture) <= 2


def test_grey_with_a_profile(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.png", np.full((40, 40), 100, np.uint8), icc_profile=profiles.grey()
    )
    photograph = read_photograph(path)
    assert off(photograph.pixels, round(profiles.grey_to_srgb(100))) <= 1
    assert photograph.profile is None and photograph.notes == ()


def test_inks_with_a_profile(tmp_path: Path) -> None:
    inks = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    path = written(tmp_path / "a.tif", inks, icc_profile=profiles.cmyk())
    photograph = read_photograph(path)
    assert photograph.profile is None and photograph.notes == ()
    assert off(photograph.pixels, np.rint(profiles.lab_to_srgb(profiles.CYAN_LAB))) <= 3
    assert off(photograph.pixels, np.asarray(inks.convert("RGB"))) > 50, "not the plain formula"


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", b"\0" * 200, profiles.wide_rgb()[:200], profiles.grey(), profiles.cmyk()],
)
def test_a_profile_of_no_use_is_said(tmp_path: Path, profile: bytes) -> None:
    path = written(tmp_path / "a.png", GRADIENT, icc_profile=profile)
    photograph = read_photograph(path)
    assert photograph.notes == ("its colour profile cannot be used; taken as sRGB",)
    assert np.array_equal(photograph.pixels, GRADIENT) and photograph.profile is None


# -- put back ------------------------------------------------------------------------------------

NOISE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
PHOTOGRAPH = FullPhotograph("a.png", "0" * 64, NOISE)
CROP = Crop(100, 80, 120, 120)
INSIDE = (slice(80, 200), slice(100, 220))


def test_outside_the_box_it_is_the_photograph_to_the_bit() -> None:
    full = PHOTOGRAPH.with_square(CROP, np.full((32, 32, 3), 77, np.uint8))
    assert full.shape == NOISE.shape and full is not NOISE
    changed = (full != NOISE).any(axis=2)
    changed[81:199, 101:219] = False
    assert not changed.any(), "nor at its border"
    assert (full[INSIDE][12:-12, 12:-12] == 77).all(), "and inside the seam all of the edit"


def test_the_seam_never_overshoots() -> None:
    """Between the two pictures, monotonously."""
    black = FullPhotograph("a", "0" * 64, np.zeros((200, 200, 3), np.uint8))
    full = black.with_square(Crop(50, 50, 100, 100), np.full((32, 32, 3), 200, np.uint8))
    across = full[100, 50:100, 0].astype(int)
    assert across[0] == 0 and across[-1] == 200 and (np.diff(across) >= 0).all()
    assert 3 < np.count_nonzero((across > 0) & (across < 200)) < 12


def test_a_large_box_has_no_bands() -> None:
    """It is blended some rows at a time: what is alike from all sides stays so."""
    black = FullPhotograph("a", "0" * 64, np.zeros((700, 700, 3), np.uint8))
    full = black.with_square(Crop(20, 20, 660, 660), np.full((32, 32, 3), 200, np.uint8))
    assert (full[80:620, 80:620] == 200).all()
    for other in (full[::-1], full[:, ::-1], full.transpose(1, 0, 2)):
        assert np.array_equal(full, other)


def test_along_the_photographs_own_sides_there_is_no_seam() -> None:
    photograph = FullPhotograph("a", "0" * 64, NOISE[:120, :200])
    edited = np.full((32, 32, 3), 77, np.uint8)
    full = photograph.with_square(Crop(0, 0, 120, 120), edited)
    assert (full[:, :100] == 77).all(), "top, bottom and left are the photograph's"
    assert np.array_equal(full[:, 119:], NOISE[:120, 119:200])


def test_what_was_not_edited_comes_back() -> None:
    """A box of the model's own size, unchanged: nothing changes at all."""
    crop = Crop(7, 11, 32, 32)
    assert np.array_equal(PHOTOGRAPH.with_square(crop, PHOTOGRAPH.cut(crop, MODEL)), NOISE)


def test_transparency_stays_and_alpha_of_the_model_counts() -> None:
    opacity = np.full((300, 400, 1), 255, np.uint8)
    opacity[:, 150:] = 128
    photograph = FullPhotograph("a", "0" * 64, np.concatenate([NOISE, opacity], axis=2))
    full = photograph.with_square(CROP, np.full((32, 32, 3), 77, np.uint8))
    assert np.array_equal(full[..., 3:], opacity)
    crop = Crop(200, 100, 32, 32)
    same = photograph.with_square(crop, photograph.cut(crop, MODEL))
    assert off(same, photograph.pixels) <= 2, "seen over white, and put back from over white"
    see_through = np.zeros((32, 32, 4), np.uint8)
    assert np.array_equal(PHOTOGRAPH.with_square(CROP, see_through), NOISE)


def test_a_box_of_another_photograph_is_refused() -> None:
    with pytest.raises(UsageError, match="reaches beyond the photograph's 400×300 px"):
        PHOTOGRAPH.with_square(Crop(350, 0, 64, 64), np.zeros((32, 32, 3), np.uint8))


# -- what is no photograph -----------------------------------------------------------------------


def bomb(path: Path) -> None:
    """A PNG that promises 14,000 × 14,000 pixels."""
    header = struct.pack(">IIBBBBB", 14_000, 14_000, 8, 2, 0, 0, 0)
    chunks = b""
    for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000)))):
        body = kind + content
        chunks += struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def truncated(path: Path) -> None:
    intact = written(path, NOISE).read_bytes()
    path.write_bytes(intact[: len(intact) // 2])


@pytest.mark.parametrize("read", [read_photograph, lambda path: thumbnail(path, 64)])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("not a picture"), "not a picture of a known format"),
        (lambda path: path.touch(), "not a picture of a known format"),
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "it is a folder, not a picture file"),
        (bomb, "14000×14000 pixels, above the limit of 134 million|its number of pixels"),
        (truncated, "truncated"),
        (
            lambda path: written(path, np.full((20, 20), 0.5, np.float32), format="TIFF"),
            "do not say what is white",
        ),
    ],
)
def test_what_is_none_is_refused_in_a_line(
    tmp_path: Path,
    read: Callable[[Path], object],
    make: Callable[[Path], object],
    message: str,
) -> None:
    path = tmp_path / "a\x1b.png"
    make(path)
    with pytest.raises(UsageError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith("photograph ") and str(caught.value).isprintable()


def test_a_photograph_of_one_pixel(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(UsageError, match=r"a\.png is 1×1 px; expected 16 px a side or more"):
        read_photograph(path)
