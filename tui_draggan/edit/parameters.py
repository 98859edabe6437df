"""The parameters of a drag: one table, which the command line, the palette, the panels, a model's
recommendations and the Python interface read.

Source of the defaults: Pan et al., "Drag Your GAN" (SIGGRAPH 2023), sections 3.2, 3.3 and 4, given
there for 512 px: r1 = 3, r2 = 12, λ = 20, Adam with step 0.002, six rows of w+, 300 steps, within
1 px for up to five points and 2 px otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from tui_draggan.edit.values import Number, OneOf, Value
from tui_draggan.errors import BundleError, UsageError
from tui_draggan.size import Size

if TYPE_CHECKING:
    from tui_draggan.bundle import BundleInfo

MAX_SEED = 2**32 - 1
USUAL_PSI = 0.7
"""Truncation ψ where a model recommends none."""


@dataclass(frozen=True)
class Parameter:
    """What a person may set, by its flag, in the palette or by its name."""

    name: str
    """Name in Python, in files and in messages; a field of `DragParams` where it is of a drag."""
    flags: tuple[str, ...]
    """Options of the command line, the usual one first."""
    title: str
    """Name in the palette and above its dialog."""
    note: str
    """What it does, as half a sentence."""
    values: Number | OneOf
    placeholder: str
    """Value in the help of the command line."""
    unit: str = ""
    recommendable: bool = False
    """Whether a model may come with its own value."""
    next_run: bool = False
    """Whether a change waits for the next run; else it acts at the next step."""

    @property
    def description(self) -> str:
        """The note as a sentence, with what else is to be known of it."""
        unit = f", {self.unit}" * bool(self.unit)
        when = "; acts from the next run on" * self.next_run
        return f"{self.note[0].upper()}{self.note[1:]}{unit}{when}."

    @property
    def range(self) -> str:
        """What may be typed, in words."""
        words = self.values.words
        absent = self.values.absent if isinstance(self.values, Number) else None
        return words if absent is None else f"{words}, or {absent}"

    def check(self, value: object) -> None:
        """Raises UsageError, naming parameter and range, where it may not have that value."""
        problem = self.values.problem(value)
        if problem is not None:
            raise UsageError(f"{self.name} is {value}; {problem}")

    def parse(self, text: str) -> Value:
        """The value as typed. Raises UsageError."""
        value = self.values.parse(text.strip())
        self.check(value)
        return value

    def shown(self, value: Value) -> str:
        """The value as it is typed."""
        return self.values.shown(value)


SEED = Parameter(
    "seed",
    ("--seed",),
    "seed",
    "seed of the picture",
    Number(0, MAX_SEED, whole=True),
    "N",
)
PSI = Parameter(
    "psi",
    ("--psi",),
    "truncation ψ",
    "truncation of the picture",
    Number(-2, 2),
    "ψ",
    recommendable=True,
)
"""Seed and ψ belong to the picture a drag starts from, not to the drag."""

SPACES = ("w+", "w", "whitened-w+", "whitened-w")
"""Latent spaces that Adam works in."""

METHODS = DRAGGAN, FREEDRAG = ("draggan", "freedrag")
"""Ways in which points are dragged."""

MASK_MODES = HOLD, LOSS = ("hold", "loss")
"""Ways in which a mask acts: `hold`, or the paper's mask loss."""

PARAMETERS = (
    Parameter(
        "method",
        ("--method",),
        "method",
        "draggan pulls what is under the handles and tracks it, freedrag brings their features to "
        "places on the way",
        OneOf(METHODS),
        "|".join(METHODS),
        recommendable=True,
        next_run=True,
    ),
    Parameter(
        "learning_rate",
        ("--learning-rate", "--lr"),
        "step size",
        "step size of Adam",
        Number(1e-6, 1.0),
        "X",
        recommendable=True,
    ),
    Parameter(
        "steps",
        ("--steps",),
        "steps",
        "limit of iterations of one run",
        Number(1, 100_000, whole=True),
        "N",
    ),
    Parameter(
        "mask_mode",
        ("--mask-mode",),
        "mask mode",
        "hold keeps what lies outside the mask to the bit, loss asks for it with weight λ, as in "
        "the paper",
        OneOf(MASK_MODES),
        "|".join(MASK_MODES),
        next_run=True,
    ),
    Parameter(
        "mask_weight",
        ("--mask-weight",),
        "λ",
        "weight of the mask loss, in mask mode loss",
        Number(0, 10_000),
        "λ",
    ),
    Parameter(
        "anchor",
        ("--anchor",),
        "anchor α",
        "share of a handle's drift that is corrected; 0 as in the paper",
        Number(0, 1),
        "α",
        recommendable=True,
    ),
    Parameter(
        "r1",
        ("--r1",),
        "r1",
        "radius of motion supervision",
        Number(1, 64, whole=True),
        "PX",
        unit="px",
        recommendable=True,
    ),
    Parameter(
        "r2",
        ("--r2",),
        "r2",
        "half side of the tracking square",
        Number(1, 128, whole=True),
        "PX",
        unit="px",
        recommendable=True,
    ),
    Parameter(
        "rows",
        ("--rows",),
        "K",
        "rows of w+ that are trained, from the coarsest",
        Number(1, 64, whole=True),
        "K",
        next_run=True,
    ),
    Parameter(
        "space",
        ("--space",),
        "latent space",
        "w+ trains each row by itself, w all rows as one; whitened, along the principal "
        "directions of w, each scaled by how much w varies along it",
        OneOf(SPACES),
        "|".join(SPACES),
        recommendable=True,
        next_run=True,
    ),
    Parameter(
        "tolerance",
        ("--tolerance",),
        "tolerance",
        "distance that counts as reached; auto is the paper's rule",
        Number(0, 64, absent="auto"),
        "PX",
        unit="px",
    ),
    Parameter(
        "patience",
        ("--patience",),
        "patience",
        "steps without progress after which a run is stuck",
        Number(2, 100_000, whole=True),
        "N",
    ),
)
"""Of a drag, in the order of the palette and the help. A change of any of them is one undoable
edit."""

