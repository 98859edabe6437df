"""Where metadata stands in files, beside Pillow's and PyAV's reading of them; and hostile files."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence, PngImagePlugin

from tui_draggan.pictures import xmp
from tui_draggan.pictures.animation import write_animation
from tui_draggan.pictures.containers import (
    DamagedError,
    content,
    packet_in,
    segments,
    with_packet,
)
from tui_draggan.pictures.png import write_png
from tui_draggan.pictures.provenance import Found, Provenance, found_in, is_carrier
from tui_draggan.pictures.reading import UnreadableError

SESSION = '{"format": "tui-draggan session", "x": "<&]]>\\u00e9\\""}'
PROVENANCE = Provenance(
    "critters", 7, 0.7, None, True, (((1, 2), (3, 4)),), photo=None, session=SESSION
)
FORMATS = (".png", ".gif", ".webp", ".mp4")


def written(folder: Path, suffix: str, provenance: Provenance = PROVENANCE) -> Path:
    """A file of that kind; three pictures where it has several."""
    path = folder / f"a{suffix}"
    if suffix == ".mp4":
        pytest.importorskip("av", reason="the extra [video] is not installed")
    images = list(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8))
    if suffix == ".png":
        write_png(path, images[0], provenance)
    else:
        write_animation(path, images, provenance)
    return path


def decoded(path: Path) -> list[Any]:
    """Its pictures, by another program."""
    if path.suffix == ".mp4":
        import av

        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with Image.open(path) as file:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(file)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_says_what_was_written_and_shows_the_same(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, suffix)
    found = found_in(path)
    assert found.source_type is not None
    assert found.source_type.endswith("/digitalsourcetype/trainedAlgorithmicMedia")
    assert found.intact and found.session == SESSION and not found.problem
    assert found.record["seed"] == 7 and "session" not in found.record
    assert is_carrier(path) and len(decoded(path)) > (suffix != ".png")

    data = path.read_bytes()
    for packet in (b"<a/>", b"x" * 1001):  # even and odd, shorter and longer
        other = with_packet(data, packet)
        assert packet_in(other) == packet and content(other) == content(data)
        (tmp_path / f"other{suffix}").write_bytes(other)
        for one, again in zip(decoded(path), decoded(tmp_path / f"other{suffix}"), strict=True):
            np.testing.assert_array_equal(one, again)
        assert with_packet(other, packet_in(data) or b"") == data


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_pillow_finds_the_packet(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, suffix)
    with Image.open(path) as file:
        assert xmp.properties(file.info["xmp"])["tuidraggan:session"] == SESSION


def test_a_photograph_with_an_edit_in_it_is_a_composite(tmp_path: Path) -> None:
    path = written(tmp_path, ".png", replace(PROVENANCE, composite=True))
    source = found_in(path).source_type
    assert source is not None and source.endswith("/compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_other_programs_do_to_it_is_seen(tmp_path: Path, suffix: str) -> None:
    """Every flipped bit of the picture; what is said beside it may change."""
    path = written(tmp_path, suffix)
    whole = path.read_bytes()
    dice = random.Random(1)
    for one in segments(whole):
        if one.about or one.end - one.start < 9:
            continue
        data, at = bytearray(whole), dice.randrange(one.start + 8, one.end)
        data[at] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        found = found_in(path)
        assert found.intact is False or found.problem, one


def test_a_picture_that_was_saved_by_another_program_is_altered_or_silent(tmp_path: Path) -> None:
    path = written(tmp_path, ".png")
    with Image.open(path) as file:
        file.load()
        kept = PngImagePlugin.PngInfo()
        kept.add_itxt("XML:com.adobe.xmp", file.info["xmp"].decode())
        file.save(tmp_path / "kept.png", pnginfo=kept, compress_level=1)
        file.save(tmp_path / "lost.jpg")
    assert found_in(tmp_path / "kept.png").intact is False
    with pytest.raises(UnreadableError, match="not a PNG, WebP, GIF or MP4"):
        found_in(tmp_path / "lost.jpg")


def test_properties_that_other_programs_write_as_attributes_or_compress(tmp_path: Path) -> None:
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:a="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" a:DigitalSourceType="x/y"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", text, zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    found = found_in(tmp_path / "a.png")
    assert (found.source_type, found.intact, found.session) == ("x/y", None, None)


# -- hostile files ---------------------------------------------------------------------------------


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    every = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    rows = [
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in every
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(rows)


def xmp_chunk(text: bytes, compressed: bool = False) -> tuple[bytes, bytes]:
    flag = b"\1\0" if compressed else b"\0\0"
    return b"iTXt", b"XML:com.adobe.xmp\0" + flag + b"\0\0" + text


BOMB = zlib.compress(bytes(200 << 20), 9)
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
FAR = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


@pytest.mark.parametrize(
    ("text", "compressed", "problem"),
    [
        (BOMB, True, "damaged at iTXt"),
        (b"not zlib", True, "damaged at iTXt"),
        (LAUGHS, False, "declares a document type"),
        (FAR, False, "declares a document type"),
        (b"<a>" * 100_000, False, "nested too deeply"),
        (b"<a", False, "its XMP is damaged"),
        (b"", False, "its XMP is damaged"),
        (b"\xff\xfe\x00\x01", False, "its XMP is damaged"),
    ],
    ids=["bomb", "no zlib", "laughs", "outside", "deep", "cut", "empty", "no text"],
)
def test_packets_that_attack(tmp_path: Path, text: bytes, compressed: bool, problem: str) -> None:
    (tmp_path / "a.png").write_bytes(png(xmp_chunk(text, compressed)))
    assert problem in found_in(tmp_path / "a.png").problem


@pytest.mark.parametrize("record", ["[]", "3", "{", '"x"', "[" * 100_000, '{"a":' * 50_000])
def test_records_that_are_none(tmp_path: Path, record: str) -> None:
    packet = xmp.packet({"tuidraggan:record": record})
    (tmp_path / "a.png").write_bytes(with_packet(png(), packet))
    found = found_in(tmp_path / "a.png")
    assert found.record == {} and found.problem == "its record is damaged"


def test_what_is_no_file_of_a_picture_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("pipe.png", "empty.png", "missing.png"):
        with pytest.raises(UnreadableError):
            found_in(tmp_path / name)
        assert not is_carrier(tmp_path / name)


def test_readers_survive_any_damage(tmp_path: Path) -> None:
    """Cut off, bytes overwritten, pieces twice or gone: something is found, or said."""
    dice = random.Random(0)
    for suffix in FORMATS:
        whole = written(tmp_path, suffix).read_bytes()
        path = tmp_path / f"damaged{suffix}"
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(dice.randrange(1, 4)):
                at, length = dice.randrange(len(data)), dice.randrange(1, 40)
                match dice.randrange(4):
                    case 0:
                        del data[at:]
                    case 1:
                        data[at : at + length] = dice.randbytes(length)
                    case 2:
                        data[at:at] = data[at : at + length]
                    case _:
                        del data[at : at + length]
                if not data:
                    data = bytearray(whole[:20])
            path.write_bytes(data)
            try:
                assert isinstance(found_in(path), Found)
            except UnreadableError:
                continue


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x08ftyp"]),
    st.binary(max_size=200),
)
def test_any_bytes_behind_a_head(head: bytes, rest: bytes) -> None:
    for act in (segments, content, packet_in, lambda data: with_packet(data, b"<a/>")):
        try:
            act(head + rest)
        except DamagedError:
            continue


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_packet(data: bytes) -> None:
    try:
        assert isinstance(xmp.properties(data), dict)
    except xmp.PacketError:
        return


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20)))
def test_any_json_comes_back(values: dict[str, str]) -> None:
    text = json.dumps(values)
    packet = xmp.packet({"tuidraggan:session": text, "xmp:CreatorTool": "x"})
    assert json.loads(xmp.properties(packet)["tuidraggan:session"]) == values
    stream = io.BytesIO()
    Image.new("RGB", (2, 2)).save(stream, format="PNG")
    assert packet_in(with_packet(stream.getvalue(), packet)) == packet
