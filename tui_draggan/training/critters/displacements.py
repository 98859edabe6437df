"""Edits that the domain allows: where a landmark of a critter may be dragged to.

A landmark may go where critters of its species have theirs. That is asked of a reservoir: the
landmarks of many critters of each species, drawn from the renderer's parameters.

One point: the displacement is 5 to 20 % of the width long, in any direction; a target is allowed
if at least NEIGHBOURS of the reservoir's RESERVOIR critters of that species have the same landmark
within NEARBY of the width of it. So an ear tip may go where longer, shorter or more leaning ears
end, a nose and eyes where turned heads have them, a chin where an open mouth has it, and nothing
goes where no critter has it.

Several points: all targets are landmarks of one and the same critter of the reservoir, so that
they belong to one deformation; points are chosen among those landmarks that it displaces by 5 to
20 % of the width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tui_draggan.training.critters import SPECIES, Z_DIM, parameters_from_z, render_parts

SHORTEST, LONGEST = 0.05, 0.20
"""Lengths of a displacement, in widths of the picture."""
RESERVOIR = 2000
"""Critters of each species in the reservoir."""
NEIGHBOURS = 8
"""Least number of critters that have a landmark near an allowed target."""
NEARBY = 0.02
"""Distance that counts as near, in widths."""
MARGIN = 0.02
"""Distance that handles and targets keep from the border, in widths."""
SURE = 0.5
"""Least confidence with which a handle is found."""
_TRIES = 100
_DRAWN_AT = 16
"""Side of the reservoir's renders in pixels: landmarks scale with the picture."""
_TOGETHER = 500

Places = NDArray[np.float32]
"""Points (…, 2)."""


@dataclass(frozen=True)
class Displacements:
    """Which landmarks (indices into LANDMARKS) go from where to where, whole pixels (x, y)."""

    landmarks: tuple[int, ...]
    handles: tuple[tuple[int, int], ...]
    targets: tuple[tuple[int, int], ...]


def reservoir(seed: int = 0) -> Places:
    """Landmarks (species, RESERVOIR, K, 2) of critters, (x + ½)/width, so in [0, 1]."""
    random = torch.Generator().manual_seed(seed)
    z = torch.randn(len(SPECIES) * RESERVOIR, Z_DIM, generator=random)
    species = torch.arange(len(SPECIES)).repeat_interleave(RESERVOIR)
    drawn = render_parts(parameters_from_z(z, species), _DRAWN_AT, _TOGETHER)
    places = (torch.cat([part.landmarks for part in drawn]) + 0.5) / _DRAWN_AT
    return places.view(len(SPECIES), RESERVOIR, -1, 2).numpy()


def draw_displacements(
    found: Places,
    confidence: NDArray[np.float32],
    others: Places,
    points: int,
    resolution: int,
    random: np.random.Generator,
) -> Displacements | None:
    """An edit of `points` points of one critter; None where none is found in a hundred tries.

    found (K, 2): its landmarks in pixels, found with `confidence` (K,). others (M, K, 2): the
    reservoir of its species.
    """
    inside = (found >= MARGIN * resolution) & (found <= (1 - MARGIN) * resolution - 1)
    usable = inside.all(axis=1) & (confidence >= SURE)
    if usable.sum() < points:
        return None
    here = (np.round(found) + 0.5) / resolution
    for _ in range(_TRIES):
        if points == 1:
            chosen = np.array([random.choice(np.flatnonzero(usable))])
            there = here[chosen] + _step(random)
            if not is_allowed(there[0], others[:, chosen[0]]):
                continue
        else:
            other = others[random.integers(len(others))]
            length = np.linalg.norm(other - here, axis=1)
            movable = np.flatnonzero(usable & (length >= SHORTEST) & (length <= LONGEST))
            if len(movable) < points:
                continue
            chosen = np.sort(random.choice(movable, points, replace=False))
            there = other[chosen]
        if ((there < MARGIN) | (there > 1 - MARGIN)).any():
            continue
        return Displacements(
            tuple(int(i) for i in chosen),
            tuple((int(x), int(y)) for x, y in np.round(found[chosen])),
            tuple((int(x), int(y)) for x, y in np.round(there * resolution - 0.5)),
        )
    return None


def is_allowed(target: Places, places: Places) -> bool:
    """Whether enough of a landmark's `places` (M, 2) lie near a target (2,), all in widths."""
    near = np.square(places - target).sum(axis=1) <= NEARBY**2
    return int(near.sum()) >= NEIGHBOURS


def _step(random: np.random.Generator) -> NDArray[np.float64]:
    """A displacement (2,) in widths: its length uniform, its direction too."""
    length, angle = random.uniform(SHORTEST, LONGEST), random.uniform(0.0, 2.0 * np.pi)
    return length * np.array([np.cos(angle), np.sin(angle)])
