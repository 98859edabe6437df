"""One picture file as a square of training data."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
)
MAX_PIXELS = 1 << 28
"""Larger pictures are taken for decompression bombs."""


class UnreadableError(Exception):
    """The file is no picture that can be learnt from; the message says why, for the person."""


def square(path: Path, side: int) -> NDArray[np.uint8]:
    """The picture's middle, (side, side, 3) RGB: turned as its EXIF says, on white where it is
    transparent, the first frame where it moves. Raises UnreadableError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as file:
                if file.width * file.height > MAX_PIXELS:
                    raise UnreadableError(f"{file.width}×{file.height} pixels are too many")
                return _square(file, side)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError("not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise UnreadableError("too many pixels") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        reason = str(error).strip().splitlines()
        raise UnreadableError(reason[0] if reason else type(error).__name__) from None


def _square(file: Image.Image, side: int) -> NDArray[np.uint8]:
    # JPEGs are decoded at a fraction of their size where that is enough.
    file.draft("RGB", (2 * side, 2 * side))
    file.load()
    upright = ImageOps.exif_transpose(file)
    fitted = ImageOps.fit(rgb(upright), (side, side), Image.Resampling.LANCZOS)
    return np.asarray(fitted, dtype=np.uint8)


def rgb(picture: Image.Image) -> Image.Image:
    """Any mode to RGB; what is transparent lies on white."""
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        # Pillow cuts 16-bit values off instead of scaling them.
        values = np.asarray(picture, dtype=np.float64)
        scale = 1.0 if values.max() <= 255 else 65535 / 255
        levels = np.clip(values / scale, 0, 255).round().astype(np.uint8)
        return Image.fromarray(levels).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")
