"""Colours of a picture in those a terminal has: all, 256, or 16.

Of few colours the nearest in OKLab is taken (Ottosson, "A perceptual color space for image
processing", 2020), or, where a second one near to it mixes with it to something nearer, a fixed
pattern of the two: dots at rest do not flicker, and what is flat and near to a colour stays flat.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes

Codes = NDArray[np.int32]
"""What a terminal is told for each dot: 0xRRGGBB, or an index into its palette."""

_OKLAB_CONES = np.array(
    [
        [0.4122214708, 0.2119034982, 0.0883024619],
        [0.5363325363, 0.6806995451, 0.2817188376],
        [0.0514459929, 0.1073969566, 0.6299787005],
    ]
)
_OKLAB_AXES = np.array(
    [
        [0.2104542553, 1.9779984951, 0.0259040371],
        [0.7936177850, -2.4285922050, 0.7827717662],
        [-0.0040720468, 0.4505937099, -0.8086757660],
    ]
)
_PATTERN = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16
"""Share of the second colour from which a dot takes it (Bayer, 4×4)."""
_BITS = 5
"""Bits of each component by which mixtures are kept."""
_AT_ONCE = 1024
"""Mixtures worked out together: some 10 MB."""
_LEAST = 0.15
"""Share of a second colour below which the first stands alone: what is near to it stays flat."""


class Depth(Enum):
    """Number of colours the terminal shows."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    STANDARD = "16"


def depth_of(colour_system: str | None) -> Depth:
    """The depth behind Rich's name for a terminal's colours."""
    return {"truecolor": Depth.TRUE, "256": Depth.EIGHT_BIT}.get(
        colour_system or "", Depth.STANDARD
    )


def colour_codes(dots: Bytes, depth: Depth, mixed: bool = True) -> Codes:
    """Codes (H, W) of dots (H, W, 3). mixed: False where every dot is to be looked at singly."""
    if depth is Depth.TRUE:
        wide: Codes = dots.astype(np.int32)
        return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    first, second, share = _palette(depth).mixtures(dots)
    if not mixed:
        return first
    height, width = dots.shape[:2]
    pattern = np.tile(_PATTERN, (-(-height // 4), -(-width // 4)))[:height, :width]
    return np.where(pattern < share, second, first)


class Palette:
    """A terminal's colours, and how others are mixed from two of them."""

    def __init__(self, colours: Bytes, first: int, apart: float) -> None:
        """colours: (P, 3), the first of them with code `first`. apart: how much the distance of
        two colours counts against mixing them; 1 leaves the nearest alone."""
        self._places = oklab(colours)
        self._code = first
        self._apart = apart
        self._known = np.zeros(1 << 3 * _BITS, bool)
        self._first = np.zeros(1 << 3 * _BITS, np.int32)
        self._second = np.zeros(1 << 3 * _BITS, np.int32)
        self._share = np.zeros(1 << 3 * _BITS, np.float32)

    def mixtures(self, dots: Bytes) -> tuple[Codes, Codes, NDArray[np.float32]]:
        """For dots (H, W, 3) the code of the nearest colour, that of the one it is mixed with, and
        the share of that, 0 to ½; (H, W) each."""
        short = dots.astype(np.int32) >> 8 - _BITS
        index = short[..., 0] << 2 * _BITS | short[..., 1] << _BITS | short[..., 2]
        seen = np.unique(index)
        new = seen[~self._known[seen]]
        for start in range(0, len(new), _AT_ONCE):
            self._learn(new[start : start + _AT_ONCE])
        return self._first[index] + self._code, self._second[index] + self._code, self._share[index]

    def _learn(self, indices: NDArray[np.integer]) -> None:
        most = (1 << _BITS) - 1
        parts = [indices >> shift & most for shift in (2 * _BITS, _BITS, 0)]
        wanted = oklab(np.rint(np.stack(parts, -1) * (255 / most)))
        distance = ((wanted[:, None] - self._places) ** 2).sum(-1)
        first = distance.argmin(-1)
        line = self._places - self._places[first][:, None]
        length = np.maximum((line**2).sum(-1), 1e-12)
        left = wanted - self._places[first]
        share = np.clip((left[:, None] * line).sum(-1) / length, 0, 0.5)
        error = ((share[..., None] * line - left[:, None]) ** 2).sum(-1)
        cost = error + self._apart * share * length
        second = cost.argmin(-1)
        mixed = np.take_along_axis(share, second[:, None], -1)[:, 0]
        self._first[indices], self._second[indices] = first, second
        self._share[indices] = np.where(mixed < _LEAST, 0, mixed)
        self._known[indices] = True


@cache
def _palette(depth: Depth) -> Palette:
    if depth is Depth.EIGHT_BIT:
        return Palette(EIGHT_BIT, 16, 0.45)  # the first 16 look different in every terminal
    return Palette(STANDARD, 0, 0.2)


def oklab(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """sRGB (…, 3), 0 to 255 → lightness and two axes of hue, (…, 3)."""
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _OKLAB_CONES) @ _OKLAB_AXES)


def _xterm() -> Bytes:
    """The palette of xterm from 16 on: a cube of 6×6×6, and a ramp of 24 greys."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps]
    return np.array(cube + [(8 + 10 * step,) * 3 for step in range(24)], np.uint8)


EIGHT_BIT = _xterm()
STANDARD: Bytes = np.array(
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
    ],
    np.uint8,
)
