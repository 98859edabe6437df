"""Principal directions of W (Härkönen et al., "GANSpace", 2020, section 3.1: PCA of sampled w)."""

from __future__ import annotations

from itertools import count

import numpy as np

from tui_draggan.directions.direction import Direction
from tui_draggan.latent_statistics import LatentStatistics

COMPONENTS = 20
"""Directions that are offered; what lies beyond hardly shows."""
METHOD = "ganspace"


def principal_directions(
    statistics: LatentStatistics, label: int | None = None, components: int = COMPONENTS
) -> tuple[Direction, ...]:
    """The directions in which w of a class varies most (`label` None: w of all), those of greatest
    variance first. One σ of each is the standard deviation of w along it."""
    basis = statistics.basis(label)
    of_class = label is not None and label < len(statistics.class_means)
    mean = statistics.class_means[label] if of_class else statistics.mean
    variances = np.sum(basis.astype(np.float64) ** 2, axis=1)
    shares = variances / variances.sum()
    found = []
    for number, vector, variance, share in zip(count(1), basis, variances, shares, strict=False):
        if number > components or variance <= 0:
            break
        found.append(
            Direction(
                f"component {number}",
                np.ascontiguousarray(vector[None]),
                mean=float(mean @ vector / variance),
                share=float(share),
                label=label if of_class else None,
                method=METHOD,
            )
        )
    return tuple(found)
