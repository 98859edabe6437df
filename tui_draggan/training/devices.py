"""Where torch computes, and in which precision."""

from __future__ import annotations

import time

import torch
from torch.nn import functional as F

from tui_draggan.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device of --device NAME; auto: a GPU where torch finds one. Raises UsageError."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no CUDA device here; use --device cpu")
    try:
        return torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device named {name}; available: auto, cpu, cuda, cuda:N") from None


def bf16_pays(device: torch.device) -> bool:
    """Whether convolutions are clearly faster in bfloat16. On CPUs they are on some that have
    instructions for it and slower on others, so they are timed (a tenth of a second)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return 1.2 * _seconds(torch.bfloat16) < _seconds(torch.float32)


def _seconds(dtype: torch.dtype) -> float:
    """Time of the fastest of four convolutions."""
    x = torch.ones(8, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype)
    taken = []
    for _ in range(4):
        began = time.perf_counter()
        F.conv2d(x, weight, padding=1)
        taken.append(time.perf_counter() - began)
    return min(taken)
