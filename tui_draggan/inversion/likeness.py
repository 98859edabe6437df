"""How good a found latent is, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes

USUAL = 1.3
"""`LatentStatistics.mean_square` up to which a latent is as usual as the model's own: samples
have 1."""
FAR = 2.2
"""The same from which edits are likely to break."""
NEAR = 30.0
"""Decibels from which a picture is hard to tell from its photograph."""
OTHER = 23.0
"""Decibels below which it is another picture."""


@dataclass(frozen=True)
class Likeness:
    """Of a picture and the photograph it was found for."""

    decibels: float
    """Peak signal-to-noise ratio, dB."""
    unusual: float
    """`LatentStatistics.mean_square` of the latent: about 1 for the model's own pictures."""

    @classmethod
    def of(cls, picture: Bytes, photograph: Bytes, unusual: float) -> Likeness:
        """Of two pictures (H, W, 3)."""
        return cls(psnr(picture, photograph), unusual)

    @property
    def is_far(self) -> bool:
        """Whether the photograph is far from what the model can draw."""
        return self.unusual > FAR or self.decibels < OTHER

    @property
    def words(self) -> str:
        """What to expect of it, as a sentence."""
        if self.is_far:
            return (
                "this photograph is far from what the model can draw: expect a likeness at best, "
                "and edits that break"
            )
        if self.unusual > USUAL or self.decibels < NEAR:
            return (
                "this photograph is at the edge of what the model can draw: expect details to "
                "differ"
            )
        return "the model draws this photograph well"


def psnr(one: Bytes, other: Bytes) -> float:
    """Peak signal-to-noise ratio of two pictures of one shape, dB; infinite where they are one."""
    error = float(np.square(one.astype(np.float64) - other).mean())
    return 10 * math.log10(255**2 / error) if error else math.inf
