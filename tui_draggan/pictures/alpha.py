"""Pictures with a fourth channel, their opacity: 0 transparent, 255 opaque."""

from __future__ import annotations

import numpy as np

from tui_draggan.arrays import Bytes

LIGHT, DARK = 204, 153
"""Levels of the checker's squares."""
SQUARES = 16
"""Squares along the picture's shorter side."""


def over_checker(image: Bytes) -> Bytes:
    """A picture (H, W, 4) over a checker, (H, W, 3); one of three channels as it is."""
    if image.shape[2] == 3:
        return image
    height, width = image.shape[:2]
    side = max(1, min(height, width) // SQUARES)
    y, x = np.arange(height) // side, np.arange(width) // side
    checker = np.where((y[:, None] + x) % 2, DARK, LIGHT)[..., None]
    opacity = image[..., 3:].astype(np.float32) / 255
    return np.rint(image[..., :3] * opacity + checker * (1 - opacity)).astype(np.uint8)


def over_black(image: Bytes) -> Bytes:
    """As `over_checker`, over black: of what is transparent nothing is left."""
    if image.shape[2] == 3:
        return image
    opacity = image[..., 3:].astype(np.float32) / 255
    return np.rint(image[..., :3] * opacity).astype(np.uint8)
