"""Pictures in [-1, 1], as networks see them, and in bytes, as files hold them.

`arrays.to_bytes` does the same in numpy, by the same arithmetic.
"""

from __future__ import annotations

import torch
from torch import Tensor


def to_bytes(image: Tensor) -> Tensor:
    """[-1, 1] in float32 → uint8, rounded and clipped, on the same device."""
    levels = (image * 127.5 + 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8)


def to_pictures(images: Tensor) -> Tensor:
    """(N, C, H, W) in [-1, 1], float32 → (N, H, W, C) bytes, on the same device."""
    return to_bytes(images).permute(0, 2, 3, 1)


def from_bytes(image: Tensor) -> Tensor:
    """uint8 → [-1, 1], on the same device."""
    return image.float() / 127.5 - 1.0
