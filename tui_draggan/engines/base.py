"""The protocol between the edit and what computes it.

Everything that crosses it is numpy, in image pixels: (x, y), origin at the top left, pixel centres
at integers. Symbols: N points, C feature channels, L rows of w+, H and W sides of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.latent_statistics import LatentStatistics

ARRIVED = 0.5
"""Pixels from its target within which a point is not pulled: tracked points are whole
pixels, so one is pulled until it sits on its target. The authors' program lets go at 1 px, where
the tolerance begins; of several points one or another is then always a step outside."""

EQUAL = 1e-5
"""Share by which costs of tracking may differ and count as equal; of equal ones the pixel nearest
to the target is taken. Bilinear up-sampling repeats the outermost cells, so at every border some
rows and columns of pixels hold the same features; on a pixel further out than those that differ,
a small disc would have no gradient."""

PICTURES_ONLY = "torch, pictures only"
"""Name of an engine on a file of weights as long as its model is being made: until then there are
no features and no steps."""


@dataclass(frozen=True)
class Problem:
    """What one run optimises, fixed from its first step to its last."""

    ws: Floats
    """(L, w_dim) the w+ it starts from."""
    rows: int = 6
    """K: rows 0..K−1 are trained, the others stay (DragGAN, section 3.2)."""
    w_plus: bool = True
    """False: the K rows share one w, which must be equal in all of them."""
    editable: NDArray[np.bool_] | None = None
    """(H, W) the region that may change; None where all of it may."""
    reference: Floats | None = None
    """(L, w_dim) the w+ whose features the rest must keep, F0; None: `ws`. Another one where a
    run is continued on an engine that knows nothing of it."""
    basis: Floats | None = None
    """B (k, w_dim) of whitened coordinates: every trained row is its start + u·B, and
    `adam.WhitenedAdam` optimises u (k,), which begins at 0. None: Adam optimises w itself."""


@dataclass(frozen=True)
class StepRequest:
    """What one step works on; every field may change from step to step."""

    handles: Floats
    """(N, 2) handle points as tracked so far."""
    targets: Floats
    """(N, 2) target points."""
    templates: Floats
    """(N, C) f0: the feature of each handle where and when it was placed."""
    r1: int
    """Radius of the motion supervision disc, in pixels; offsets with dx² + dy² < r1² belong."""
    r2: int
    """Half side of the point tracking square, in pixels."""
    mask_weight: float
    """λ of the mask loss; without effect where the problem has no mask."""
    learning_rate: float
    anchor: float = 0.0
    """Share α of a handle's drift from its template that motion supervision corrects; 0 to 1."""
    picture: bool = True
    """Whether the step's picture is wanted. Everything else is the same to the bit without."""


@dataclass(frozen=True)
class StepResult:
    """The state after one step. Picture, handles and losses all belong to `ws`."""

    ws: Floats
    """(L, w_dim)"""
    handles: Floats
    """(N, 2) tracked on the features of `ws`."""
    image: Bytes | None
    """(P, Q, 3) preview, or 4 channels with alpha; it may be smaller than the picture. None where
    it was not wanted and costs something."""
    loss: float
    motion_loss: float
    mask_loss: float
    """Already multiplied by λ: loss = motion_loss + mask_loss."""
    gradient_norm: float
    milliseconds: float
    mismatch: Floats | None = None
    """(N,) mean absolute difference, over the channels, between a handle's template and the
    features where it was tracked to. None where the model's graphs do not give it: they were
    written by an earlier version."""


@dataclass(frozen=True)
class Comparison:
    """How far a picture is from one that is wanted (`export.inversion_graph`)."""

    loss: float
    gradient: Floats
    """(L, w_dim) the loss's, by w+."""
    image: Bytes
    """(H, W, 3), the picture; 4 channels with alpha."""
    milliseconds: float


