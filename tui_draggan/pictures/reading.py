"""The one reader of pictures that a person gives: masks, training pictures, photographs.

A file decides by its content what it is, and only formats are admitted that are decoded in this
process alone: Pillow would start Ghostscript for an EPS. What would wait for ever (pipes, devices)
or take all memory (bombs of pixels, text or profiles) is refused before it is decoded.
"""

from __future__ import annotations

import os
import stat
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePath
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tui_draggan.files import kind_of, reason_of
from tui_draggan.wording import printable

PictureFile = Path | zipfile.Path
"""A file of its own, or one in an archive."""
FORMATS = {
    "PNG": ".png .apng",
    "JPEG": ".jpg .jpeg .jpe .jfif .mpo",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "TIFF": ".tif .tiff",
    "GIF": ".gif",
    "PPM": ".ppm .pgm .pbm .pnm",
    "TGA": ".tga",
    "JPEG2000": ".jp2 .j2k",
    "AVIF": ".avif",
}
"""Admitted formats by Pillow's name, with the suffixes they usually have."""
SUFFIXES = frozenset(" ".join(FORMATS.values()).split())
OTHERS = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".jxl": "JPEG XL",
    ".psd": "Photoshop",
    ".xcf": "GIMP",
    ".svg": "SVG",
    ".eps": "EPS",
    ".pdf": "PDF",
    ".exr": "OpenEXR",
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), "raw camera"),
}
"""Suffixes of pictures that are not admitted. Some raw camera files would pass for TIFF, and give
their thumbnail."""
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
HEAD = 16
"""Bytes that tell every admitted format but TGA, which has no mark of its own."""
MAX_PIXELS = 1 << 27
"""Larger pictures are taken for decompression bombs; the largest cameras have 10⁸."""
TOO_MANY = f"above the limit of {MAX_PIXELS // 10**6} million"
MAX_BYTES = 1 << 30
"""Larger files are refused: some decoders read the whole file at once."""


class UnreadableError(Exception):
    """The file is no picture that can be read; the message says why, without the file's name."""


def read_picture(file: PictureFile, enough: int | None = None) -> Image.Image:
    """The first frame, decoded, in the file's own mode, turned as its EXIF says.

    enough: JPEGs may be decoded at a fraction of their size that has this many pixels a side.
    Raises UnreadableError. Warnings are the caller's to silence, by `quiet_decoders`.
    """
    suffix = suffix_of(file)
    with opened(file) as stream:
        return decode(stream, enough, may_be_tga=suffix == ".tga")


def recognise(file: PictureFile) -> None:
    """Looks at name and first bytes alone. Raises UnreadableError where it is no picture."""
    with opened(file) as stream:
        head = stream.read(HEAD)
    if not looks_like_picture(head):
        raise UnreadableError(_unknown(head))


def decode(stream: BinaryIO, enough: int | None = None, may_be_tga: bool = False) -> Image.Image:
    """As `read_picture`, from a stream that can be rewound. Raises UnreadableError."""
    head = b""
    try:
        head = stream.read(HEAD)
        stream.seek(0)
        with Image.open(stream, formats=_formats(may_be_tga)) as file:
            if file.width * file.height > MAX_PIXELS:
                raise UnreadableError(f"{file.width}×{file.height} pixels, {TOO_MANY}")
            if enough is not None:
                file.draft("RGB", (enough, enough))
            file.load()
            return _upright(file)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError(_unknown(head)) from None
    except Image.DecompressionBombError:
        raise UnreadableError(f"its number of pixels is {TOO_MANY}") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise UnreadableError(_first_line(error)) from None


def has_more_frames(stream: BinaryIO) -> bool:
    """Whether a picture that `decode` has read is the first of several: an animation's, or pages.
    What a camera's JPEG (MPO) holds beside its picture is none."""
    try:
        with Image.open(stream, formats=_formats(False)) as file:
            return file.format != "MPO" and bool(getattr(file, "is_animated", False))
    except Exception:  # damaged behind the first
        return False


