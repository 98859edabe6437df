"""Sliders: how far the picture is moved along directions, on top of its latent without them.

w+ = base + Σ σ·v, each direction v on the rows it is meant for (GANSpace, section 3.3: edits of
single layers).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import MOST, Direction
from tui_draggan.errors import UsageError

Rows = tuple[int, int]
"""First and last row of w+ that a slider moves, both included."""


@dataclass(frozen=True, eq=False)
class Slider:
    """A direction, and how far the picture is moved along it.

    Constructing one out of range raises UsageError.
    """

    direction: Direction
    value: float
    """σ; −`MOST` to `MOST`."""
    rows: Rows

    def __post_init__(self) -> None:
        if not abs(self.value) <= MOST:
            raise UsageError(
                f"the slider {self.direction.name} is {self.value:g}; expected −{MOST:g} to "
                f"{MOST:g} σ"
            )
        first, last = self.rows
        if not 0 <= first <= last:
            raise UsageError(f"rows {first} to {last}: expected the first, then the last, from 0")

    @property
    def name(self) -> str:
        return self.direction.name

    def offset(self, num_ws: int) -> Floats:
        """What it adds to w+ (num_ws, w_dim)."""
        first, last = self.rows
        vector = self.direction.vector
        added = np.zeros((num_ws, vector.shape[1]), np.float32)
        moved = np.broadcast_to(vector, added.shape)[first : last + 1]
        added[first : last + 1] = np.float32(self.value) * moved
        return added


@dataclass(frozen=True, eq=False)
class Sliders:
    """All sliders of an edit, in the order in which they were touched first."""

    settings: tuple[Slider, ...] = ()
    off: bool = False
    """Whether they are switched off, to compare: they keep their values and add nothing."""

    def of(self, name: str) -> Slider | None:
        """The slider of that direction; None where it has not been touched."""
        return next((one for one in self.settings if one.name == name), None)

    def having(self, slider: Slider) -> Sliders:
        """With that slider in place of the one of its name; switched on."""
        if self.of(slider.name) is None:
            return Sliders((*self.settings, slider))
        return Sliders(tuple(slider if one.name == slider.name else one for one in self.settings))

    def named(self, name: str, direction: Direction) -> Sliders:
        """With that direction in place of the one of that name."""
        settings = tuple(
            replace(one, direction=direction) if one.name == name else one for one in self.settings
        )
        return replace(self, settings=settings)

    def check(self, info: BundleInfo) -> None:
        """Raises UsageError where a direction, or its rows, are of another model."""
        for one in self.settings:
            if not one.direction.fits(info.num_ws, info.w_dim):
                raise UsageError(f"the direction {one.name} is of another model than {info.name}")
            if one.rows[1] >= info.num_ws:
                raise UsageError(
                    f"row {one.rows[1]} of slider {one.name}: w+ of this model has {info.num_ws}"
                )

    def switched(self) -> Sliders:
        """Off where they are on, and on where they are off."""
        return replace(self, off=not self.off)

    @property
    def moved(self) -> bool:
        """Whether the picture is another because of them."""
        return not self.off and any(one.value for one in self.settings)

    def offset(self, num_ws: int, w_dim: int) -> Floats:
        """What all of them add to w+ (num_ws, w_dim). Independent of their order."""
        added = np.zeros((num_ws, w_dim), np.float64)
        if not self.off:
            for one in sorted(self.settings, key=lambda slider: slider.name):
                added += one.offset(num_ws)
        return added.astype(np.float32)
