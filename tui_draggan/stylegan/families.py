"""The families of generators there are, and how one is told from the other in a file.

They share the mapping network and what the rest of the program asks of a configuration: z_dim,
w_dim, c_dim, num_ws, resolution, size, `feature_sides`, `feature_channels`, `size_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator

AnyConfig = GeneratorConfig | AliasFreeConfig
AnyGenerator = Generator | AliasFreeGenerator


def described(config: AnyConfig) -> dict[str, Any]:
    """The configuration as a manifest holds it: its family and its fields."""
    return {"family": config.family, **config.to_dict()}


def config_from(values: Mapping[str, Any]) -> AnyConfig:
    """What `described` gave; a StyleGAN2 where no family is named.

    Raises TypeError, ValueError or KeyError where the values do not make a configuration.
    """
    family = values.get("family", GeneratorConfig.family)
    if family == GeneratorConfig.family:
        return GeneratorConfig.from_dict(dict(values))
    if family == AliasFreeConfig.family:
        return AliasFreeConfig.from_dict(dict(values))
    raise ValueError(f"no family {family!r}")


def generator_from(config: AnyConfig, state: Mapping[str, Tensor]) -> AnyGenerator:
    """The generator around its tensors, as `Generator.from_state`."""
    if isinstance(config, AliasFreeConfig):
        return AliasFreeGenerator.from_state(config, state)
    return Generator.from_state(config, state)
