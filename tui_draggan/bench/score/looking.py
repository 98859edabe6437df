"""What two detectors, trained apart from one another, find in pictures of critters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.metrics.landmarks.network import find_landmarks
from tui_draggan.training.metrics.landmarks.second import find_again


@dataclass(frozen=True, eq=False)
class Seen:
    """Of one picture: K landmarks in its pixels."""

    places: Floats
    """(K, 2) by the first detector."""
    again: Floats
    """(K, 2) by the second."""
    confidence: Floats
    """(K,) of the first."""
    features: Floats
    """(D,) of the first, for distances between sets of pictures."""


def look(pictures: Sequence[Bytes]) -> list[Seen]:
    """Pictures (H, H, 3) → what is seen in each."""
    image = _tensor(pictures)
    first, again = find_landmarks(image), find_again(image)
    parts = (first.places, again, first.confidence, first.features)
    return [Seen(*(part[i].numpy() for part in parts)) for i in range(len(pictures))]


def _tensor(pictures: Sequence[Bytes]) -> Tensor:
    return from_bytes(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))
