"""Files of pictures as rows of segments: what is picture, what is said about it, and where an XMP
packet stands (XMP specification, part 3; a GIF's sections 1.1.2, an MP4's 1.1.5, a PNG's 1.1.6, a
WebP's by its container specification).

Nothing is decoded, and every length is checked against what is there.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LARGEST = 64 << 20
"""Bytes of a packet; a session at 1024 px has 0.2 MB."""
PNG, GIF, RIFF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a"), b"RIFF"
HEAD = 12
"""Bytes that tell the format."""


class DamagedError(Exception):
    """The file ends too early, or contradicts itself; the message says where."""


@dataclass(frozen=True)
class Segment:
    """Bytes from `start` to `end`."""

    name: bytes
    start: int
    end: int
    about: bool = False
    """Whether it is not of the picture, but says something about it."""
    packet: tuple[int, int] | None = None
    """Where an XMP packet stands in it, as bytes of the file."""


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so is of one of these formats."""
    return _walker(head) is not None


def segments(data: bytes) -> list[Segment]:
    """All of a file, in order. Raises DamagedError, for other formats too."""
    walk = _walker(data[:HEAD])
    if walk is None:
        raise DamagedError("not a PNG, WebP, GIF or MP4")
    try:
        return list(walk(data))
    except (struct.error, IndexError):
        raise DamagedError("it ends too early") from None


def content(data: bytes) -> str:
    """SHA-256 of the segments that are the picture. Raises DamagedError."""
    digest = hashlib.sha256()
    for one in segments(data):
        if not one.about:
            digest.update(one.name)
            digest.update(memoryview(data)[one.start : one.end])
    return digest.hexdigest()


def packet_in(data: bytes) -> bytes | None:
    """The first XMP packet; None where there is none. Raises DamagedError."""
    for one in segments(data):
        if one.packet is not None:
            first, last = one.packet
            if last - first > LARGEST:
                raise DamagedError("its XMP is too large")
            return data[first:last] if one.name != b"iTXt" else _international(data[first:last])
    return None


def with_packet(data: bytes, packet: bytes) -> bytes:
    """With that XMP packet in place of any other. packet: without zero bytes. Raises DamagedError,
    for a WebP too that has no extended header to say so."""
    kept = [one for one in segments(data) if one.packet is None]
    body = b"".join(data[one.start : one.end] for one in kept)
    head = data[:HEAD]
    if head.startswith(PNG):
        first = kept[1].end  # behind the header, since readers stop at the picture
        return body[:first] + _png_chunk(b"iTXt", _PNG_KEY + packet) + body[first:]
    if head.startswith(GIF):
        first = kept[0].end
        return body[:first] + _GIF_KEY + packet + _GIF_TRAILER + body[first:]
    if head.startswith(RIFF):
        if len(kept) < 2 or kept[1].name != b"VP8X":
            raise DamagedError("a WebP without an extended header")
        body += b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
        flags = 20  # of the extended header, behind the file's
        body = body[:flags] + bytes([body[flags] | _WEBP_XMP]) + body[flags + 1 :]
        return body[:4] + struct.pack("<I", len(body) - 8) + body[8:]
    return body + struct.pack(">I4s", 24 + len(packet), b"uuid") + _MP4_XMP + packet


# -- PNG -------------------------------------------------------------------------------------------

