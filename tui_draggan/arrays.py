"""The arrays that cross the borders between packages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui_draggan.size import Size

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def to_bytes(image: Floats) -> Bytes:
    """A picture's values in [-1, 1], as the network gives them → 0 to 255, rounded and clipped;
    any shape. `stylegan.pixels` does the same in torch."""
    levels: Floats = np.rint(image * np.float32(127.5) + np.float32(127.5))
    return levels.clip(0, 255).astype(np.uint8)


def averaged(image: Bytes, size: Size) -> Bytes:
    """A picture (H, W, C) at the size that steps have it, by averaging."""
    if image.shape[0] // size.height <= 1:
        return image
    small: Bytes = np.rint(cell_means(image, size)).astype(np.uint8)
    return small


def cell_means(values: NDArray[np.generic], size: Size) -> Floats:
    """Values (H, W, …) of pixels → (h, w, …) the mean of those in each cell; h and w divide H
    and W."""
    height, width, *rest = values.shape
    shape = size.height, height // size.height, size.width, width // size.width
    means: Floats = values.reshape(*shape, *rest).mean(axis=(1, 3), dtype=np.float32)
    return means
