"""The parameters as a person sets them: by name in the palette, typed into a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tui_draggan.edit.parameters import RANGES, DragParams
from tui_draggan.errors import UsageError


@dataclass(frozen=True)
class Parameter:
    """One line of the palette."""

    name: str
    """Field of DragParams."""
    title: str
    note: str


PARAMETERS = (
    Parameter("learning_rate", "step size", "Step size of Adam; acts at the next step."),
    Parameter("steps", "steps", "Limit of iterations of one run."),
    Parameter("mask_weight", "λ", "Weight of the mask loss."),
    Parameter("anchor", "anchor α", "How much of a handle's drift is taken back; 0: the paper."),
    Parameter("r1", "r1", "Radius of motion supervision, px."),
    Parameter("r2", "r2", "Half side of the tracking square, px."),
    Parameter("rows", "K", "Rows of w+ that are trained; acts from the next run on."),
    Parameter("w_plus", "latent space", "w+ trains the rows apart, w as one; from the next run."),
    Parameter(
        "tolerance", "tolerance", "Distance in px that counts as reached; auto: the paper's rule."
    ),
    Parameter("patience", "patience", "Steps without progress after which a run is stuck."),
)


def shown(params: DragParams, name: str) -> str:
    """The value as it is typed."""
    value = getattr(params, name)
    if name == "w_plus":
        return "w+" if value else "w"
    if name == "tolerance" and value is None:
        return "auto"
    return f"{value:g}" if isinstance(value, float) else str(value)


def changed(params: DragParams, name: str, text: str) -> DragParams:
    """The parameters with one value as typed. Raises UsageError."""
    return params.with_values(**{name: _value(name, text.strip())})


def range_of(name: str) -> str:
    """What may be typed, in words."""
    if name == "w_plus":
        return "w+ or w"
    return str(RANGES[name])


def doubled(rate: float, times: int) -> float:
    """A step size doubled so many times (negative: halved), within its range."""
    limits = RANGES["learning_rate"]
    return min(limits.high, max(limits.low, rate * 2.0**times))


def _value(name: str, text: str) -> Any:
    if name == "w_plus":
        if text not in ("w", "w+"):
            raise UsageError(f"the latent space is w or w+, not «{text}»")
        return text == "w+"
    if name == "tolerance" and text in ("", "auto"):
        return None
    try:
        number = float(text)
    except ValueError:
        raise UsageError(f"«{text}» is not a number") from None
    whole = isinstance(DragParams.__dataclass_fields__[name].default, int)
    return int(number) if whole and number.is_integer() else number
