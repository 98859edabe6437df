"""Between two pictures: a slider from the one towards the other, in all rows of w+ or in some.

All rows are interpolation in W; some of them, all the way, are style mixing (Karras et al., "A
Style-Based Generator", 2019, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import WAY, Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import (
    HasLatent,
    Latent,
    Origin,
    Seed,
    class_name,
    latent_from_seed,
)
from tui_draggan.edit.sliders import Rows, Slider
from tui_draggan.engines.base import Engine
from tui_draggan.errors import UsageError

Mixable = Seed | HasLatent
"""What a picture can be mixed of: a seed, a latent, a step of a run."""


@dataclass(frozen=True)
class Mix:
    """A picture between two."""

    first: Mixable | None
    """None: the document's own picture, which gets the slider."""
    second: Mixable
    name: str
    """What the second is called: «seed 12»."""
    at: float
    """Share of the way, 0 to 1."""
    rows: Rows

    @property
    def title(self) -> str:
        """Name of the slider."""
        return f"to {self.name}"

    def check(self, info: BundleInfo) -> None:
        """Raises UsageError for rows of another model."""
        if self.rows[1] >= info.num_ws:
            raise UsageError(f"row {self.rows[1]}: w+ of this model has {info.num_ws} rows")


def called(seed: Seed, info: BundleInfo) -> str:
    """A generated picture in words: «seed 7», «seed 7 · cat»."""
    return " · ".join(filter(None, (f"seed {seed.seed}", class_name(seed, info))))


def towards(first: Latent, second: Latent, title: str) -> Direction:
    """The direction from the one to the other, in percent of the way. Raises UsageError where they
    are the same, ValueError for latents of two models."""
    if first.ws.shape != second.ws.shape:
        raise ValueError(f"w+ of {first.ws.shape} and {second.ws.shape}")
    way = second.ws - first.ws
    if not way.any():
        raise UsageError(f"nothing lies between a picture and itself ({title.removeprefix('to ')})")
    same = bool((way == way[0]).all())
    return Direction(title, way[:1] if same else way, unit=WAY)


def mixed(document: Document, second: Latent, at: float, rows: Rows, title: str) -> Document:
    """The document with one more slider, so called, that moves it a share of the way to the second,
    0 to 1, in those rows; elsewhere it stays. Raises as `towards`."""
    direction = towards(document.latent, second, title)
    slider = Slider(direction, at, rows)
    return document.with_sliders(document.sliders.having(slider))


def latent_of(engine: Engine, picture: Mixable, origin: Origin) -> Latent:
    """The latent of a picture; origin: that of the edit, if it is a step. Raises EngineError."""
    if isinstance(picture, Seed):
        return latent_from_seed(engine, picture.seed, picture.psi, picture.label)
    if isinstance(picture, Latent):
        return picture
    return Latent(picture.ws, origin, edited=True)
