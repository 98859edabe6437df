"""What a mask holds: outside it the picture stays that of the latent an edit began with.

A mask loss (DragGAN, section 3.2) asks for that and never gets it: a weight that holds the rest
keeps handles from arriving. Here the drag is free, and its picture is laid over the first one,
fully inside the mask, not at all from a border on, to the bit. Features blended in every block
instead cost landmarks their places and look no better: `docs/masks.md` has the figures.

H and W sides of a picture, L rows of w+.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.brush import counts_around
from tui_draggan.edit.mask import Mask

SOFT = 1 / 32
"""Half the width of the border, outside the mask, in which one picture turns into the other, as a
share of the picture's shorter side."""


@dataclass(frozen=True, eq=False)
class Hold:
    """Two of them are equal where both arrays are the very same."""

    ws: Floats
    """(L, w_dim) w+ of the picture that is seen outside."""
    mask: Mask
    """(H, W) where it is not."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hold) and self.ws is other.ws and self.mask is other.mask

    def __hash__(self) -> int:
        return hash((id(self.ws), id(self.mask)))


def weight_inside(mask: Mask) -> Floats:
    """(H, W) share of the edited picture: 1 in the mask, 0 from twice the reach of `SOFT` on."""
    reach = max(1, round(SOFT * min(mask.shape)))
    wider = counts_around(mask, reach) > 0
    return (counts_around(wider, reach) / np.float32((2 * reach + 1) ** 2)).astype(np.float32)


def laid_over(outside: Bytes, inside: Bytes, weight: Floats) -> Bytes:
    """Two pictures (H, W, C) as one: outside + weight (H, W) · (inside − outside), rounded."""
    picture = outside.copy()
    rows, columns = (np.flatnonzero(weight.any(axis=axis)) for axis in (1, 0))
    if len(rows):
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        below, above = (one[part].astype(np.float32) for one in (outside, inside))
        picture[part] = np.rint(below + weight[part][..., None] * (above - below))
    return picture
