"""A checkpoint with random weights, as large and as slow as a trained one.

    python -m benchmarks.random_checkpoint StyleGAN2|T|R SIDE FILE.pt

StyleGAN2's usual configurations, and the published ones of StyleGAN3: T, and R with 1×1
convolutions of twice the channels and radial filters.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from tui_draggan.checkpoints.generator_file import save_generator
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.families import AnyGenerator
from tui_draggan.stylegan.network import Generator

NETWORKS = ("StyleGAN2", "T", "R")


def random_generator(network: str, side: int) -> AnyGenerator:
    """One of `NETWORKS` for pictures of that side."""
    torch.manual_seed(0)
    if network == "StyleGAN2":
        base = 16384 if side <= 256 else 32768
        return Generator(GeneratorConfig.from_channel_base(side, base))
    if network == "T":
        return AliasFreeGenerator(AliasFreeConfig.from_schedule(side))
    wide = AliasFreeConfig.from_schedule(
        side, channel_base=65536, channel_max=1024, kernel=1, radial=True
    )
    return AliasFreeGenerator(wide)


def main() -> None:
    network, side, file = sys.argv[1:]
    save_generator(random_generator(network, int(side)), (), Path(file))


if __name__ == "__main__":
    main()