_PNG_KEY = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Keyword; not compressed; no language, no translation."""
_PNG_ABOUT = {b"iTXt", b"tEXt", b"zTXt", b"eXIf", b"tIME", b"caBX"}


def _png(data: bytes) -> Iterator[Segment]:
    yield Segment(b"", 0, len(PNG))
    at, name = len(PNG), b""
    while at < len(data) and name != b"IEND":
        size, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        _check(end <= len(data), name)
        (expected,) = struct.unpack_from(">I", data, end - 4)
        _check(zlib.crc32(memoryview(data)[at + 4 : end - 4]) == expected, name)
        first = at + 8
        is_xmp = name == b"iTXt" and data.startswith(_PNG_KEY[:18], first)
        packet = (first, end - 4) if is_xmp else None
        yield Segment(name, at, end, name in _PNG_ABOUT, packet)
        at = end
    _check(name == b"IEND", b"IEND")
    if at < len(data):
        yield Segment(b"behind", at, len(data))


def _png_chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _international(text: bytes) -> bytes:
    """What an iTXt chunk says. Raises DamagedError."""
    _, _, rest = text.partition(b"\0")
    compressed, method = rest[0:1], rest[1:2]
    parts = rest[2:].split(b"\0", 2)  # language, translated keyword, text
    _check(len(parts) == 3, b"iTXt")
    if compressed in (b"\0", b""):
        return parts[2]
    _check(method == b"\0", b"iTXt")
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(parts[2], LARGEST)
    except zlib.error:
        raise DamagedError("damaged at iTXt") from None
    _check(not unpacker.unconsumed_tail, b"iTXt")
    return unpacked


# -- WebP ------------------------------------------------------------------------------------------

_WEBP_ABOUT = {b"XMP ", b"EXIF", b"C2PA"}
_WEBP_XMP = 4
"""Flag of the extended header."""


def _webp(data: bytes) -> Iterator[Segment]:
    (size,) = struct.unpack_from("<I", data, 4)
    end = 8 + size
    _check(end <= len(data), b"RIFF")
    yield Segment(b"RIFF", 0, HEAD, True)  # its size counts what is said too
    at = HEAD
    while at < end:
        name, size = struct.unpack_from("<4sI", data, at)
        first, last = at + 8, at + 8 + size
        after = last + size % 2
        _check(after <= end, name)
        packet = (first, last) if name == b"XMP " else None
        # The extended header has flags of what is said.
        yield Segment(name, at, after, name in _WEBP_ABOUT or name == b"VP8X", packet)
        at = after
    if end < len(data):
        yield Segment(b"behind", end, len(data))


# -- GIF -------------------------------------------------------------------------------------------

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF
_GIF_KEY = b"\x21\xff\x0bXMP DataXMP"
_GIF_TRAILER = bytes([1, *range(255, -1, -1), 0])
"""Brings whoever takes the packet for blocks with lengths to its end."""
_GIF_ABOUT = (b"XMP DataXMP", b"C2PA_GIF")


def _gif(data: bytes) -> Iterator[Segment]:
    at = 13 + _colours(data[10])
    _check(at <= len(data), b"header")
    yield Segment(b"header", 0, at)
    while True:
        start, kind = at, data[at]
        if kind == _TRAILER:
            yield Segment(b"end", start, start + 1)
            break
        if kind == _EXTENSION:
            label, key = data[at + 1], data[at + 3 : at + 14]
            at = _behind_blocks(data, at + 2)
            of_application = label == _APPLICATION and key.startswith(_GIF_ABOUT)
            packet = None
            if label == _APPLICATION and key == _GIF_ABOUT[0]:
                packet = (start + len(_GIF_KEY), max(start + len(_GIF_KEY), at - len(_GIF_TRAILER)))
            yield Segment(b"extension", start, at, label == _COMMENT or of_application, packet)
        else:
            _check(kind == _IMAGE, b"block")
            at = _behind_blocks(data, at + 11 + _colours(data[at + 9]))
            yield Segment(b"image", start, at)
    if start + 1 < len(data):
        yield Segment(b"behind", start + 1, len(data))


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """Where a row of blocks, each with its length, has ended. Raises IndexError."""
    while length := data[at]:
        at += 1 + length
    return at + 1


# -- MP4 -------------------------------------------------------------------------------------------

_MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def _mp4(data: bytes) -> Iterator[Segment]:
    """The boxes of the file. Only what they hold of the film counts as the picture: where it stands
    is moved by whoever adds a box before it."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        first = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, first)
            first += 8
        end = at + size if size else len(data)
        _check(first <= end <= len(data), name)
        packet = None
        if name == b"uuid" and data.startswith(_MP4_XMP, first):
            packet = (first + 16, end)
        yield Segment(name, at, end, name != b"mdat", packet)
        at = end


def _check(holds: bool, name: bytes) -> None:
    """Raises DamagedError."""
    if not holds:
        raise DamagedError(f"damaged at {name.decode('ascii', 'replace')}")


def _walker(head: bytes) -> Callable[[bytes], Iterator[Segment]] | None:
    if head.startswith(PNG):
        return _png
    if head.startswith(GIF):
        return _gif
    if head.startswith(RIFF) and head[8:12] == b"WEBP":
        return _webp
    return _mp4 if head[4:8] == b"ftyp" else None
