"""Single files: every mode, and what is broken, hostile or no picture at all."""

from __future__ import annotations

import io
import os
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.pictures import reading
from tui_draggan.pictures.reading import (
    HEAD,
    SUFFIXES,
    UnreadableError,
    decode,
    looks_like_picture,
    quiet_decoders,
    read_picture,
    to_rgb,
)
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.waiting import LIMIT

Colour = tuple[int, int, int]
RED: Colour = (200, 30, 40)
WHITE: Colour = (255, 255, 255)


def rgb(path: Path) -> Bytes:
    return np.asarray(to_rgb(read_picture(path)))


def off(picture: Bytes, colour: Colour) -> int:
    assert picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8
    return int(np.abs(picture.astype(int) - colour).max())


def save(path: Path, mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: Any) -> Path:
    exact = Image.new("RGB", size, RED).convert(mode, palette=Image.Palette.ADAPTIVE)
    exact.save(path, **options)
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
def test_modes_with_colours(tmp_path: Path, name: str, mode: str) -> None:
    assert off(rgb(save(tmp_path / name, mode)), RED) < 12


@pytest.mark.parametrize(
    ("name", "mode", "grey"),
    [
        *(("a.png", "L", 79), ("a.jpg", "L", 79), ("a.png", "LA", 79), ("a.gif", "L", 79)),
        *(("a.pgm", "L", 79), ("a.png", "1", 0)),
    ],
)
def test_modes_without_colours(tmp_path: Path, name: str, mode: str, grey: int) -> None:
    picture = Image.new("L", (20, 20), 79 if mode != "1" else 0).convert(mode)
    picture.save(tmp_path / name)
    assert off(rgb(tmp_path / name), (grey, grey, grey)) <= 2


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for mode in ("RGBA", "LA"):
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert(mode).save(path)
        assert off(rgb(path), WHITE) == 0
    Image.new("RGBA", (20, 20), (0, 0, 0, 51)).save(path)
    assert off(rgb(path), (204, 204, 204)) <= 1
    for picture, clear in (
        (Image.new("RGB", (20, 20), RED), RED),
        (Image.new("L", (20, 20), 7), 7),
        (Image.new("RGB", (20, 20), RED).convert("P"), b"\0" * 256),
    ):
        picture.save(path, transparency=clear)
        assert off(rgb(path), WHITE) == 0


@pytest.mark.parametrize("value", [0, 200, 32768, 65535])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bits_are_scaled_and_not_cut_off(tmp_path: Path, name: str, value: int) -> None:
    """And 200 of them stay as dark as they are."""
    Image.fromarray(np.full((20, 20), value, np.uint16)).save(tmp_path / name)
    grey = round(value / 257)
    assert off(rgb(tmp_path / name), (grey, grey, grey)) <= 1


def test_values_without_a_white_are_refused(tmp_path: Path) -> None:
    for values in (np.full((20, 20), 0.5, np.float32), np.full((20, 20), 70_000, np.int32)):
        Image.fromarray(values).save(tmp_path / "a.tif")
        with pytest.raises(UnreadableError, match="do not say what is white"):
            rgb(tmp_path / "a.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_camera_held_anyhow(tmp_path: Path, name: str, orientation: int) -> None:
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
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name, exif=exif, **options)
    turned = rgb(tmp_path / name)
    for (y, x), colour in {(6, 6): RED, (6, 24): WHITE, (24, 6): (0, 0, 0)}.items():
        assert np.abs(turned[y, x].astype(int) - colour).max() < 12


def test_damaged_exif_costs_no_picture(tmp_path: Path) -> None:
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0", b"Exif\0\0nonsense"):
        save(tmp_path / "a.png", exif=exif)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert off(rgb(tmp_path / "a.png"), RED) == 0


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_only_the_first_frame_of_what_moves(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, (0, 0, 255), WHITE)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert off(rgb(path), RED) < 12


def chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def png_that_claims(width: int, height: int) -> bytes:
    """One bit a pixel, next to nothing in the file."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_decompression_bombs_are_not_decoded(tmp_path: Path, side: int) -> None:
    (tmp_path / "a.png").write_bytes(png_that_claims(side, side))
    with warnings.catch_warnings(), pytest.raises(UnreadableError, match="134 million"):
        warnings.simplefilter("ignore")
        rgb(tmp_path / "a.png")


def bomb(kind: bytes, begin: bytes) -> bytes:
    """A PNG of one pixel with a chunk that expands to 300 MB."""
    packed = zlib.compressobj(9)
    data = begin + b"".join(packed.compress(bytes(1 << 20)) for _ in range(300)) + packed.flush()
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(kind, data) + chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


BOMBS = [
    (b"zTXt", b"Comment\0\0"),
    (b"iTXt", b"Comment\0\1\0\0\0"),
    (b"iCCP", b"Profile\0\0"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "begin"), BOMBS, ids=["text", "international text", "profile"])
def test_bombs_of_text_and_profiles_are_not_expanded(
    tmp_path: Path, kind: bytes, begin: bytes
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bomb(kind, begin))
    assert path.stat().st_size < 400_000
    code = (
        "import resource, sys; from pathlib import Path; from PIL import Image; Image.init()\n"
        "from tui_draggan.pictures.reading import UnreadableError, read_picture\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: print(read_picture(Path(sys.argv[1])).size)\n"
        "except UnreadableError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=True
    )
    said, more = run.stdout.splitlines()
    assert said == "(1, 1)" or "too large" in said
    assert int(more) < 30_000, "kB"


def test_files_too_large_to_be_held_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    save(path)
    os.truncate(path, reading.MAX_BYTES + 1)  # sparse
    with pytest.raises(UnreadableError, match=r"^1\.1 GB, above the limit of 1\.1 GB$"):
        read_picture(path)


@pytest.fixture
def no_files(tmp_path: Path) -> Iterator[dict[str, Path]]:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.png"))
        yield {
            "a pipe": tmp_path / "pipe.png",
            "a folder": tmp_path / "folder.png",
            "a socket": tmp_path / "socket.png",
            "a device": Path("/dev/zero"),
        }


def test_what_is_no_file_is_not_waited_for(no_files: dict[str, Path]) -> None:
    for kind, path in no_files.items():
        with pytest.raises(UnreadableError, match=f"^it is {kind}, not a picture file$"):
            read_picture(path)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize("name", ["a.png", "a", "a.eps", "a.EPS"])
def test_what_would_start_another_program_is_not_opened(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(EPS)
    with Image.open(tmp_path / name) as file:
        assert file.format == "EPS", "Pillow would"
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(UnreadableError, match=r"known format|EPS files are not supported"):
        read_picture(tmp_path / name)
    assert not looks_like_picture(EPS[:HEAD])


def test_every_admitted_format_is_one_that_pillow_decodes_itself() -> None:
    """EPS, IM, FPX, MIC, WMF and the stubs hand over to others, or to a handler of the user's."""
    assert set(reading.FORMATS).isdisjoint(
        {"EPS", "FPX", "MIC", "WMF", "BUFR", "GRIB", "HDF5", "PDF", "IPTC", "MPEG"}
    )


def test_pictures_of_other_formats_are_named(tmp_path: Path) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    for name in ("a.heic", "a.HEIF", "a.jpg", "a"):
        (tmp_path / name).write_bytes(heic)
        with pytest.raises(UnreadableError, match=r"^HEIC files are not supported; convert it to"):
            read_picture(tmp_path / name)
    save(tmp_path / "thumbnail.tif").rename(tmp_path / "a.NEF")
    with pytest.raises(UnreadableError, match=r"^raw camera files are not supported"):
        read_picture(tmp_path / "a.NEF")


@pytest.mark.parametrize("format", [name for name in reading.FORMATS if name != "TGA"])
def test_the_first_bytes_tell_a_picture(format: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (20, 20)).save(stream, format)
    assert looks_like_picture(stream.getvalue()[:HEAD])


@pytest.mark.parametrize(
    "head", [b"", b"text, a caption\n", b"PK\3\4", b'{"labels": null}', bytes(16)]
)
def test_the_first_bytes_tell_what_is_none(head: bytes) -> None:
    assert not looks_like_picture(head)


def test_what_has_no_mark_of_its_own_must_say_by_its_name_what_it_is(tmp_path: Path) -> None:
    save(tmp_path / "a.tga")
    assert off(rgb(tmp_path / "a.tga"), RED) == 0
    with pytest.raises(UnreadableError, match="known format"):
        read_picture((tmp_path / "a.tga").rename(tmp_path / "notes"))


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg").rename(tmp_path / "a.png")
    assert off(rgb(tmp_path / "a.png"), RED) < 12


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "known format"), (b"no picture", "known format"), (b"\x89PNG\r\n\x1a\n", ".+")],
)
def test_broken_files_have_a_reason_of_one_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableError, match=reason) as caught:
        rgb(tmp_path / "a.png")
    assert str(caught.value) and "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"^No such file or directory$"):
        rgb(tmp_path / "a.png")


def encoded(suffix: str) -> bytes:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8))
    stream = io.BytesIO()
    kind = Image.registered_extensions()[f".{suffix}"]
    picture.save(stream, kind)
    return stream.getvalue()


WHOLE = {suffix: encoded(suffix) for suffix in ("png", "jpg", "gif", "webp", "bmp", "tif", "tga")}


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
def test_truncated_files_are_not_taken_for_whole(tmp_path: Path, suffix: str) -> None:
    whole = WHOLE[suffix]
    for share in (0.3, 0.6, 0.9):
        (tmp_path / "a.x").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UnreadableError):
            rgb(tmp_path / "a.x")


@settings(max_examples=150)
@given(st.data())
def test_damage_anywhere_is_a_picture_or_a_reason(data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from(sorted(WHOLE)))
    content = bytearray(WHOLE[suffix])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(
            st.integers(0, 255)
        )
    with quiet_decoders():
        try:
            picture = to_rgb(decode(io.BytesIO(content), may_be_tga=suffix == "tga"))
        except UnreadableError as error:
            assert str(error) and "\n" not in str(error)
        else:
            assert picture.mode == "RGB" and min(picture.size) > 0


def test_suffixes_are_those_of_formats_pillow_knows() -> None:
    known = Image.registered_extensions()
    assert {".jpg", ".png", ".webp"} <= SUFFIXES
    for suffix in SUFFIXES - {".avif"}:
        assert known[suffix] in {*reading.FORMATS, "MPO"}
