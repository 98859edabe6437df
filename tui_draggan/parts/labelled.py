"""Labelled pictures: painted ones from a folder, or critters as the renderer draws them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.errors import UsageError
from tui_draggan.pictures.reading import UnreadableError, quiet_decoders, read_picture
from tui_draggan.size import Size
from tui_draggan.wording import printable, quoted

NAME = re.compile(r"(\d{1,10})(?:-(.+))?")
"""Of a file, without its suffix: seed, then if need be «-» and the class."""
MOST_PARTS = 64


def painted(
    folder: Path, size: Size, count: int, ws_of: Callable[[int, str | None], Floats]
) -> list[tuple[Floats, Bytes]]:
    """The label maps of a folder: SEED.png or SEED-CLASS.png, of the picture's size, whose values
    (of a palette, or grey levels) are numbers of parts; each with what `ws_of` gives for
    seed and class. Raises UsageError, naming the file."""
    files = sorted(folder.glob("*.png")) if folder.is_dir() else []
    if not files:
        raise UsageError(f"{folder} holds no label maps; expected SEED.png or SEED-CLASS.png")
    found = []
    for file in files:
        match = NAME.fullmatch(file.stem)
        if match is None:
            raise UsageError(f"{file}: expected SEED.png or SEED-CLASS.png")
        found.append((ws_of(int(match[1]), match[2]), _label_map(file, size, count)))
    return found


def _label_map(file: Path, size: Size, count: int) -> Bytes:
    try:
        with quiet_decoders():
            picture = read_picture(file)
    except UnreadableError as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    if picture.mode not in ("P", "L"):
        raise UsageError(f"{file} has colours ({picture.mode}); expected a palette or grey levels")
    parts = np.asarray(picture, np.uint8)
    if parts.shape != size:
        raise UsageError(f"{file} is {picture.width} × {picture.height} px; expected {size} px")
    if parts.max() >= count:
        raise UsageError(f"{file} has the value {parts.max()}; {count} parts are 0 to {count - 1}")
    return parts


def checked_parts(names: Sequence[str]) -> tuple[str, ...]:
    """Names of parts. Raises UsageError for fewer than two, or two of one name."""
    given = tuple(printable(name.strip()) for name in names)
    if not 2 <= len(given) <= MOST_PARTS or len(set(given)) < len(given) or not all(given):
        raise UsageError(
            f"{quoted(','.join(given))}: expected 2 to {MOST_PARTS} names of parts, all different"
        )
    return given
