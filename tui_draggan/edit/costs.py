"""What a step takes, reckoned before it is asked for.

Radii and the number of points are a person's, and memory grows with all three: what no computer
here has is refused in a line, before an engine is asked for it.
"""

from __future__ import annotations

import numpy as np

from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import coordinates
from tui_draggan.errors import UsageError
from tui_draggan.wording import counted

MOST_BYTES = 4 * 2**30
"""Memory that a step may take besides the model."""
FLOAT = 4
SQUARES, DISCS, SELECTORS = 4.0, 10.0, 3.0
"""Times that the features of the tracking squares, those of the motion discs, and the weights that
select a disc's features from the cells near it are held at once (measured on the bundled model with
engine `ort`, 1 to 100 points, r1 3 to 64, r2 4 to 128: this is up to three times too much)."""


def step_bytes(document: Document, info: BundleInfo) -> int:
    """Bytes that a step on this document takes at most, besides the model."""
    if not document.pairs:
        return 0
    parameters, count = document.parameters, len(document.pairs)
    channels = info.drag.feature_channels
    square = (2 * parameters.r2 + 1) ** 2 * channels
    disc = round(np.pi * parameters.r1**2)
    near = _cells_near(document, info)
    floats = SQUARES * square + disc * (SELECTORS * near + DISCS * channels)
    return round(FLOAT * count * floats)


def check_cost(document: Document, info: BundleInfo) -> None:
    """Raises UsageError where a step would take more than `MOST_BYTES`."""
    needed = step_bytes(document, info)
    if needed > MOST_BYTES:
        parameters: DragParams = document.parameters
        points = counted(len(document.pairs), "point")
        raise UsageError(
            f"a step with {points}, r1 {parameters.r1} and r2 {parameters.r2} would take about "
            f"{needed / 2**30:.0f} GB of memory, expected up to {MOST_BYTES / 2**30:.0f}; use a "
            "smaller r1 or r2, or fewer points"
        )


def _cells_near(document: Document, info: BundleInfo) -> int:
    """Cells of the smallest part of the feature map that holds every disc and its target's pull."""
    handles = coordinates([pair.handle for pair in document.pairs])
    pixels = np.ptp(handles, axis=0) + 2 * document.parameters.r1 + 2
    map_ = info.drag.feature_map
    columns, rows = pixels * map_.width / info.size.width + 3
    return int(min(columns, map_.width) * min(rows, map_.height))
