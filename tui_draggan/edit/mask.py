"""The editable region: True where the picture may change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tui_draggan.errors import UsageError

Mask = NDArray[np.bool_]


def load_mask(path: Path, resolution: int) -> Mask:
    """Reads a picture as a mask (H, H): white (≥ 50 %) may change, black stays.

    Raises UsageError when it cannot be read, has another size, or allows no change at all.
    """
    try:
        with Image.open(path) as image:
            size, values = image.size, np.asarray(image.convert("L"))
    except FileNotFoundError:
        raise UsageError(f"mask {path} does not exist") from None
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UsageError(f"mask {path} is not a picture that can be read ({error})") from error
    if size != (resolution, resolution):
        raise UsageError(
            f"mask {path} is {size[0]}×{size[1]}; expected {resolution}×{resolution} "
            "like the model's pictures"
        )
    mask = values >= 128
    if not mask.any():
        raise UsageError(f"mask {path} is all black; paint white what may change")
    return mask
