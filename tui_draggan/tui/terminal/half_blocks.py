"""Pictures from half blocks: each character cell shows two dots, «▀» in one colour on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes

Codes = NDArray[np.int32]
"""What a terminal is told for each dot: 0xRRGGBB, or an index into its palette."""

UPPER_HALF = "▀"


class Depth(Enum):
    """Number of colours the terminal shows."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    STANDARD = "16"


@dataclass(frozen=True)
class TextCell:
    """One character that stands on the picture."""

    text: str
    colour: tuple[int, int, int]
    background: tuple[int, int, int]


TextCells = Mapping[tuple[int, int], TextCell]
"""Characters by (row, column) in cells."""

# The 256-colour palette of xterm: a cube of 6×6×6 from 16 on, a grey ramp from 232 on.
_CUBE = np.array([0, 95, 135, 175, 215, 255])
_CUBE_EDGES = (_CUBE[1:] + _CUBE[:-1]) / 2
_SIXTEEN = np.array(
    [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
        [128, 0, 128],
        [0, 128, 128],
        [192, 192, 192],
        [128, 128, 128],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [0, 0, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ]
)
# Ordered dithering (Bayer, 4×4): a fixed pattern, so that dots at rest do not flicker.
_BAYER = (
    np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 15 - 0.5
)
_DITHER = {Depth.EIGHT_BIT: 26.0, Depth.STANDARD: 72.0}


def depth_of(colour_system: str | None) -> Depth:
    """The depth behind Rich's name for a terminal's colours."""
    return {"truecolor": Depth.TRUE, "256": Depth.EIGHT_BIT}.get(
        colour_system or "", Depth.STANDARD
    )


def colour_codes(dots: Bytes, depth: Depth) -> Codes:
    """Codes (H, W) of dots (H, W, 3)."""
    if depth is Depth.TRUE:
        wide: Codes = dots.astype(np.int32)
        return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    height, width = dots.shape[:2]
    pattern = np.tile(_BAYER, (-(-height // 4), -(-width // 4)))[:height, :width, None]
    values = np.clip(dots + pattern * _DITHER[depth], 0, 255)
    if depth is Depth.EIGHT_BIT:
        return _eight_bit(values)
    distances = ((values[..., None, :] - _SIXTEEN) ** 2).sum(-1)
    nearest: Codes = distances.argmin(-1).astype(np.int32)
    return nearest


def _eight_bit(values: NDArray[np.floating]) -> Codes:
    cube = np.searchsorted(_CUBE_EDGES, values)
    grey = np.clip(np.rint((values.mean(-1) - 8) / 10), 0, 23)
    cube_error = ((_CUBE[cube] - values) ** 2).sum(-1)
    grey_error = ((8 + 10 * grey[..., None] - values) ** 2).sum(-1)
    index = 16 + 36 * cube[..., 0] + 6 * cube[..., 1] + cube[..., 2]
    return np.where(grey_error < cube_error, 232 + grey, index).astype(np.int32)


def to_grey(dots: Bytes) -> Bytes:
    """The same in grey, for those who want no colours."""
    luma = dots @ np.array([0.299, 0.587, 0.114])
    return np.repeat(np.rint(luma)[..., None], 3, axis=-1).astype(np.uint8)


def grey_text(cell: TextCell) -> TextCell:
    """A character in grey."""
    both = to_grey(np.array([[cell.colour, cell.background]], np.uint8))[0].tolist()
    return TextCell(cell.text, tuple(both[0]), tuple(both[1]))


def runs(upper: Codes, lower: Codes) -> Iterator[tuple[int, int, int]]:
    """Neighbouring cells of a row that look the same: (upper code, lower code, how many)."""
    breaks = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1
    starts = np.concatenate([[0], breaks]) if len(upper) else breaks
    lengths = np.diff(np.append(starts, len(upper)))
    return zip(upper[starts].tolist(), lower[starts].tolist(), lengths.tolist(), strict=True)


def escape_sequence(front: int | None, back: int) -> str:
    """What sets 24-bit colours; without a front the one that is set stays."""
    ansi = f"48;2;{back >> 16};{(back >> 8) & 255};{back & 255}m"
    if front is None:
        return f"\x1b[{ansi}"
    return f"\x1b[38;2;{front >> 16};{(front >> 8) & 255};{front & 255};{ansi}"
