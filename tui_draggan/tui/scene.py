"""What is drawn on the picture panel, from values to dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tui_draggan.drag.mask import Mask
from tui_draggan.drag.points import Pair
from tui_draggan.pictures import markers
from tui_draggan.pictures.half_cells import TextCell
from tui_draggan.pictures.view import View
from tui_draggan.tui.hand import Hand

Bytes = NDArray[np.uint8]
NEAREST_FROM = 3.0
"""Dots per image pixel from which single pixels are shown as squares."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that the picture panel shows."""

    image: Bytes | None
    """(P, P, 3); P may be smaller than the resolution."""
    resolution: int
    pairs: tuple[Pair, ...]
    hand: Hand
    mask: Mask | None = None
    """Where given, what may not change is dimmed."""
    moving: bool = False
    """The picture changes with every step: differences nobody sees may wait."""


def fitted(image: Bytes, view: View, mask: Mask | None) -> Bytes:
    """The shown window of an image, (side, side, 3) for the view's side."""
    shrink = image.shape[0] / view.resolution
    left, top, right, bottom = (edge * shrink for edge in view.window)
    single = view.dots_per_pixel >= NEAREST_FROM and shrink == 1
    kind = Image.Resampling.NEAREST if single else Image.Resampling.LANCZOS
    size = (view.side, view.side)
    dots = np.asarray(Image.fromarray(image).resize(size, kind, box=(left, top, right, bottom)))
    if mask is None:
        return dots
    allowed = Image.fromarray(mask.astype(np.uint8) * 255)
    share = np.asarray(allowed.resize(size, Image.Resampling.BILINEAR, box=view.window))
    dim = 0.35 + 0.65 * (share[..., None] / 255.0)
    return np.rint(dots * dim).astype(np.uint8)


def placed(hand: Hand, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs with the one that is held at the cursor."""
    if hand.held is None:
        return tuple(pairs)
    moved = {"handle": {"handle": hand.cursor}, "target": {"target": hand.cursor}}[hand.held.end]
    return tuple(
        replace(pair, **moved) if pair.id == hand.held.pair_id else pair  # type: ignore[arg-type]
        for pair in pairs
    )


def pair_marks(scene: Scene, view: View) -> list[markers.PairMark]:
    """The pairs in dots, and the one half made."""
    hand = scene.hand
    chosen = hand.held or hand.selected
    marks = []
    for number, pair in enumerate(placed(hand, scene.pairs), 1):
        selected = chosen.end if chosen is not None and chosen.pair_id == pair.id else ""
        mark = markers.PairMark(
            number, view.to_dots(*pair.handle), view.to_dots(*pair.target), selected
        )
        marks.append(mark)
    if hand.first is not None:
        number = len(scene.pairs) + 1
        marks.append(markers.PairMark(number, view.to_dots(*hand.first), None))
    return marks


def overlay(dots: Bytes, scene: Scene, view: View) -> None:
    """Paints marks and crosshair into the panel's dots (2·rows, columns, 3), in place."""
    sizes = markers.Sizes.for_canvas(view.side)
    cursor = view.to_dots(*scene.hand.cursor)
    marks = pair_marks(scene, view)
    if scene.hand.first is not None:
        markers.paint_line(dots, view.to_dots(*scene.hand.first), cursor, sizes)
    markers.paint_pairs(dots, marks, sizes)
    markers.paint_crosshair(dots, cursor, sizes)


def number_cells(scene: Scene, view: View) -> dict[tuple[int, int], TextCell]:
    """The handles' numbers as characters, by (row, column), under the disc's middle."""
    cells = {}
    for mark in pair_marks(scene, view):
        across, down = mark.handle
        row, column = int((down + 0.5) // 2), round(across)
        digits = str(mark.number)
        for index, digit in enumerate(digits):
            place = (row, column + index - (len(digits) - 1) // 2)
            if 0 <= row < view.rows and 0 <= place[1] < view.columns:
                cells[place] = TextCell(digit, markers.OUTLINE, markers.HANDLE)
    return cells
