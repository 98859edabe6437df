"""Two pictures of one size, looked at together."""

from __future__ import annotations

import numpy as np

from tui_draggan.arrays import Bytes

GAIN = 4
"""Factor by which differences are drawn larger: most edits change few levels."""


def split(before: Bytes, after: Bytes, column: int) -> Bytes:
    """(H, W, C): `before` to the left of a column, `after` from it on."""
    joined = after.copy()
    joined[:, :column] = before[:, :column]
    return joined


def difference(before: Bytes, after: Bytes) -> Bytes:
    """(H, W, 3): black where they agree, brighter the more they differ, colour by colour."""
    apart = np.abs(after[..., :3].astype(np.int16) - before[..., :3])
    enlarged: Bytes = (GAIN * apart).clip(0, 255).astype(np.uint8)
    return enlarged
