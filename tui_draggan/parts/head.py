"""A linear head: the logits of parts at every pixel, from the features of several blocks.

Each block's features are multiplied by the head where they are and then enlarged: a linear map
commutes with bilinear enlargement, and a few maps of parts are enlarged instead of hundreds of
channels. (Zhang et al., "DatasetGAN", 2021, section 3.1, enlarges features and takes an ensemble of
perceptrons; Ling et al., "EditGAN", 2021, section 3.1.)

Symbols: K parts, C channels of a block, H and W the picture's sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.size import Size

Features = dict[int, Floats]
"""Features (C, h, w) of a picture, by the block's name: 32 for b32."""


@dataclass(frozen=True, eq=False)
class Head:
    """Names of the parts, and what they are told by."""

    names: tuple[str, ...]
    weights: dict[int, Floats]
    """(K, C) for each block."""
    bias: Floats
    """(K,)"""

    def logits(self, features: Features, size: Size) -> Floats:
        """(K, H, W)"""
        total: Floats = np.broadcast_to(self.bias[:, None, None], (len(self.names), *size)).copy()
        for block, weight in self.weights.items():
            total += enlarged(np.tensordot(weight, features[block], axes=1), size)
        return total

    def parts(self, features: Features, size: Size) -> Bytes:
        """(H, W) the number of each pixel's part."""
        parts: Bytes = self.logits(features, size).argmax(axis=0).astype(np.uint8)
        return parts


def enlarged(values: Floats, size: Size) -> Floats:
    """(C, h, w) → (C, H, W), bilinear, pixel centres at halves (ONNX Resize: half_pixel)."""
    rows, columns = (_between(old, new) for old, new in zip(values.shape[1:], size, strict=True))
    left, right, along = columns
    across = values[:, :, left] * (1 - along) + values[:, :, right] * along
    share = rows[2][:, None]
    found: Floats = (across[:, rows[0]] * (1 - share) + across[:, rows[1]] * share).astype(
        np.float32
    )
    return found


def at_pixels(values: Floats, size: Size, places: np.ndarray) -> Floats:
    """What `enlarged` has at pixels (N,), counted row by row: (N, C)."""
    y, x = np.divmod(places, size.width)
    (top, bottom, down), (left, right, along) = (
        [column[line] for column in _between(old, new)]
        for old, new, line in zip(values.shape[1:], size, (y, x), strict=True)
    )
    upper = values[:, top, left] * (1 - along) + values[:, top, right] * along
    lower = values[:, bottom, left] * (1 - along) + values[:, bottom, right] * along
    found: Floats = (upper * (1 - down) + lower * down).T.astype(np.float32)
    return found


def _between(old: int, new: int) -> tuple[np.ndarray, np.ndarray, Floats]:
    """For each of `new` places the two of `old` that it lies between, and the second's share."""
    place = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    first = np.minimum(place.astype(np.int64), old - 1)
    second = np.minimum(first + 1, old - 1)
    return first, second, (place - first).astype(np.float32)
