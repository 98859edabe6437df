"""A checkpoint that was read, as a network that runs."""

from __future__ import annotations

import numpy as np
import torch

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.stylegan.families import AnyGenerator, generator_from
from tui_draggan.stylegan.network import mean_w

MEAN = "mapping.w_avg"


def build_generator(checkpoint: Checkpoint) -> AnyGenerator:
    """The generator in float32, with a copy of the checkpoint's tensors, ready for use.

    Where the checkpoint has no mean w, `mean_w` takes it.
    Raises RuntimeError where names or shapes of the tensors are not those of the configuration.
    """
    config = checkpoint.config
    state = {
        name: torch.from_numpy(tensor.astype(np.float32, order="C"))
        for name, tensor in checkpoint.tensors.items()
    }
    known = MEAN in state
    state.setdefault(MEAN, torch.zeros(config.w_dim))
    generator = generator_from(config, state).requires_grad_(False)
    if not known:
        generator.mapping.w_avg.copy_(mean_w(generator.mapping))
    return generator
