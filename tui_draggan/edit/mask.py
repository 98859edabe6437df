"""The editable region: True where the picture may change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tui_draggan.arrays import Floats
from tui_draggan.errors import UsageError
from tui_draggan.files import replacing
from tui_draggan.pictures.png import check_png
from tui_draggan.pictures.reading import UnreadableError, quiet_decoders, read_picture
from tui_draggan.size import Size
from tui_draggan.wording import percent

Mask = NDArray[np.bool_]

WHITES = (1, 255, 65535)
"""Values that files write for white."""
FULL_SCALE = {"1": 1, "I;16": 65535, "I;16B": 65535, "I;16L": 65535, "F": 1, "I": None}
"""White of a mode where it is not 255; None: whatever the file's largest value is."""


def check_mask(mask: Mask, size: Size) -> Mask:
    """Raises UsageError unless mask is a boolean array of that size, somewhere True."""
    if mask.shape != size or mask.dtype != np.bool_:
        raise UsageError(f"the mask is {mask.dtype} {mask.shape}; expected bool {tuple(size)}")
    if not mask.any():
        raise UsageError("the mask allows no change anywhere")
    return mask


@dataclass(frozen=True, eq=False)
class LoadedMask:
    """A mask (H, H) out of a file."""

    mask: Mask
    note: str
    """What was made of the file, for the person: «mask: 23 % of the picture may change»."""


def load_mask(path: Path, size: Size) -> LoadedMask:
    """Reads a picture as a mask: white may change, black and what is transparent stays.

    How much a pixel may change is its lightness times its opacity. White is the smallest of 1, 255
    and 65535 that no value of the file exceeds, else the file's largest value: so files of 1, 8, 16
    and 32 bits and of floating-point numbers are read alike, whether they hold 0 and 1 or use their
    whole range. Any size is scaled to the picture's, by area; what is at least half white there is
    editable.

    Raises UsageError when the file cannot be read, or allows no change at all.
    """
    try:
        with quiet_decoders():
            picture = read_picture(path)
            lightness, white = _lightness(picture)
            opacity = _opacity(picture)
    except UnreadableError as error:
        raise UsageError(f"mask {path} cannot be read: {error}") from None
    editable = lightness if opacity is None else lightness * opacity
    mask = _scaled(editable, size) >= 0.5
    if not mask.any():
        raise UsageError(
            f"mask {path} {_why_nothing(lightness, opacity)}; paint white what may change"
        )
    notes = []
    given = Size(picture.height, picture.width)
    if given != size:
        alike = given.width * size.height == given.height * size.width
        how = "scaled" if alike else "stretched"
        notes.append(f"{given.across} {how} to {size.across}")
    if white != FULL_SCALE.get(picture.mode, 255):
        notes.append(f"{white:g} is white")
    notes.append(f"{percent(float(mask.mean()))} of the picture may change")
    return LoadedMask(mask, f"mask: {', '.join(notes)}")


def save_mask(path: Path, mask: Mask) -> None:
    """Writes a mask as a PNG, white where the picture may change. Raises UsageError or
    OutputError."""
    check_png(path)
    with replacing(path) as work:
        Image.fromarray(mask.astype(np.uint8) * 255).save(work, format="PNG")


def _lightness(picture: Image.Image) -> tuple[Floats, float]:
    """(H, W) from 0, black, to 1, white; and the value that stands for white in the file."""
    mode = picture.mode
    if mode != "F" and mode != "1" and not mode.startswith("I"):
        # By way of RGB: what is transparent in a palette has a colour all the same.
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB").convert("L")
    values = np.asarray(picture)
    if mode == "I":
        values = values.view(np.uint32)  # Pillow reads unsigned numbers as signed ones
    if not np.isfinite(values).all():
        raise UnreadableError("it has values that are no finite numbers")
    return _share_of_white(values)


def _opacity(picture: Image.Image) -> Floats | None:
    """(H, W) from 0, transparent, to 1, opaque; None where the file says nothing about it."""
    if not picture.has_transparency_data:
        return None
    return _share_of_white(np.asarray(picture.convert("RGBA").getchannel("A")))[0]


def _share_of_white(values: NDArray[Any]) -> tuple[Floats, float]:
    largest = float(values.max())
    white = next((white for white in WHITES if largest <= white), largest)
    return np.clip(values.astype(np.float32) / np.float32(white), 0, 1), white


def _scaled(values: Floats, size: Size) -> Floats:
    """Means over the area of each pixel; the nearest value where pixels are repeated."""
    if values.shape == size:
        return values
    picture = Image.fromarray(values).resize((size.width, size.height), Image.Resampling.BOX)
    return np.asarray(picture)


def _why_nothing(lightness: Floats, opacity: Floats | None) -> str:
    """Predicate of the sentence that says why a mask allows nothing."""
    if opacity is not None and not opacity.any():
        return "is transparent everywhere"
    visible = lightness if opacity is None else lightness[opacity > 0]
    if not visible.any():
        return "is all black" if opacity is None else "is all black where it is not transparent"
    return "has no pixel that is at least half white"
