"""Directions that the weights themselves tell of (Shen and Zhou, "Closed-Form Factorization of
Latent Semantics in GANs", 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.principal import COMPONENTS
from tui_draggan.latent_statistics import LatentStatistics

METHOD = "sefa"


def sefa_directions(
    affine: Iterable[Floats], statistics: LatentStatistics, components: int = COMPONENTS
) -> tuple[Direction, ...]:
    """The directions that change the styles most: eigenvectors of AᵀA, those of the largest
    eigenvalue first, A being all affine maps from w to styles with rows of length 1.

    affine: weights (…, w_dim, channels). One σ of a direction is the standard deviation of w along
    it; a direction that w do not vary along at all is left out.
    """
    rows = np.concatenate(
        [
            np.moveaxis(weight.astype(np.float64), -2, -1).reshape(-1, weight.shape[-2])
            for weight in affine
        ]
    )
    lengths = np.linalg.norm(rows, axis=1)
    rows = rows[lengths > 0] / lengths[lengths > 0, None]
    vectors = np.linalg.eigh(rows.T @ rows)[1].T[::-1]
    basis = statistics.basis().astype(np.float64)
    found: list[Direction] = []
    for vector in vectors:
        variance = float(np.sum((basis @ vector) ** 2))
        if len(found) == components or not variance:
            continue
        # A direction and its opposite are one; this makes it the same on every machine.
        step = np.sqrt(variance) * vector * np.sign(vector[np.abs(vector).argmax()])
        found.append(
            Direction(
                f"sefa {len(found) + 1}",
                step[None].astype(np.float32),
                mean=float(statistics.mean @ step / variance),
                share=float(variance / np.sum(basis**2)),
                method=METHOD,
            )
        )
    return tuple(found)
