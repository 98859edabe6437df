"""A matrix of numbers from −1 to 1 as a picture: names before rows and above columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tui_draggan.arrays import Bytes
from tui_draggan.files import replacing
from tui_draggan.pictures.contact_sheet import BACKGROUND, GAP, INK
from tui_draggan.pictures.png import check_png

CELL = 54
"""Pixels of a cell's side."""
MORE, LESS = (232, 126, 60), (66, 135, 214)
"""Colours of 1 and of −1."""


def draw_matrix(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], title: str
) -> Bytes:
    """The picture (H, W, 3) of values (M, N); what is beyond −1 to 1 has its colour."""
    font = ImageFont.load_default(15)
    wide = round(max(font.getlength(word) for word in rows)) + 2 * GAP
    high = round(max(font.getlength(word) for word in columns)) + 2 * GAP
    top = 28 + high
    width = max(wide + CELL * len(columns) + GAP, round(font.getlength(title)) + 2 * GAP)
    picture = Image.new("RGB", (width, top + CELL * len(rows) + GAP), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.text((GAP, 6), title, INK, font)
    for number, word in enumerate(columns):
        # Names of columns stand upright on their column.
        length = max(1, round(font.getlength(word)))
        text = Image.new("RGB", (length, 20), BACKGROUND)
        ImageDraw.Draw(text).text((0, 1), word, INK, font)
        turned = text.rotate(90, expand=True)
        picture.paste(turned, (wide + number * CELL + (CELL - 20) // 2, top - GAP - length))
    for row, word in enumerate(rows):
        y = top + row * CELL
        draw.text((wide - GAP, y + CELL // 2), word, INK, font, "rm")
        for column in range(len(columns)):
            value, x = float(values[row, column]), wide + column * CELL
            draw.rectangle((x, y, x + CELL - 2, y + CELL - 2), _colour(value))
            middle = (x + CELL // 2 - 1, y + CELL // 2 - 1)
            draw.text(middle, f"{value:.2f}".replace("-", "−"), INK, font, "mm")
    return np.asarray(picture)


def write_matrix(path: Path, picture: Bytes) -> None:
    """Writes such a picture as PNG. Raises UsageError or OutputError."""
    check_png(path)
    with replacing(path) as work:
        Image.fromarray(picture).save(work, format="PNG")


def _colour(value: float) -> tuple[int, int, int]:
    """Between the background and the colour of its sign."""
    share = min(1.0, abs(value))
    towards = MORE if value > 0 else LESS
    mixed = (round(a + share * (b - a)) for a, b in zip(BACKGROUND, towards, strict=True))
    red, green, blue = mixed
    return red, green, blue
