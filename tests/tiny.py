"""A generator small enough for tests, with every parameter random so that nothing hides."""

from __future__ import annotations

import torch

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator

SIZE = 32
FEATURE_BLOCK = 16


def tiny_generator(seed: int = 0, c_dim: int = 0, conv_clamp: float | None = None) -> Generator:
    """32 px, w_dim 16; biases, noise strengths and w_avg are not zero as after initialisation."""
    config = GeneratorConfig(
        SIZE,
        (16, 16, 12, 8),
        z_dim=16,
        w_dim=16,
        c_dim=c_dim,
        mapping_layers=2,
        conv_clamp=conv_clamp,
    )
    torch.manual_seed(seed)
    generator = Generator(config)
    with torch.no_grad():
        for name, parameter in generator.synthesis.named_parameters():
            if name.endswith(("bias", "noise_strength")):
                parameter += 0.3 * torch.randn_like(parameter)
        generator.mapping.w_avg.copy_(torch.randn(config.w_dim))
    return generator.eval().requires_grad_(False)
