"""Whether reduced precision is worth it on a device."""

from __future__ import annotations

import time

import torch
from torch.nn import functional as F


def bf16_pays(device: torch.device) -> bool:
    """Whether convolutions are clearly faster in bfloat16; on processors they are on some that have
    instructions for it and slower on others, so they are timed (a tenth of a second)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return 1.2 * _seconds(torch.bfloat16) < _seconds(torch.float32)


def _seconds(dtype: torch.dtype) -> float:
    """The best of four convolutions."""
    x = torch.ones(8, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype)
    taken = []
    for _ in range(4):
        began = time.perf_counter()
        F.conv2d(x, weight, padding=1)
        taken.append(time.perf_counter() - began)
    return min(taken)
