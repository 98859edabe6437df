"""Single files: every mode, and what is broken."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tui_draggan.training.data import pictures
from tui_draggan.training.data.pictures import SUFFIXES, UnreadableError, square

SIDE = 16
RED, WHITE = (200, 30, 40), (255, 255, 255)


def off(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8
    return int(np.abs(picture.astype(int) - colour).max())


def save(path: Path, mode: str = "RGB", colour=RED, size=(40, 30), **options) -> Path:
    Image.new("RGB", size, colour).convert(mode).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("a.png", "RGB"), ("a.png", "P"), ("a.png", "RGBA"), ("a.gif", "P")),
        *(("A.JPG", "RGB"), ("a.jpeg", "CMYK"), ("a.jpg", "YCbCr"), ("a.webp", "RGB")),
        *(("a.tif", "CMYK"), ("a.tif", "YCbCr"), ("a.tif", "LAB"), ("a.bmp", "RGB")),
        *(("a.ppm", "RGB"), ("a.tga", "RGBA"), ("a.jp2", "RGB")),
    ],
)
def test_modes_with_colours(tmp_path: Path, name: str, mode: str):
    assert off(square(save(tmp_path / name, mode), SIDE), RED) < 12


@pytest.mark.parametrize(
    ("name", "mode", "grey"),
    [
        *(("a.png", "L", 79), ("a.jpg", "L", 79), ("a.png", "LA", 79), ("a.gif", "L", 79)),
        *(("a.pgm", "L", 79), ("a.png", "1", 0)),
    ],
)
def test_modes_without_colours(tmp_path: Path, name: str, mode: str, grey: int):
    picture = Image.new("L", (20, 20), 79 if mode != "1" else 0).convert(mode)
    picture.save(tmp_path / name)
    assert off(square(tmp_path / name, SIDE), (grey, grey, grey)) <= 2


def test_transparency_lies_on_white(tmp_path: Path):
    path = tmp_path / "a.png"
    for mode in ("RGBA", "LA"):
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert(mode).save(path)
        assert off(square(path, SIDE), WHITE) == 0
    Image.new("RGBA", (20, 20), (0, 0, 0, 51)).save(path)
    assert off(square(path, SIDE), (204, 204, 204)) <= 1
    for picture, clear in (
        (Image.new("RGB", (20, 20), RED), RED),
        (Image.new("L", (20, 20), 7), 7),
        (Image.new("RGB", (20, 20), RED).convert("P"), b"\0" * 256),
    ):
        picture.save(path, transparency=clear)
        assert off(square(path, SIDE), WHITE) == 0


@pytest.mark.parametrize("value", [0, 200, 32768, 65535])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bits_are_scaled_and_not_cut_off(tmp_path: Path, name: str, value: int):
    """And 200 of them stay as dark as they are."""
    Image.fromarray(np.full((20, 20), value, np.uint16)).save(tmp_path / name)
    grey = round(value / 257)
    assert off(square(tmp_path / name, SIDE), (grey, grey, grey)) <= 1


def test_values_without_a_white_are_refused(tmp_path: Path):
    for values in (np.full((20, 20), 0.5, np.float32), np.full((20, 20), 70_000, np.int32)):
        Image.fromarray(values).save(tmp_path / "a.tif")
        with pytest.raises(UnreadableError, match="do not say what is white"):
            square(tmp_path / "a.tif", SIDE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_camera_held_anyhow(tmp_path: Path, name: str, orientation: int):
    """As it is shown: red at the top left, then the file is turned and says so."""
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:16, :16] = RED
    upright[:16, 16:] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "a.webp" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name, exif=exif, **options)
    turned = square(tmp_path / name, SIDE)
    for (y, x), colour in {(3, 3): RED, (3, 12): WHITE, (12, 3): (0, 0, 0)}.items():
        assert np.abs(turned[y, x].astype(int) - colour).max() < 12


def test_damaged_exif_costs_no_picture(tmp_path: Path):
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0", b"Exif\0\0nonsense"):
        save(tmp_path / "a.png", exif=exif)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert off(square(tmp_path / "a.png", SIDE), RED) == 0


def test_the_middle_of_a_long_picture_is_cut_out_sharp(tmp_path: Path):
    rng = np.random.default_rng(0)
    middle = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    for before, after in ((7, 7), (3, 4), (0, 1), (0, 0)):
        wide = np.pad(middle, ((0, 0), (before, after), (0, 0)))
        Image.fromarray(wide).save(tmp_path / "a.png")
        assert np.array_equal(square(tmp_path / "a.png", SIDE), middle)
        Image.fromarray(np.ascontiguousarray(wide.transpose(1, 0, 2))).save(tmp_path / "a.png")
        assert np.array_equal(square(tmp_path / "a.png", SIDE), middle.transpose(1, 0, 2))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2), (1500, 1100)])
def test_any_size(tmp_path: Path, size: tuple[int, int]):
    assert off(square(save(tmp_path / "a.png", size=size), SIDE), RED) <= 1
    assert off(square(save(tmp_path / "a.jpg", size=size), SIDE), RED) < 12


def test_large_jpegs_are_as_sharp_as_if_decoded_whole(tmp_path: Path):
    y, x = np.mgrid[:512, :512] / 512
    smooth = np.stack([x, y, 0.5 + 0.5 * np.sin(9 * x * y)], axis=-1)
    Image.fromarray((smooth * 255).astype(np.uint8)).save(tmp_path / "a.jpg", quality=98)
    whole = Image.open(tmp_path / "a.jpg").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    assert np.abs(square(tmp_path / "a.jpg", SIDE) - np.asarray(whole, int)).mean() < 1.5


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_only_the_first_frame_of_what_moves(tmp_path: Path, suffix: str):
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, (0, 0, 255), WHITE)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert off(square(path, SIDE), RED) < 12


def png_that_claims(width: int, height: int) -> bytes:
    """One bit a pixel, next to nothing in the file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_decompression_bombs_are_not_decoded(tmp_path: Path, side: int):
    (tmp_path / "a.png").write_bytes(png_that_claims(side, side))
    with warnings.catch_warnings(), pytest.raises(UnreadableError, match="134 million"):
        warnings.simplefilter("ignore")
        square(tmp_path / "a.png", SIDE)


