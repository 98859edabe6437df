"""The latent is the document: w+ and where it came from; all else can be made again from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.parameters import PSI, SEED, USUAL_PSI
from tui_draggan.engines.base import Engine
from tui_draggan.errors import UsageError
from tui_draggan.pictures.crop import Crop

LISTED = 12
"""Classes an error names; a model may have thousands."""


@dataclass(frozen=True)
class Seed:
    """A generated picture. Constructing one with a value out of range raises UsageError."""

    seed: int
    psi: float = USUAL_PSI
    """Truncation ψ."""
    label: int | None = None
    """Number of the class, where the model has classes."""

    def __post_init__(self) -> None:
        SEED.check(self.seed)
        PSI.check(self.psi)


@dataclass(frozen=True)
class Photo:
    """A photograph whose latent was searched. Raises UsageError for values of another kind."""

    file: str
    """Name of its file, without folders."""
    sha256: str
    """Hash of the file's bytes, 64 hexadecimal digits."""
    crop: Crop | None = None
    """The box that the model's picture stands for; None: not known."""
    label: int | None = None
    """Number of the class that it was found in, where the model has classes."""

    def __post_init__(self) -> None:
        _check_file(self.file, self.sha256, "the photograph")


@dataclass(frozen=True)
class LatentFile:
    """A latent out of a file (`latent_files`). Raises UsageError for values of another kind."""

    file: str
    """Name of the file, without folders."""
    sha256: str
    """Hash of the file's bytes, 64 hexadecimal digits."""

    def __post_init__(self) -> None:
        _check_file(self.file, self.sha256, "the latent")


def _check_file(file: object, sha256: object, what: str) -> None:
    """Raises UsageError."""
    if not isinstance(file, str) or not file:
        raise UsageError(f"{what}'s file is {file!r}; expected its name")
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise UsageError(f"{what}'s SHA-256 is {sha256!r}; expected 64 hex digits")


Origin = Seed | Photo | LatentFile


class HasLatent(Protocol):
    """A step of a run, a latent: something whose picture can be made."""

    @property
    def ws(self) -> Floats:
        """w+ (L, w_dim)"""


@dataclass(frozen=True, eq=False)
class Latent:
    """w+ (L, w_dim), read-only, and where it came from."""

    ws: Floats
    origin: Origin
    edited: bool = False
    """Whether it is no longer the latent it came from."""

    def __post_init__(self) -> None:
        self.ws.setflags(write=False)


def class_name(origin: Origin, info: BundleInfo) -> str | None:
    """The name of a picture's class; None where it has none."""
    label = label_of(origin)
    return None if label is None else info.classes[label]


def label_of(origin: Origin) -> int | None:
    """The number of a picture's class; None where it has none."""
    return origin.label if isinstance(origin, Seed | Photo) else None


def class_index(label: str | int | None, info: BundleInfo) -> int | None:
    """The number of a class given by name or number. Raises UsageError where there is none."""
    if label is None:
        return None
    if not info.classes:
        raise UsageError(f"no class {label}: {info.name} has no classes")
    if isinstance(label, str) and label in info.classes:
        return info.classes.index(label)
    digits = str(label)
    # Python refuses to read a number of thousands of digits.
    if digits.isdecimal() and len(digits) < 10 and int(digits) < info.c_dim:
        return int(digits)
    names = ", ".join(info.classes[:LISTED]) + (", …" if info.c_dim > LISTED else "")
    raise UsageError(
        f"no class {label} in {info.name}; available: {names} (or a number, 0 to {info.c_dim - 1})"
    )


def recommended_psi(info: BundleInfo) -> float:
    """The truncation ψ that suits the model."""
    return float(info.recommended.get(PSI.name, USUAL_PSI))


def reopened(
    origin: Origin,
    info: BundleInfo,
    seed: int | None = None,
    psi: float | None = None,
    label: int | None = None,
) -> Seed:
    """The generated picture to go to from another; what is None stays as it is there.

    From a photograph or a file: seed 0 and what the model recommends.
    """
    now = origin if isinstance(origin, Seed) else Seed(0, recommended_psi(info))
    return Seed(
        now.seed if seed is None else seed,
        now.psi if psi is None else psi,
        now.label if label is None else label,
    )


def change_in_words(old: Origin, new: Seed, info: BundleInfo) -> str:
    """What is new about a picture that was opened: «seed 7», «class cat», «truncation ψ 0.5»."""
    if isinstance(old, Seed):
        if new.label != old.label:
            return f"class {class_name(new, info)}"
        if new.seed == old.seed and new.psi != old.psi:
            return f"truncation ψ {new.psi:g}"
    return f"seed {new.seed}"


def latent_from_seed(engine: Engine, seed: int, psi: float, label: int | None = None) -> Latent:
    """The field's convention: z = RandomState(seed).randn(1, z_dim), one w for all rows.

    Truncation: w_avg + ψ·(w − w_avg). Where the model has classes and none is given: the first.
    """
    info = engine.info
    if label is None and info.classes:
        label = 0
    origin = Seed(seed, psi, class_index(label, info))
    z = np.random.RandomState(seed).randn(info.z_dim).astype(np.float32)
    w = engine.map(z, label)
    w = engine.w_avg + np.float32(psi) * (w - engine.w_avg)
    return Latent(np.tile(w, (info.num_ws, 1)), origin)


def check_latent(ws: Floats, num_ws: int, w_dim: int) -> Floats:
    """Raises UsageError unless ws is a finite (num_ws, w_dim) array."""
    if ws.shape != (num_ws, w_dim):
        raise UsageError(f"the latent is {ws.shape}; this model needs {(num_ws, w_dim)}")
    if not np.isfinite(ws).all():
        raise UsageError("the latent holds values that are not finite numbers (NaN or infinity)")
    return ws


def check_rows(rows: int, info: BundleInfo) -> None:
    """Raises UsageError where w+ of the model has fewer rows."""
    if rows > info.num_ws:
        raise UsageError(f"rows is {rows}; w+ of this model has {info.num_ws} rows")