SCALED = ("r1", "r2")
"""Parameters whose default grows with the picture's shorter side."""

RECOMMENDABLE = tuple(one for one in (*PARAMETERS, PSI) if one.recommendable)


def parameter(name: str) -> Parameter:
    """The drag parameter of that name. Raises UsageError."""
    for one in PARAMETERS:
        if one.name == name:
            return one
    known = ", ".join(sorted(one.name for one in PARAMETERS))
    raise UsageError(f"no parameter named {name}; available: {known}")


def doubled(rate: float, times: int) -> float:
    """A step size doubled so many times (negative: halved), within its range."""
    values = parameter("learning_rate").values
    assert isinstance(values, Number)
    return min(values.high, max(values.low, rate * 2.0**times))


@dataclass(frozen=True)
class DragParams:
    """The values of one drag. Constructing one with a value out of range raises UsageError."""

    method: str = DRAGGAN
    """One of `METHODS`: DragGAN (`edit.drag`) or FreeDrag (`edit.freedrag`)."""
    steps: int = 300
    """Limit of iterations of one run."""
    learning_rate: float = 0.002
    """Step size of Adam; a change acts at the next step."""
    mask_mode: str = HOLD
    """One of `MASK_MODES`; without effect where there is no mask."""
    mask_weight: float = 20.0
    """λ, the weight of the mask loss in mask mode loss."""
    anchor: float = 0.0
    """α, how much of a handle's drift from what was under it at first motion supervision corrects
    (`export.step_graph`); 0 is the paper's form."""
    r1: int = 3
    """Radius of the motion supervision disc, px."""
    r2: int = 12
    """Half side of the point tracking square, px."""
    rows: int = 6
    """K, the number of rows of w+ that are trained, from the coarsest."""
    space: str = "w+"
    """One of `SPACES`: whether each row is trained by itself (w+) or all as one (w), and whether in
    whitened coordinates (`latent_statistics`)."""
    tolerance: float | None = None
    """Distance in px at which a handle has reached its target; None: the paper's rule."""
    patience: int = 60
    """Steps without any progress after which the run is called stuck."""

    def __post_init__(self) -> None:
        for one in PARAMETERS:
            one.check(getattr(self, one.name))

    @property
    def w_plus(self) -> bool:
        """Whether each row is trained by itself."""
        return self.space.endswith("w+")

    @property
    def whitened(self) -> bool:
        """Whether Adam works in whitened coordinates."""
        return self.space.startswith("whitened")

    def reached_within(self, points: int) -> float:
        """The tolerance in px for that many points."""
        if self.tolerance is not None:
            return self.tolerance
        return 1.0 if points <= 5 else 2.0

    def with_values(self, **changes: Any) -> DragParams:
        """A copy with other values. Raises UsageError for unknown names and bad values.

        `w_plus`, True or False, is what older files have for the space.
        """
        if isinstance(changes.get("w_plus"), bool):
            changes["space"] = "w+" if changes.pop("w_plus") else "w"
        for name in changes:
            parameter(name)
        return replace(self, **changes)

    def differing(self, other: DragParams) -> tuple[Parameter, ...]:
        """The parameters whose values are not the same in both."""
        return tuple(
            parameter(field.name)
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )


def default_params(
    size: Size, trainable_rows: int, recommended: Mapping[str, Any] | None = None
) -> DragParams:
    """The paper's defaults for a picture of that size, overruled by the model's own.

    Raises BundleError where the model recommends what cannot be.
    """
    params = DragParams(
        r1=max(1, round(3 / 512 * size.shorter)),
        r2=max(1, round(12 / 512 * size.shorter)),
        rows=min(6, trainable_rows),
    )
    own = dict(recommended or {})
    try:
        PSI.check(own.pop(PSI.name, USUAL_PSI))  # of the picture (`latent.recommended_psi`)
        return params.with_values(**own)
    except UsageError as error:
        raise BundleError(f"what the model recommends cannot be used: {error}") from error


def model_params(info: BundleInfo) -> DragParams:
    """What a model recommends, else the paper's. Raises BundleError as `default_params` does."""
    return default_params(info.size, info.drag.trainable_rows, info.recommended)
