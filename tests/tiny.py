"""Generators for tests and benchmarks, with every parameter random so that nothing hides."""

from __future__ import annotations

from typing import Any

import torch

from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator

SIZE = 32
FEATURE_BLOCK = 16


def tiny_generator(seed: int = 0, **options: Any) -> Generator:
    """32 px, w_dim 16; `options` are fields of its config."""
    small = {"z_dim": 16, "w_dim": 16, "mapping_layers": 2}
    return random_generator(GeneratorConfig(SIZE, (16, 16, 12, 8), **{**small, **options}), seed)


def narrow_generator(size: int, seed: int = 0, **options: Any) -> Generator:
    """Features at 128 px from 256 px on, as in published networks, of few channels; `options` are
    fields of its config."""
    small = {"z_dim": 16, "w_dim": 16, "mapping_layers": 2, **options}
    return random_generator(GeneratorConfig.from_channel_base(size, 1024, 16, **small), seed)


def random_generator(config: GeneratorConfig, seed: int = 0) -> Generator:
    """Biases, noise strengths and w_avg are not zero as after initialisation."""
    torch.manual_seed(seed)
    generator = Generator(config)
    with torch.no_grad():
        for name, parameter in generator.synthesis.named_parameters():
            if name.endswith(("bias", "noise_strength")):
                parameter.add_(0.3 * torch.randn_like(parameter))
        generator.mapping.w_avg.copy_(torch.randn(config.w_dim))
    return generator.eval().requires_grad_(False)


def tiny_alias_free(radial: bool = False, seed: int = 0, **options: Any) -> AliasFreeGenerator:
    """StyleGAN3-T or -R, 32 px, w_dim 16; `options` are of `AliasFreeConfig.from_schedule`."""
    small = {"z_dim": 16, "w_dim": 16, "layers": 6, "margin": 4, "channel_base": 128}
    small |= {"channel_max": 12, "kernel": 1 if radial else 3, "radial": radial, **options}
    torch.manual_seed(seed)
    generator = AliasFreeGenerator(AliasFreeConfig.from_schedule(SIZE, **small))
    with torch.no_grad():
        for name, parameter in generator.synthesis.named_parameters():
            if name.endswith("bias"):
                parameter.add_(0.3 * torch.randn_like(parameter))
        for name, buffer in generator.synthesis.named_buffers():
            if name.endswith("magnitude_ema"):
                buffer.mul_(0.5 + torch.rand([]))
        generator.synthesis.input.affine.bias.copy_(torch.tensor([1.0, 0.3, 0.1, -0.2]))
        generator.mapping.w_avg.copy_(torch.randn(generator.config.w_dim))
    return generator.eval().requires_grad_(False)
