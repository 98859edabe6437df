"""A checkpoint that was read, as a network that runs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.stylegan.network import Generator, Mapping

MEAN = "mapping.w_avg"
MEAN_SAMPLES = 10_000


def build_generator(checkpoint: Checkpoint) -> Generator:
    """The generator in float32, with a copy of the checkpoint's tensors, ready for use.

    Where the checkpoint has no mean w, the mean of `MEAN_SAMPLES` is taken, always the same.
    Raises RuntimeError where names or shapes of the tensors are not those of the configuration.
    """
    config = checkpoint.config
    state = {
        name: torch.from_numpy(tensor.astype(np.float32, order="C"))
        for name, tensor in checkpoint.tensors.items()
    }
    known = MEAN in state
    state.setdefault(MEAN, torch.zeros(config.w_dim))
    generator = Generator.from_state(config, state).requires_grad_(False)
    if not known:
        generator.mapping.w_avg.copy_(mean_w(generator.mapping))
    return generator


def mean_w(mapping: Mapping) -> Tensor:
    """(w_dim,) the mean over z, and over labels where there are classes."""
    config = mapping.config
    source = torch.Generator().manual_seed(0)
    z = torch.randn(MEAN_SAMPLES, config.z_dim, generator=source)
    label = None
    if config.c_dim:
        classes = torch.randint(config.c_dim, (MEAN_SAMPLES,), generator=source)
        label = torch.nn.functional.one_hot(classes, config.c_dim).float()
    mean: Tensor = mapping(z, label).mean(dim=0)
    return mean
