"""The arrays that cross the borders between packages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def to_bytes(image: Floats) -> Bytes:
    """A picture's values in [-1, 1], as the network gives them → 0 to 255, rounded and clipped;
    any shape. `stylegan.pixels` does the same in torch."""
    levels: Floats = np.rint(image * np.float32(127.5) + np.float32(127.5))
    return levels.clip(0, 255).astype(np.uint8)
