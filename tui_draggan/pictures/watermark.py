"""A visible mark in a picture's corner: that it is AI-generated."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tui_draggan.arrays import Bytes

TEXTS = ("AI-generated", "AI")
"""The first one that fits is drawn."""
HEIGHT, SMALLEST = 1 / 24, 9
"""Of the letters, as a share of the picture's shorter side; in pixels at least."""
WIDEST = 0.6
"""Share of the picture's width."""
MARGIN = 0.5
"""To the picture's edges, in heights of a letter."""


def with_watermark(image: Bytes) -> Bytes:
    """A copy of a picture (H, W, 3 or 4) with the mark at the lower right, white, rimmed dark."""
    height, width = image.shape[:2]
    size = max(SMALLEST, round(HEIGHT * min(height, width)))
    font = ImageFont.load_default(size)
    rim = max(1, size // 10)
    text = next(
        (text for text in TEXTS if font.getlength(text) + 2 * rim <= WIDEST * width), TEXTS[-1]
    )
    picture = Image.fromarray(image)
    place = (width - 1 - MARGIN * size, height - 1 - MARGIN * size)
    ImageDraw.Draw(picture).text(
        place, text, "white", font, anchor="rs", stroke_width=rim, stroke_fill="black"
    )
    return np.asarray(picture)
