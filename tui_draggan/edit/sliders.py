"""Sliders: how far the picture is moved along directions, on top of its latent without them.

w+ = base + Σ σ·v, each direction v on the rows it is meant for (GANSpace, section 3.3: edits of
single layers). StyleGAN3's pictures are then shifted and turned in closed form (`placement`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import SIGMA, Direction
from tui_draggan.directions.placement import placed
from tui_draggan.errors import UsageError
from tui_draggan.wording import quoted

Rows = tuple[int, int]
"""First and last row of w+ that a slider moves, both included."""


@dataclass(frozen=True, eq=False)
class Slider:
    """A direction, and how far the picture is moved along it.

    Constructing one out of range raises UsageError.
    """

    direction: Direction
    value: float
    """In the direction's unit; as far as that allows."""
    rows: Rows
    """Without effect where the direction places the picture: that is row 0's."""

    def __post_init__(self) -> None:
        unit = self.direction.unit
        if not abs(self.value) <= unit.most:
            raise UsageError(
                f"the slider {self.direction.name} is {self.value:g}; expected −{unit.most:g} to "
                f"{unit.most:g} {unit.name}"
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

    def moving(self, ws: Floats) -> Floats:
        """w+ (L, w_dim) without them → with them. Independent of their order."""
        return ws if self.off else placed(ws + self._offset(*ws.shape), self._placing)

    def moving_back(self, ws: Floats) -> Floats:
        """w+ (L, w_dim) with them → without them."""
        if self.off:
            return ws
        return placed(ws, self._placing, back=True) - self._offset(*ws.shape)

    def _offset(self, num_ws: int, w_dim: int) -> Floats:
        """What those that are in σ add to w+ (num_ws, w_dim)."""
        added = np.zeros((num_ws, w_dim), np.float64)
        for one in sorted(self.settings, key=lambda slider: slider.name):
            if one.direction.places is None:
                added += one.offset(num_ws)
        return added.astype(np.float32)

    @property
    def _placing(self) -> list[tuple[Direction, float]]:
        return [(one.direction, one.value) for one in self.settings if one.direction.places]


def named_rows(info: BundleInfo) -> dict[str, Rows]:
    """Ranges of rows by name: those that the features of a drag depend on give the shape, the
    others the colour (Karras et al., "A Style-Based Generator", 2019, section 3.1)."""
    last, shape = info.num_ws - 1, min(info.drag.trainable_rows, info.num_ws)
    ranges = {"all": (0, last), "shape": (0, shape - 1)}
    return ranges if shape > last else {**ranges, "colour": (shape, last)}


def rows_in_words(rows: Rows, info: BundleInfo) -> str:
    """«all», «shape», «3–5»."""
    names = {value: name for name, value in reversed(named_rows(info).items())}
    return names.get(rows, f"{rows[0]}–{rows[1]}")


def parse_slider(
    text: str, info: BundleInfo, direction: Direction | None = None
) -> tuple[float, Rows | None]:
    """What a person types for a slider: a value (σ, unless the direction says otherwise), then, if
    they like, its rows, where it has some. Raises UsageError."""
    words = text.split()
    unit = SIGMA if direction is None else direction.unit
    what, most = f"expected −{unit.most:g} to {unit.most:g}", 1
    if direction is None or direction.places is None:
        what, most = f"{what}, then if you like rows: all, shape, colour or 3-5", 2
    if not 1 <= len(words) <= most:
        raise UsageError(f"{quoted(text)}: {what}")
    try:
        value = float(words[0].replace("−", "-"))
    except ValueError:
        raise UsageError(f"{quoted(words[0])} is no number; {what}") from None
    if not abs(value) <= unit.most:
        raise UsageError(f"{quoted(words[0])}: {what}")
    return value, None if len(words) == 1 else parse_rows(words[1], info)


def parse_rows(word: str, info: BundleInfo) -> Rows:
    """«all», «shape», «colour», «4», «3-5». Raises UsageError."""
    ranges = named_rows(info)
    if word in ranges:
        return ranges[word]
    ends = word.replace("–", "-").split("-")
    if len(ends) in (1, 2) and all(end.isdecimal() and len(end) < 4 for end in ends):
        first, last = int(ends[0]), int(ends[-1])
        if first <= last < info.num_ws:
            return first, last
    raise UsageError(
        f"{quoted(word)} names no rows; expected {', '.join(ranges)}, or first-last from 0 to "
        f"{info.num_ws - 1}"
    )
