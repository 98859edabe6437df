"""A contact sheet: rows of pictures with a word before each row and above each column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tui_draggan.arrays import Bytes
from tui_draggan.pictures.alpha import over_checker

SIDE = 128
"""Pixels of a picture's longer side on the sheet, at most."""
GAP = 4
BACKGROUND, INK = (24, 27, 33), (220, 224, 230)


def contact_sheet(
    rows: Sequence[Sequence[Bytes]], words: Sequence[str], heads: Sequence[str]
) -> Bytes:
    """The sheet (H, W, 3) of pictures (h, w, 3 or 4), all of one size.

    words: before the rows. heads: above the columns.
    """
    font = ImageFont.load_default(15)
    height, width = rows[0][0].shape[:2]
    shrink = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    left = GAP + round(max((font.getlength(word) for word in words), default=0)) + GAP
    top = 24
    sheet = Image.new(
        "RGB",
        (left + len(heads) * (size[0] + GAP), top + len(rows) * (size[1] + GAP)),
        BACKGROUND,
    )
    draw = ImageDraw.Draw(sheet)
    for column, head in enumerate(heads):
        draw.text((left + column * (size[0] + GAP) + size[0] // 2, top // 2), head, INK, font, "mm")
    for number, (row, word) in enumerate(zip(rows, words, strict=True)):
        y = top + number * (size[1] + GAP)
        draw.text((GAP, y + size[1] // 2), word, INK, font, "lm")
        for column, picture in enumerate(row):
            tile = Image.fromarray(over_checker(picture)).resize(size, Image.Resampling.LANCZOS)
            sheet.paste(tile, (left + column * (size[0] + GAP), y))
    return np.asarray(sheet)
