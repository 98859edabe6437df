"""A contact sheet: pictures after the edits that went worst, with what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tui_draggan.api import Model
from tui_draggan.bench.score.measures import Result
from tui_draggan.files import replacing
from tui_draggan.pictures.markers import draw_markers

COLUMNS = 5
SIDE = 256
"""Side of a picture on the sheet, in pixels."""


def write_sheet(path: Path, model: Model, results: Sequence[Result]) -> None:
    """Pairs of pictures, before and after, five pairs in a row; (handle → target) is drawn into
    the first, (where the tracker believes the handle → target) into the second. Raises
    OutputError."""
    scale = max(1, SIDE // model.info.size.width)
    tiles = []
    for one in results:
        edit = one.edit
        asked = list(zip(edit.handles, edit.targets, strict=True))
        ended = [
            ((float(x), float(y)), target)
            for (x, y), target in zip(one.edited.handles, edit.targets, strict=True)
        ]
        before = draw_markers(model.render(edit.latent), asked, scale)
        tiles.append(np.concatenate([before, draw_markers(one.picture, ended, scale)], axis=1))
    while len(tiles) % COLUMNS:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.concatenate(tiles[i : i + COLUMNS], axis=1) for i in range(0, len(tiles), COLUMNS)]
    with replacing(path) as work:
        Image.fromarray(np.concatenate(rows)).save(work, format="PNG")
