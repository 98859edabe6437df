"""One picture file as a square of training data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tui_draggan.arrays import Bytes

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
"""What a file may hold, whatever its name says: formats that are decoded in this process alone,
and not, like EPS, by starting another program."""
SUFFIXES = frozenset(" ".join(FORMATS.values()).split())
MAX_PIXELS = 1 << 27
"""Larger pictures are taken for decompression bombs; the largest cameras have 10⁸."""


class UnreadableError(Exception):
    """The file is no picture that can be learnt from; the message says why, for the person."""


def square(path: Path, side: int) -> Bytes:
    """The picture's middle, (side, side, 3) RGB: turned as its EXIF says, on white where it is
    transparent, the first frame where it moves. Raises UnreadableError.

    Warnings are the caller's to silence: Python can only do so for all threads at once.
    """
    try:
        with Image.open(path, formats=_formats()) as file:
            if file.width * file.height > MAX_PIXELS:
                raise UnreadableError(
                    f"{file.width}×{file.height} pixels, more than {MAX_PIXELS // 10**6} million"
                )
            return _square(file, side)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError("not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise UnreadableError(f"more than {MAX_PIXELS // 10**6} million pixels") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise UnreadableError(_reason(error)) from None


@cache
def _formats() -> tuple[str, ...]:
    """Those this Pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _square(file: Image.Image, side: int) -> Bytes:
    # JPEGs are decoded at a fraction of their size where that is enough.
    file.draft("RGB", (2 * side, 2 * side))
    file.load()
    middle = rgb(_middle(_upright(file)))
    if middle.size != (side, side):
        middle = middle.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(middle, dtype=np.uint8)


def _middle(picture: Image.Image) -> Image.Image:
    """The largest square in the middle; whole pixels, so that nothing is blurred."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF says nothing, and the picture may be whole
        return picture


def rgb(picture: Image.Image) -> Image.Image:
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


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = str(error).strip().splitlines()
    return words[0] if words else type(error).__name__
