"""What w of a model look like: mean and principal directions, of all and of each class.

A drag in whitened coordinates moves w by Δw = Δu·B, where a row of B is a principal direction as
long as w's standard deviation along it. To Adam, which takes steps of one size in every
coordinate, directions in which w hardly varies are then as short as they should be: w goes where
other w are. (Zhu et al., "Improved StyleGAN Embedding: Where are the Good Latents?", 2020, whiten
W for inversion alike.) The same directions tell how far a w lies outside what the model knows.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.errors import BundleError

SAMPLES = 20_000
"""Number of w that statistics are taken of."""
KEPT_SHARE = 0.9995
"""Share of the variance that the directions hold that are kept."""
MAIN_SHARE = 0.99
"""Share of the variance that the main directions hold."""
FAR_INSIDE, FAR_OUTSIDE = 1.4, 5.0
"""Root mean square along the main directions, in standard deviations, and norm outside them, in
usual ones, that pictures no longer bear: samples have 1 and at most 1 (docs/score.md)."""
LEAST = 0.01
"""Norm outside the main directions that counts as usual at least, as a share of how far w reach: of
a model whose w fill all of W nothing lies outside but rounding."""
USUAL = 0.99
"""Quantile of samples whose norm outside the main directions counts as usual."""


@dataclass(frozen=True, eq=False)
class LatentStatistics:
    """Of w (w_dim,), not truncated. k directions, c classes; 0 where the model has none."""

    mean: Floats
    """(w_dim,)"""
    directions: Floats
    """(k, w_dim) orthonormal, those of greatest variance first."""
    deviations: Floats
    """(k,) standard deviations along them."""
    class_means: Floats
    """(c, w_dim)"""
    class_directions: Floats
    """(c, k, w_dim) as `directions`, within each class."""
    class_deviations: Floats
    """(c, k)"""
    main: int
    """Number of main directions, which hold `MAIN_SHARE` of the variance."""
    usual: float
    """Norm outside the main directions that `USUAL` of the samples do not exceed."""

    @classmethod
    def of(cls, w: Floats, labels: NDArray[np.int64] | None = None) -> LatentStatistics:
        """Of samples w (N, w_dim) and their classes (N,), where there are some; classes with fewer
        samples than twice w_dim have no directions of their own, and then none has."""
        mean, directions, deviations = _principal(w)
        held = np.cumsum(deviations**2, dtype=np.float64) / np.sum(deviations**2, dtype=np.float64)
        main, k = (
            min(int(np.searchsorted(held, share)) + 1, len(held))
            for share in (MAIN_SHARE, KEPT_SHARE)
        )
        count = 0 if labels is None else int(labels.max()) + 1
        if count and len(w) // count < 2 * w.shape[1]:
            count = 0
        classes = [_principal(w[labels == one]) for one in range(count)]
        found = cls(
            mean,
            directions[:k],
            deviations[:k],
            np.array([one[0] for one in classes], np.float32).reshape(count, len(mean)),
            np.array([one[1][:k] for one in classes], np.float32).reshape(count, k, len(mean)),
            np.array([one[2][:k] for one in classes], np.float32).reshape(count, k),
            main,
            usual=0.0,
        )
        return replace(found, usual=float(np.quantile(found.outside(w), USUAL)))

    def basis(self, label: int | None = None) -> Floats:
        """B (k, w_dim) of whitened coordinates: of all w, or of those of one class."""
        if label is None or label >= len(self.class_means):
            pooled: Floats = self.deviations[:, None] * self.directions
            return pooled
        own: Floats = self.class_deviations[label][:, None] * self.class_directions[label]
        return own

    def outside(self, w: Floats) -> Floats:
        """Norms (N,) of what lies outside the main directions of w (N, w_dim)."""
        apart = w - self.mean
        main = self.directions[: self.main]
        norms: Floats = np.linalg.norm(apart - (apart @ main.T) @ main, axis=1)
        return norms

    def mean_square(self, ws: Floats) -> float:
        """Mean square of rows of w+ (N, w_dim) along the main directions, in standard deviations:
        about 1 for samples, more the less usual they are (Mahalanobis)."""
        inside = ((ws - self.mean) @ self.directions[: self.main].T) / self.deviations[: self.main]
        return float(np.square(inside).mean())

    def strangeness(self, ws: Floats) -> float:
        """How far rows of w+ (N, w_dim) are from what the model knows, as a share of what pictures
        bear: beyond 1 they tend to break."""
        least = LEAST * float(np.linalg.norm(self.deviations))
        outside = float(self.outside(ws).mean()) / max(self.usual, least)
        return max(math.sqrt(self.mean_square(ws)) / FAR_INSIDE, outside / FAR_OUTSIDE)

    def lost(self, ws: Floats, start: Floats) -> bool:
        """Whether rows of w+ (N, w_dim) have left what the model knows, on the way from others."""
        return self.strangeness(ws) > max(1.0, self.strangeness(start))

    def save(self, path: Path) -> None:
        """Writes a file in the format of safetensors: its header's length in eight bytes, the
        header in JSON, then the numbers. Any language reads it in a few lines."""
        header: dict[str, Any] = {}
        data = b""
        for name in self.__annotations__:
            values = np.array(getattr(self, name), "<f4", order="C")
            ends = [len(data), len(data) + values.nbytes]
            header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": ends}
            data += values.tobytes()
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)  # numbers begin at a multiple of eight bytes
        path.write_bytes(len(text).to_bytes(8, "little") + text + data)

    @classmethod
    def load(cls, path: Path, w_dim: int) -> LatentStatistics:
        """Reads what `save` wrote. Raises BundleError, naming the file."""
        try:
            content = path.read_bytes()
            end = 8 + int.from_bytes(content[:8], "little")
            header = json.loads(content[8:end])
            arrays = {name: _array(header[name], content[end:]) for name in cls.__annotations__}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise BundleError(f"{path} cannot be read ({error}); import the model again") from error
        k, c = len(arrays["deviations"]), len(arrays["class_means"])
        expected = {
            **{"mean": (w_dim,), "directions": (k, w_dim), "deviations": (k,)},
            **{"class_means": (c, w_dim), "class_directions": (c, k, w_dim)},
            **{"class_deviations": (c, k), "main": (), "usual": ()},
        }
        for name, shape in expected.items():
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise BundleError(f"{path} holds no usable {name}; import the model again")
        main, usual = int(arrays.pop("main")), float(arrays.pop("usual"))
        return cls(**arrays, main=main, usual=usual)


def _array(entry: dict[str, Any], data: bytes) -> Floats:
    """An array of a safetensors file by its entry in the header. Raises KeyError, TypeError and
    ValueError for what is none."""
    first, end = entry["data_offsets"]
    return np.frombuffer(data[first:end], "<f4").reshape(entry["shape"])


def statistics_samples(z_dim: int, c_dim: int) -> tuple[Floats, NDArray[np.int64]]:
    """z (SAMPLES, z_dim) and classes (SAMPLES,), all alike often, 0 where there are none."""
    z = np.random.default_rng(0).standard_normal((SAMPLES, z_dim), dtype=np.float32)
    return z, np.arange(SAMPLES) % max(c_dim, 1)


def _principal(w: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean (D,), directions (D, D) as rows and deviations (D,) of w (N, D)."""
    values = w.astype(np.float64)
    mean = values.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov(values.T).reshape(w.shape[1], w.shape[1]))
    deviations = np.sqrt(np.clip(variances[::-1], 0, None))
    # A direction and its opposite are one; the largest coordinate positive makes it the same one
    # on every machine.
    directions = vectors.T[::-1]
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]
    return mean.astype(np.float32), directions.astype(np.float32), deviations.astype(np.float32)
