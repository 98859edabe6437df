"""Directions that shift and turn StyleGAN3's picture as a whole (`input_transform`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import Direction, Unit
from tui_draggan.input_transform import InputTransform

SHIFT_X, SHIFT_Y, TURN = "shift x", "shift y", "turn"
"""Names of the directions."""
DEGREES = Unit("°", most=180.0, usual=180.0, step=1.0, leap=15.0)


@dataclass(frozen=True, eq=False)
class Placement:
    """What a direction of this kind moves."""

    transform: InputTransform
    kind: str
    """`SHIFT_X`, `SHIFT_Y` or `TURN`."""
    side: int
    """The picture's, in pixels."""


def placements(info: BundleInfo) -> tuple[Direction, ...]:
    """Shifts in pixels, to the right and down, and the turn in degrees, clockwise; () for a model
    that has none."""
    transform = InputTransform.decoded(info.input_affine, info.w_dim)
    if transform is None:
        return ()
    side = info.size.shorter
    pixels = Unit("px", most=float(side), usual=side / 2, step=1.0, leap=8.0)
    # To first order: which of the four numbers each changes.
    rows = transform.weight.astype(np.float32)
    return tuple(
        Direction(
            name,
            rows[number : number + 1].copy(),
            unit=unit,
            places=Placement(transform, name, side),
        )
        for name, number, unit in ((SHIFT_X, 2, pixels), (SHIFT_Y, 3, pixels), (TURN, 1, DEGREES))
    )


def placed(ws: Floats, values: Sequence[tuple[Direction, float]], back: bool = False) -> Floats:
    """w+ (L, w_dim) with the picture moved by those values of directions of `placements`, or back
    from where they have moved it."""
    amounts = dict.fromkeys((SHIFT_X, SHIFT_Y, TURN), 0.0)
    transform = None
    for direction, value in values:
        place = direction.places
        assert isinstance(place, Placement)
        transform = place.transform
        amounts[place.kind] += value if place.kind == TURN else value / place.side
    if transform is None or not any(amounts.values()):
        return ws
    move = transform.moved_back if back else transform.moved
    result = ws.copy()
    result[0] = move(ws[0], *amounts.values())
    return result
