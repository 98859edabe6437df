"""A row of thumbnails with their frames, from values to dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes

Colour = tuple[int, int, int]

DIM = 0.5
"""Brightness of a picture that another is about to take the place of."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One thumbnail as it is to be seen."""

    picture: Bytes | None
    """(h, w, 3); None while there is none."""
    label: str
    coming: bool = False
    """Whether the picture is that of another ψ, until its own is there."""
    chosen: bool = False
    marked: bool = False

    @property
    def looks(self) -> tuple[str, bool, bool, bool]:
        """All but the picture."""
        return self.label, self.coming, self.chosen, self.marked


@dataclass(frozen=True)
class Colours:
    """Colours of what surrounds the thumbnails."""

    background: Colour
    empty: Colour
    """In place of a picture that is not there yet."""
    chosen: Colour
    """Frame of the chosen thumbnail."""
    marked: Colour
    """Frame of marked ones."""


def painted(
    tiles: Sequence[Tile],
    lefts: Sequence[int],
    box: tuple[int, int],
    cells: tuple[int, int],
    size: tuple[int, int],
    colours: Colours,
) -> Bytes:
    """A row of thumbnails (height, width, 3), in dots of half blocks or a terminal's own pixels.

    lefts: first column of cells of each. box: columns and rows of cells of each. cells: columns
    and rows of cells of all. size: width and height of the result.
    """
    width, height = size
    across, down = width / cells[0], height / cells[1]
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = colours.background
    frame = max(1, round(min(across, down / 2) / 4))
    for tile, left in zip(tiles, lefts, strict=True):
        x0, x1 = round(left * across), round((left + box[0]) * across)
        part = canvas[: round(box[1] * down), x0:x1]
        colour = colours.chosen if tile.chosen else colours.marked if tile.marked else None
        if colour is not None:
            part[:] = colour
        inside = part[frame:-frame, frame:-frame]
        if inside.size:
            inside[:] = _fitted(tile, inside.shape[1], inside.shape[0], colours)
    return canvas


def _fitted(tile: Tile, width: int, height: int, colours: Colours) -> Bytes:
    """A thumbnail (height, width, 3)."""
    if tile.picture is None:
        return np.full((height, width, 3), colours.empty, np.uint8)
    kind = Image.Resampling.LANCZOS
    dots = np.asarray(Image.fromarray(tile.picture).resize((width, height), kind))
    return np.rint(dots * DIM).astype(np.uint8) if tile.coming else dots
