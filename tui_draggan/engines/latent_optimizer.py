"""The trained rows of w+, their gradient and their optimizer, on one runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.engines.graph_inputs import Feeds


@dataclass(frozen=True)
class Iteration:
    """What one iteration gives, besides the gradient."""

    loss: float
    motion_loss: float
    mask_loss: float
    handles: Floats
    """(N, 2) as tracked."""
    image: Bytes | None
    """(P, Q, 3), or 4 channels with alpha; None where it was not wanted and costs something."""
    mismatch: Floats | None
    """(N,) as in `base.StepResult`."""


class LatentOptimizer(Protocol):
    """What `drag_run` asks of a runtime: the latent, Adam, and the graph of one iteration.

    Symbols as in `base`; R trainable rows, w columns and C channels of the feature map.
    """

    gradient_is_new: bool
    """No update has used the gradient yet."""

    @property
    def latent(self) -> Floats:
        """(R, w_dim) the trained parameter."""
        ...

    @property
    def gradient(self) -> Floats:
        """(R, w_dim) as the last `iterate` left it."""
        ...

    def prepare(self) -> None:
        """Opens what the first step would have to wait for."""
        ...

    def begin(self, latent: Floats, basis: Floats | None = None) -> None:
        """Starts anew from that latent, without moments or gradient; basis as in `Problem`."""
        ...

    def update(self, learning_rate: float) -> None:
        """One Adam step with the gradient of the last `iterate`."""
        ...

    def iterate(self, feeds: Feeds, picture: bool) -> Iteration:
        """`picture`: whether the picture is wanted."""
        ...

    def features_at_handles(self, feeds: Feeds) -> Floats:
        """→ features (N, C)."""
        ...

    def features_outside(self, feeds: Feeds) -> Floats:
        """→ features (C, rows, w) of the rows outside the mask, to the bit those of `iterate`."""
        ...
