"""Paired regression: a generator learns from z and species what the renderer draws from them.

It gives shapes and colours, a W in which the renderer's parameters can be told apart, and rows of
w+ that know whether they are for shapes or for colours, long before an adversarial training would;
pictures grow from a quarter of the side to the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.pairs import RenderPairs, species_labels
from tui_draggan.training.critters.parameters import SPECIES, Z_DIM

CHANNELS = (160, 160, 160, 128, 64, 32, 24, 16)
"""Feature channels from 4×4 up: 15 drag iterations a second on two CPU cores."""
COLOUR_ROWS = 5
"""Rows of w+ at the end that say colours, the others say shapes: those of the blocks of half and of
the whole side."""


def critters_generator(resolution: int) -> GeneratorConfig:
    """A small generator of critters; its z are the renderer's."""
    return GeneratorConfig(
        resolution=resolution,
        channels=CHANNELS[: resolution.bit_length() - 2],
        z_dim=Z_DIM,
        w_dim=256,
        c_dim=len(SPECIES),
        mapping_layers=4,
        # In the regression the mapping network must learn as fast as the rest.
        mapping_lr=1.0,
    )


def regression_loss(fake: Tensor, pairs: RenderPairs) -> Tensor:
    """Distance of generated pictures (N, 3, H, W) to the renders, one number.

    L1 of the pixels, of their differences to right and lower neighbours (edges), and of the
    pictures reduced four times (colours, early shapes). Pixels count as the pairs weigh them.
    """
    weight = pairs.weight
    error = fake - pairs.image
    across = (error[:, :, :, 1:] - error[:, :, :, :-1]).abs() * weight[:, :, :, 1:]
    down = (error[:, :, 1:] - error[:, :, :-1]).abs() * weight[:, :, 1:]
    pixels = (error.abs() * weight).mean()
    return pixels + across.mean() + down.mean() + F.avg_pool2d(error, 4).abs().mean()


def generate_pairs(g: Generator, pairs: RenderPairs, config: TrainingConfig) -> Tensor:
    """Pictures (N, 3, H, W) that g makes of the pairs' latents, as large as the renders."""
    pictures = _compiled_pictures() if config.compiled and torch.is_grad_enabled() else _pictures
    with torch.autocast(pairs.z.device.type, torch.bfloat16, enabled=config.bf16):
        return pictures(g, pairs).float()


def held_out_loss(g: Generator, pairs: RenderPairs, config: TrainingConfig) -> float:
    """Regression loss of a generator on pairs that training never saw."""
    with torch.no_grad():
        return regression_loss(generate_pairs(g, pairs, config), pairs).item()


def learning_rate(done: float) -> float:
    """Learning rate relative to its peak after a share of the stage: a short rise, level, and down
    in the last 30 %."""
    return min(1.0, 0.05 + done / 0.004) * min(1.0, 0.005 + (1.0 - done) / 0.3)


def _pictures(g: Generator, pairs: RenderPairs) -> Tensor:
    label = species_labels(pairs.species)
    shapes, colours = g.mapping(pairs.z, label), g.mapping(pairs.z_colour, label)
    ws = torch.cat(
        (
            shapes[:, None].expand(-1, g.num_ws - COLOUR_ROWS, -1),
            colours[:, None].expand(-1, COLOUR_ROWS, -1),
        ),
        dim=1,
    )
    wanted = pairs.image.shape[-1]
    image = next(image for side, _, image in g.synthesis.walk(ws) if side == wanted)
    assert image is not None
    return image


@cache
def _compiled_pictures() -> Callable[[Generator, RenderPairs], Tensor]:
    return torch.compile(_pictures)
