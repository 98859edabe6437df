"""A direction: a way through W along which one thing about a picture changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.errors import UsageError

MOST = 10.0
"""σ that a picture may be moved along a direction, either way. Faces break at 5."""
USUAL = 3.0
"""σ from the mean beyond which hardly any picture of a model lies."""


@dataclass(frozen=True)
class Unit:
    """What a direction's values are in."""

    name: str
    most: float
    """How far a picture may be moved, either way."""
    usual: float
    """How far is shown, either way."""
    step: float
    """What a key moves it, and with Shift the next one."""
    leap: float


SIGMA = Unit("σ", most=MOST, usual=USUAL, step=0.1, leap=1.0)
"""Standard deviations of W."""
WAY = Unit("×", most=2.0, usual=1.0, step=0.1, leap=0.5)
"""Shares of a way that has an end: another class, another picture."""
UNITS = {one.name: one for one in (SIGMA, WAY)}
"""Those of directions that are kept as they are, by name."""


@dataclass(frozen=True, eq=False)
class Direction:
    """Constructing one whose values cannot be used raises UsageError."""

    name: str
    vector: Floats
    """(R, w_dim) what one of its unit adds to w+, read-only; R is 1, for the same in every row, or
    the number of rows."""
    mean: float = 0.0
    """Where the mean w lies along it, in σ from the origin of W."""
    share: float | None = None
    """Share of W's variance that lies along it, where that is known."""
    label: int | None = None
    """Class whose pictures it was found for; None for all."""
    method: str = ""
    """How it was found: `ganspace`, `sefa`, `boundary`, or the file it came from."""
    unit: Unit = SIGMA
    places: object = None
    """`placement.Placement` where values are not σ along the vector, but a shift or turn of the
    picture in closed form; the vector is then what it is to first order."""
    normal: Floats | None = None
    """(w_dim,) what reads off w how far it lies along it, where that is not along the vector
    (`boundary`), read-only: 1 σ of the move changes the reading by 1."""

    def __post_init__(self) -> None:
        if self.vector.ndim != 2 or not np.isfinite(self.vector).all() or not self.vector.any():
            raise UsageError(f"the direction {self.name} has no usable vector")
        self.vector.setflags(write=False)
        if self.normal is not None:
            if self.normal.shape != self.vector.shape[1:] or not np.isfinite(self.normal).all():
                raise UsageError(f"the direction {self.name} has no usable normal")
            self.normal.setflags(write=False)

    def position(self, ws: Floats) -> float:
        """How many σ a w+ (L, w_dim) lies from the mean along it; 0 for the mean w, and where it
        is not in σ."""
        if self.unit is not SIGMA:
            return 0.0
        if self.normal is not None:
            return float((ws.astype(np.float64) @ self.normal).mean()) - self.mean
        vector = np.broadcast_to(self.vector, ws.shape).astype(np.float64)
        return float((ws * vector).sum() / (vector * vector).sum()) - self.mean

    def fits(self, num_ws: int, w_dim: int) -> bool:
        """Whether it is of a model of so many rows and dimensions."""
        rows, dimensions = self.vector.shape
        return dimensions == w_dim and rows in (1, num_ws)
