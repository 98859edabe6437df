"""The paired stage: z and species → the drawn critter, by regression.

It gives shapes and colours, a W in which the renderer's parameters can be told apart, and rows of
w+ that know whether they are for shapes or for colours, long before a game between two networks
would; pictures grow from a quarter of the side to the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.stylegan.network import Generator
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.pairs import Pairs, one_hot


def paired_loss(fake: Tensor, pairs: Pairs) -> Tensor:
    """Distance of generated pictures (N, 3, H, W) to the drawn ones, one number.

    L1 of the pixels, of their differences to right and lower neighbours (edges), and of the
    pictures reduced four times (colours, early shapes). Pixels count as the pairs weigh them.
    """
    weight = pairs.weight
    error = fake - pairs.image
    across = (error[:, :, :, 1:] - error[:, :, :, :-1]).abs() * weight[:, :, :, 1:]
    down = (error[:, :, 1:] - error[:, :, :-1]).abs() * weight[:, :, 1:]
    pixels = (error.abs() * weight).mean()
    return pixels + across.mean() + down.mean() + F.avg_pool2d(error, 4).abs().mean()


class PairedObjective(nn.Module):
    """The loss of a paired step in one forward pass, as DistributedDataParallel wants it."""

    def __init__(self, g: Generator, config: TrainingConfig) -> None:
        super().__init__()
        self.g = g
        self.config = config

    def forward(self, pairs: Pairs) -> Tensor:
        return paired_loss(generate(self.g, pairs, self.config), pairs)


def generate(g: Generator, pairs: Pairs, config: TrainingConfig) -> Tensor:
    """What g makes of the pairs' latents, as large as the drawn pictures (N, 3, H, W)."""
    pictures = _compiled_pictures() if config.compiled and torch.is_grad_enabled() else _pictures
    with torch.autocast(pairs.z.device.type, torch.bfloat16, enabled=config.bf16):
        return pictures(g, pairs, config.colour_row).float()


def held_out(g: Generator, pairs: Pairs, config: TrainingConfig) -> float:
    """Paired loss of a generator on pairs the training never saw."""
    with torch.no_grad():
        return paired_loss(generate(g, pairs, config), pairs).item()


def rate(done: float) -> float:
    """Learning rate relative to its peak: a short rise, level, and down in the last 30 %."""
    return min(1.0, 0.05 + done / 0.004) * min(1.0, 0.005 + (1.0 - done) / 0.3)


def _pictures(g: Generator, pairs: Pairs, colour_row: int) -> Tensor:
    label = one_hot(pairs.species)
    shapes, colours = g.mapping(pairs.z, label), g.mapping(pairs.z_colour, label)
    ws = torch.cat(
        (
            shapes[:, None].expand(-1, colour_row, -1),
            colours[:, None].expand(-1, g.num_ws - colour_row, -1),
        ),
        dim=1,
    )
    wanted = pairs.image.shape[-1]
    image = next(image for side, _, image in g.synthesis.walk(ws) if side == wanted)
    assert image is not None
    return image


@cache
def _compiled_pictures() -> Callable[[Generator, Pairs, int], Tensor]:
    return torch.compile(_pictures)