def looks_like_picture(head: bytes) -> bool:
    """Whether the first `HEAD` bytes of a file are those of an admitted format."""
    return not _is_heic(head) and any(accepts(head) for accepts in _recognisers())


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """While entered, Pillow's warnings of what is odd in a file go nowhere.

    Python can only silence a warning for all threads at once, so one thread enters this for all.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# -- modes -----------------------------------------------------------------------------------------


def to_rgb(picture: Image.Image) -> Image.Image:
    """Any mode to RGB; what is transparent lies on white. Raises UnreadableError."""
    if picture.mode == "F":
        raise UnreadableError("floating-point values, which do not say what is white")
    if picture.mode.startswith("I"):
        return _from_16_bits(np.asarray(picture))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def _from_16_bits(values: NDArray[np.integer]) -> Image.Image:
    """Grey of 16 bits, which Pillow would cut off and not scale."""
    if values.min() < 0 or values.max() > 65535:
        raise UnreadableError("32-bit values, which do not say what is white")
    levels = np.rint(values / np.float32(257)).astype(np.uint8)
    return Image.fromarray(levels).convert("RGB")


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF says nothing, and the picture may be intact
        return picture


# -- files -----------------------------------------------------------------------------------------


def suffix_of(file: PictureFile) -> str:
    """In lower case, with its dot."""
    return PurePath(file.at if isinstance(file, zipfile.Path) else file).suffix.lower()


@contextmanager
def opened(file: PictureFile) -> Iterator[BinaryIO]:
    """A file that may be a picture. Raises UnreadableError, for what goes wrong while it is read
    too."""
    suffix = suffix_of(file)
    if suffix in OTHERS:
        raise UnreadableError(_not_admitted(OTHERS[suffix]))
    try:
        with _opened_here(file) if isinstance(file, Path) else _opened_in_archive(file) as stream:
            yield stream
    except OSError as error:
        raise UnreadableError(reason_of(error)) from None


@contextmanager
def _opened_here(path: Path) -> Iterator[BinaryIO]:
    """Never waits: a pipe would, and opening a device may do anything."""
    _check_kind(path.stat())
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        _check_kind(os.fstat(handle))  # it may have been replaced meanwhile
        yield stream


def _check_kind(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError(f"it is {kind_of(found.st_mode)}, not a picture file")
    _check_size(found.st_size)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise UnreadableError(f"{size / 1e9:.1f} GB, above the limit of {MAX_BYTES / 1e9:.1f} GB")


@contextmanager
def _opened_in_archive(file: zipfile.Path) -> Iterator[BinaryIO]:
    """Unpacked while it is read, to the size the archive says at most."""
    try:
        _check_size(file.root.getinfo(file.at).file_size)
        with file.open("rb") as stream:
            yield cast("BinaryIO", stream)
    except (KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableError(_first_line(error)) from None


@cache
def _formats(may_be_tga: bool) -> tuple[str, ...]:
    """Those this Pillow has. Nearly any file could be a TGA, so its name has to say so."""
    Image.init()
    names = (name for name in FORMATS if name in Image.OPEN)
    return tuple(name for name in names if may_be_tga or name != "TGA")


@cache
def _recognisers() -> tuple[Callable[[bytes], bool | str], ...]:
    """Pillow's own, by the first bytes."""
    accepts = (Image.OPEN[name][1] for name in _formats(False))
    return tuple(one for one in accepts if one is not None)


def _unknown(head: bytes) -> str:
    return _not_admitted("HEIC") if _is_heic(head) else "not a picture of a known format"


def _is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def _not_admitted(kind: str) -> str:
    return f"{kind} files are not supported; convert it to .png or .jpg"


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = str(error).strip().splitlines()
    return printable(words[0]) if words else type(error).__name__
