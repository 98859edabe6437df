"""The parameters of generated critters: those that their z ask the renderer for."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tui_draggan.training.critters.parameters import PARAMETERS, SPECIES, parameters_from_z

__all__ = ["NAMES", "SPECIES", "known_parameters"]
NAMES = tuple(one.name for one in PARAMETERS)


def known_parameters(
    z: NDArray[np.float64], species: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """By name, (N,), for z (N, Z_DIM) and species (N,); as places in the species' own range, 0 to
    1, so that long ears are long for a cat."""
    values = parameters_from_z(torch.from_numpy(z.astype(np.float32)), torch.from_numpy(species))
    found = {}
    for one in PARAMETERS:
        ranges = np.array([one.of_species(number) for number in species])
        place = (values[one.name].numpy() - ranges[:, 0]) / (ranges[:, 1] - ranges[:, 0])
        found[one.name] = place.astype(np.float64)
    return found
