"""One picture file as a square of training data."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.pictures.reading import PictureFile, read_picture, to_rgb


def square(file: PictureFile, side: int) -> Bytes:
    """The picture's middle, (side, side, 3) RGB: turned as its EXIF says, on white where it is
    transparent, the first frame where it moves. Raises UnreadableError.

    Warnings are the caller's to silence.
    """
    # JPEGs are decoded at a fraction of their size where that is enough.
    middle = to_rgb(_middle(read_picture(file, enough=2 * side)))
    if middle.size != (side, side):
        middle = middle.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(middle, dtype=np.uint8)


def _middle(picture: Image.Image) -> Image.Image:
    """The largest square in the middle; whole pixels, so that nothing is blurred."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))
