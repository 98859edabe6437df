"""Parts laid over a picture, each in a colour of its own, with their names beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tui_draggan.arrays import Bytes
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.pictures.contact_sheet import BACKGROUND, GAP, INK

COLOURS = np.array(
    [
        (96, 96, 104), (214, 122, 66), (66, 135, 214), (222, 196, 76), (120, 178, 92),
        (176, 94, 190), (206, 84, 96), (86, 190, 186), (150, 118, 84), (236, 160, 190),
    ],
    np.uint8,
)  # fmt: skip
"""Colours of the parts, in turn."""
SHARE = 0.55
"""How much of a pixel is its part's colour."""
LONGEST = 512
"""Pixels to which small pictures are enlarged."""


def overlay(picture: Bytes, parts: Bytes) -> Bytes:
    """A picture (H, W, 3 or 4) under its parts (H, W), numbers → (H, W, 3)."""
    colours = COLOURS[parts % len(COLOURS)].astype(np.float32)
    mixed = over_checker(picture) * np.float32(1 - SHARE) + colours * np.float32(SHARE)
    found: Bytes = np.rint(mixed).astype(np.uint8)
    return found


def named_overlay(picture: Bytes, parts: Bytes, names: Sequence[str]) -> Bytes:
    """The picture, then it under its parts, then their names (H', W', 3)."""
    height, width = parts.shape
    scale = max(1, LONGEST // max(height, width))
    font = ImageFont.load_default(15)
    line = 22
    size = width * scale, height * scale
    words = GAP * 8 + round(max(font.getlength(name) for name in names))
    whole = (2 * (size[0] + GAP) + words, max(size[1], line * len(names) + GAP))
    sheet = Image.new("RGB", whole, BACKGROUND)
    for number, one in enumerate((over_checker(picture), overlay(picture, parts))):
        large = Image.fromarray(one).resize(size, Image.Resampling.NEAREST)
        sheet.paste(large, (number * (size[0] + GAP), 0))
    draw, left = ImageDraw.Draw(sheet), 2 * (size[0] + GAP)
    for number, name in enumerate(names):
        y, colour = GAP + number * line, COLOURS[number % len(COLOURS)]
        draw.rectangle((left, y, left + 14, y + 14), tuple(map(int, colour)))
        draw.text((left + 22, y - 2), name, INK, font)
    return np.asarray(sheet)
