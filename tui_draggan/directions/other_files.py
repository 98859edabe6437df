"""Directions as other programs publish them, with the lengths that σ have in this model.

GANSpace: an .npz with `lat_comp` (N, 1, w_dim), the components in W, and `lat_stdev` (N,).
InterFaceGAN: an .npy of one unit normal, (1, w_dim) or (w_dim,); a tensor of torch.save likewise.
rosinality's closed_form_factorization.py (SeFA): a factor.pt of torch with `eigvec`,
(w_dim, w_dim), whose columns are directions, those that change most first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.checkpoints.array_files import ARRAY, read_arrays
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.store import FILE, MOST, checked_name
from tui_draggan.errors import UsageError
from tui_draggan.latent_statistics import LatentStatistics

FACTORS = 20
"""Directions taken of a factor.pt, which has as many as w has numbers."""


def read_other_directions(
    path: Path, statistics: LatentStatistics, stem: str
) -> tuple[Direction, ...] | None:
    """The directions of a file of one of these programs; None where it is none of theirs.

    stem: beginning of the names that they are given. Raises UsageError, naming the file.
    """
    arrays = read_arrays(path, FILE)
    name = next((name for name in ("eigvec", "lat_comp", ARRAY) if name in arrays), None)
    if name is None:
        return None
    vectors, w_dim = arrays[name], len(statistics.mean)
    if not isinstance(vectors, np.ndarray) or not np.issubdtype(vectors.dtype, np.floating):
        raise UsageError(f"{path} holds no directions in W")
    if name == "eigvec":
        vectors = vectors.T[:FACTORS]
    elif name == "lat_comp" and vectors.ndim == 3 and vectors.shape[1] == 1:
        vectors = vectors[:, 0]
    vectors = np.atleast_2d(vectors)
    if vectors.ndim != 2:
        raise UsageError(f"{path} holds no directions in W")
    if vectors.shape[1] != w_dim or not 0 < len(vectors) <= MOST:
        raise UsageError(
            f"{path} holds directions of {vectors.shape[1]} dimensions; this model has {w_dim}"
        )
    several = len(vectors) > 1
    try:
        return tuple(
            _measured(
                checked_name(f"{stem} {number}" if several else stem), vector, statistics, path.name
            )
            for number, vector in enumerate(vectors, 1)
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _measured(name: str, vector: Floats, statistics: LatentStatistics, source: str) -> Direction:
    """A direction of any length, with σ as long as w of this model vary along it."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not 0 < length < np.inf:
        raise UsageError(f"the direction {name} has no usable vector")
    unit = vector.astype(np.float64) / length
    variance = float(np.sum((statistics.basis().astype(np.float64) @ unit) ** 2))
    if not variance:
        raise UsageError(f"w of this model do not vary along {name} at all")
    step = np.sqrt(variance) * unit
    return Direction(
        name,
        step[None].astype(np.float32),
        mean=float(statistics.mean @ step / variance),
        method=source,
    )