def test_what_would_start_another_program_is_not_opened(tmp_path: Path):
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "a.png").write_bytes(eps)
    with Image.open(tmp_path / "a.png") as file:
        assert file.format == "EPS", "Pillow would"
    with pytest.raises(UnreadableError, match="known format"):
        square(tmp_path / "a.png", SIDE)


def test_the_content_decides_and_not_the_name(tmp_path: Path):
    save(tmp_path / "a.jpg").rename(tmp_path / "a.png")
    assert off(square(tmp_path / "a.png", SIDE), RED) < 12


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "known format"), (b"no picture", "known format"), (b"\x89PNG\r\n\x1a\n", ".+")],
)
def test_broken_files_have_a_reason_of_one_line(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableError, match=reason) as caught:
        square(tmp_path / "a.png", SIDE)
    assert str(caught.value) and "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_has_gone(tmp_path: Path):
    with pytest.raises(UnreadableError, match=r"^No such file or directory$"):
        square(tmp_path / "a.png", SIDE)


def encoded(suffix: str) -> bytes:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8))
    stream = io.BytesIO()
    kind = Image.registered_extensions()[f".{suffix}"]
    picture.save(stream, kind)
    return stream.getvalue()


WHOLE = {suffix: encoded(suffix) for suffix in ("png", "jpg", "gif", "webp", "bmp", "tif", "tga")}


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
def test_truncated_files_are_not_taken_for_whole(tmp_path: Path, suffix: str):
    whole = WHOLE[suffix]
    for share in (0.3, 0.6, 0.9):
        (tmp_path / "a.x").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UnreadableError):
            square(tmp_path / "a.x", SIDE)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_is_a_picture_or_a_reason(data: st.DataObject):
    content = bytearray(WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(
            st.integers(0, 255)
        )
    path = io.BytesIO(bytes(content))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = square(path, SIDE)  # type: ignore[arg-type] - Pillow takes both
        except UnreadableError as error:
            assert str(error) and "\n" not in str(error)
        else:
            assert picture.shape == (SIDE, SIDE, 3)


def test_suffixes_are_those_of_formats_pillow_knows():
    known = Image.registered_extensions()
    assert {".jpg", ".png", ".webp"} <= SUFFIXES
    for suffix in SUFFIXES - {".avif"}:
        assert known[suffix] in {*pictures.FORMATS, "MPO"}
