"""Random numbers that are a function of the seed, the step and what they are for: so a resumed run
makes the choices of one that was never stopped, and several processes those of one."""

from __future__ import annotations

import zlib

import numpy as np
import torch


def random_of(seed: int, step: int, purpose: str) -> torch.Generator:
    """A generator on the processor, its own for every step and purpose."""
    words = np.random.SeedSequence((seed, step, zlib.crc32(purpose.encode()))).generate_state(2)
    return torch.Generator().manual_seed(int(words[0]) << 31 ^ int(words[1]))
