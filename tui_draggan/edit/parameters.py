"""The parameters of a drag, with the paper's defaults scaled to the resolution.

Source of the defaults: Pan et al., "Drag Your GAN" (SIGGRAPH 2023), sections 3.2, 3.3 and 4, given
there for 512 px: r1 = 3, r2 = 12, λ = 20, Adam with step 0.002, six rows of w+, 300 steps, within
1 px for up to five points and 2 px otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tui_draggan.errors import UsageError

MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Limits:
    """Range of one parameter, ends included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.10g} to {self.high:.10g}"


RANGES: dict[str, Limits] = {
    "steps": Limits(1, 100_000),
    "learning_rate": Limits(1e-6, 1.0),
    "mask_weight": Limits(0, 10_000),
    "anchor": Limits(0, 1),
    "r1": Limits(1, 64),
    "r2": Limits(1, 128),
    "rows": Limits(1, 64),
    "psi": Limits(-2, 2),
    "seed": Limits(0, MAX_SEED),
    "tolerance": Limits(0, 64),
    "patience": Limits(2, 100_000),
}


@dataclass(frozen=True)
class DragParams:
    """What a person may set. Constructing one with a value out of range raises UsageError."""

    steps: int = 300
    """Limit of iterations of one run."""
    learning_rate: float = 0.002
    """Step size of Adam; a change acts at the next step."""
    mask_weight: float = 20.0
    """λ of the mask loss."""
    anchor: float = 0.0
    """α: how much of a handle's drift from what was under it at first motion supervision takes
    back (`export.step_graph`); 0 is the paper's form."""
    r1: int = 3
    """Radius of the motion supervision disc, px."""
    r2: int = 12
    """Half side of the point tracking square, px."""
    rows: int = 6
    """K: how many rows of w+ are trained, from the coarsest."""
    w_plus: bool = True
    """Train the rows apart (w+) or as one w."""
    psi: float = 0.7
    """Truncation ψ."""
    seed: int = 0
    tolerance: float | None = None
    """Distance in px at which a handle has reached its target; None: the paper's rule."""
    patience: int = 60
    """Steps without any progress after which the run is called stuck."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))

    def reached_within(self, points: int) -> float:
        """The tolerance in px for that many points."""
        if self.tolerance is not None:
            return self.tolerance
        return 1.0 if points <= 5 else 2.0

    def with_values(self, **changes: Any) -> DragParams:
        """A copy with other values. Raises UsageError for unknown names and bad values."""
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise UsageError(f"unknown parameter {name}; known are {', '.join(sorted(known))}")
        return replace(self, **changes)


def default_params(
    resolution: int, trainable_rows: int, recommended: Mapping[str, Any] | None = None
) -> DragParams:
    """The paper's defaults for a picture of `resolution` px, overruled by the model's own."""
    params = DragParams(
        r1=max(1, round(3 / 512 * resolution)),
        r2=max(1, round(12 / 512 * resolution)),
        rows=min(6, trainable_rows),
    )
    return params.with_values(**dict(recommended or {}))


def _check(name: str, value: Any) -> None:
    if name == "w_plus" or (name == "tolerance" and value is None):
        return
    limits = RANGES[name]
    whole = isinstance(DragParams.__dataclass_fields__[name].default, int)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not limits.low <= value <= limits.high:
        raise UsageError(f"{name} is {value}; expected {limits}")
    if whole and value != int(value):
        raise UsageError(f"{name} is {value}; expected a whole number")
