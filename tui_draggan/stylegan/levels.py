"""Pictures in [-1, 1], as networks see them, and in bytes, as files hold them."""

from __future__ import annotations

import torch
from torch import Tensor


def to_bytes(image: Tensor) -> Tensor:
    """[-1, 1] → uint8, on the processor."""
    levels = (image.detach().float() * 127.5 + 127.5).round().clamp(0.0, 255.0)
    return levels.to(torch.uint8).cpu()


def from_bytes(image: Tensor) -> Tensor:
    """uint8 → [-1, 1], where it lies."""
    return image.float() / 127.5 - 1.0


def as_picture(image: Tensor) -> Tensor:
    """Picture (1, 3, H, W) in [-1, 1] → (1, H, W, 3) bytes."""
    levels = (image * 127.5 + 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1)
