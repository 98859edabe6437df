"""The latent is the document: w+ and where it came from; all else can be made again from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.engines.base import Engine
from tui_draggan.errors import UsageError


@dataclass(frozen=True, eq=False)
class Latent:
    """w+ (L, w_dim), read-only, and the seed, truncation ψ and class it started from."""

    ws: Floats
    seed: int | None = None
    psi: float | None = None
    label: int | None = None
    edited: bool = False

    def __post_init__(self) -> None:
        self.ws.setflags(write=False)


def class_name(latent: Latent, info: BundleInfo) -> str | None:
    """The name of a latent's class; None where it has none."""
    return None if latent.label is None else info.classes[latent.label]


def difference(old: Latent, new: Latent, info: BundleInfo) -> str:
    """What is new about a freshly opened latent, in words: «seed 7», «class cat»."""
    if new.label != old.label:
        return f"class {class_name(new, info)}"
    if new.seed == old.seed and new.psi is not None and new.psi != old.psi:
        return f"truncation ψ {new.psi:g}"
    return f"seed {new.seed}"


def latent_from_seed(engine: Engine, seed: int, psi: float, label: int | None = None) -> Latent:
    """The field's convention: z = RandomState(seed).randn(1, z_dim), one w for all rows.

    Truncation: w_avg + ψ·(w − w_avg).
    """
    info = engine.info
    if info.classes and label is None:
        label = 0
    if info.classes and label not in range(info.c_dim):
        raise UsageError(f"class {label} is unknown; {info.name} has {info.c_dim} classes")
    z = np.random.RandomState(seed).randn(info.z_dim).astype(np.float32)
    w = engine.map(z, label if info.classes else None)
    w = engine.w_avg + np.float32(psi) * (w - engine.w_avg)
    return Latent(np.tile(w, (info.num_ws, 1)), seed, psi, label if info.classes else None)


def check_latent(ws: Floats, num_ws: int, w_dim: int) -> Floats:
    """Raises UsageError unless ws is a finite (num_ws, w_dim) array."""
    if ws.shape != (num_ws, w_dim):
        raise UsageError(f"the latent is {ws.shape}; this model needs {(num_ws, w_dim)}")
    if not np.isfinite(ws).all():
        raise UsageError("the latent holds values that are not finite numbers (NaN or infinity)")
    return ws
