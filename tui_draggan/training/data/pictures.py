"""One picture file as training data, or as what a generator's pictures are compared with."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.pictures.reading import PictureFile, read_picture, to_rgb
from tui_draggan.size import Size


def middle_of(file: PictureFile, size: Size) -> Bytes:
    """The picture's middle in that size, (height, width, 3) RGB: turned as its EXIF says, on white
    where it is transparent, the first frame where it moves. Raises UnreadableError.

    Warnings are the caller's to silence.
    """
    # JPEGs are decoded at a fraction of their size where that is enough.
    part = to_rgb(_middle(read_picture(file, enough=2 * size.longer), size))
    wanted = size.width, size.height
    if part.size != wanted:
        part = part.resize(wanted, Image.Resampling.LANCZOS)
    return np.asarray(part, dtype=np.uint8)


def _middle(picture: Image.Image, size: Size) -> Image.Image:
    """The largest part of those proportions in the middle; whole pixels, so that nothing is
    blurred."""
    width = min(picture.width, max(1, round(picture.height * size.width / size.height)))
    height = min(picture.height, max(1, round(picture.width * size.height / size.width)))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))