@dataclass(frozen=True, eq=False)
class Pivot:
    """A photograph, and the latent around which the network is tuned to it."""

    ws: Floats
    """(L, w_dim)"""
    target: Bytes
    """(H, W, 3)"""


@dataclass(frozen=True, eq=False)
class TuningStep:
    """What a step of pivotal tuning found; losses, pictures and gradient are of one state of the
    weights."""

    losses: tuple[float, ...]
    """Of each pivot (`export.inversion_graph`)."""
    images: tuple[Bytes, ...]
    """(H, W, 3) of each pivot; 4 channels with alpha."""
    gradient_norm: float
    milliseconds: float


class Engine(Protocol):
    """Computes on one device. Owned by one thread; nothing here is thread-safe."""

    info: BundleInfo
    """The model it runs: size, num_ws, classes, recommended parameters."""

    @property
    def name(self) -> str:
        """As on the command line: `ort-training`; `auto` until one is chosen."""
        ...

    @property
    def device(self) -> str:
        """`cpu`, `cuda`, `cuda:N` or `mps`."""
        ...

    def map(self, z: Floats, label: int | None = None) -> Floats:
        """z (z_dim,) → w (w_dim,), not truncated."""
        ...

    @property
    def w_avg(self) -> Floats:
        """(w_dim,) the mean w, centre of truncation."""
        ...

    @property
    def statistics(self) -> LatentStatistics:
        """What w of the model look like."""
        ...

    def render(self, ws: Floats) -> Bytes:
        """w+ (L, w_dim) → the full picture (H, W, 3); 4 channels with alpha."""
        ...

    def preview(self, ws: Floats) -> Bytes:
        """w+ (L, w_dim) → the picture as a step shows it, `drag.preview` in size: what comes first
        where the full one takes long."""
        ...

    def features(self, ws: Floats, points: Floats) -> Floats:
        """The features (N, C) of w+ (L, w_dim) at points (N, 2): templates f0."""
        ...

    def feature_map(self, ws: Floats) -> Floats:
        """All features of w+ (L, w_dim), by cells: (C, h, w), `drag.feature_map` in size."""
        ...

    def parts(self, ws: Floats) -> Bytes:
        """w+ (L, w_dim) → the part that each pixel belongs to, (H, W) numbers of `info.parts`.

        Raises BundleError for a model without parts.
        """
        ...

    def begin(self, problem: Problem) -> None:
        """Starts a run: takes the latent and the mask's reference F0, forgets Adam's moments."""
        ...

    def step(self, request: StepRequest) -> StepResult:
        """One iteration: Adam with the last gradient, then synthesise, track, supervise, gradient.

        The first step after `begin` has no gradient yet: it evaluates the start and moves nothing.
        So each result is of one latent, and a run may end without an update nobody has seen.
        """
        ...

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        """The picture of w+ (L, w_dim) beside `target` (H, W, 3): a step of an inversion. With
        alpha, the target is opaque. It keeps nothing, and runs beside a drag.

        Raises BundleError for a model that was exported without.
        """
        ...

    def begin_tuning(self) -> None:
        """Starts a tuning of the convolutions' weights, from those of the model. The weights of
        everything else that an engine does stay as they are.

        Raises BundleError for a model that was exported without.
        """
        ...

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        """One step: Adam with the mean of the pivots' gradients of the last step, if there was
        one; then the pivots' pictures, losses and gradients. So a result is of the weights that
        `save_tuned` keeps then."""
        ...

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        """Writes the model with the weights of the last step as a bundle (`tuned_bundle`).

        Raises BundleError where the model itself is gone or another, OutputError where the folder
        cannot be written.
        """
        ...


class LocalEngine(Engine, Protocol):
    """An engine in this process."""

    def warm_up(self) -> bool:
        """Does a part of what the first step would have to wait for; whether there is more."""
        ...

    def gradient(self) -> Floats:
        """The loss's gradient (R, w_dim) by the trainable rows, as the last step left it."""
        ...
