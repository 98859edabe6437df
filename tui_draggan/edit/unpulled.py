"""Points that nothing pulls: where the features around a handle are all alike, motion supervision
has no gradient there, whatever it does to the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.edit.points import Pair, coordinates
from tui_draggan.engines.base import ARRIVED, Engine

ALIKE = 1e-5
"""Share of the features' size by which they may differ and count as alike: rounding."""
PLACES = 48
"""Places of a motion disc that are looked at, spread over it."""


def unpulled(engine: Engine, ws: Floats, pairs: Sequence[Pair], r1: int) -> frozenset[int]:
    """The ids of those pairs, on their way, whose disc of radius r1 has the same features as the
    one a pixel further towards the target (DragGAN, section 3.2, equation 1), on w+ `ws`."""
    going = [pair for pair in pairs if pair.distance > ARRIVED]
    if not going:
        return frozenset()
    height, width = engine.info.size
    last = np.array([width - 1, height - 1], np.float32)
    discs: list[Floats] = []
    for pair in going:
        handle, target = coordinates([pair.handle, pair.target])
        disc = handle.clip(0, last) + _offsets(r1)
        disc = disc[((disc >= 0) & (disc <= last)).all(axis=1)]
        further = disc + (target - handle) / pair.distance
        discs.append(np.stack([disc, further.clip(0, last).astype(np.float32)]))
    features = engine.features(ws, np.concatenate([disc.reshape(-1, 2) for disc in discs]))
    found, start = [], 0
    for pair, disc in zip(going, discs, strict=True):
        here, there = np.split(features[start : start + 2 * disc.shape[1]], 2)
        if np.abs(there - here).max() <= ALIKE * np.abs(here).max():
            found.append(pair.id)
        start += 2 * disc.shape[1]
    return frozenset(found)


def _offsets(radius: int) -> Floats:
    """(P, 2) some of the pixels with dx² + dy² < radius², from one side to the other."""
    side = np.arange(1 - radius, radius, dtype=np.float32)
    offsets = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    inside: Floats = offsets[(offsets**2).sum(axis=1) < radius**2]
    return inside[:: max(1, len(inside) // PLACES)]
