"""Models with random weights: an iteration takes as long on them as on trained ones."""

from __future__ import annotations

from pathlib import Path

import torch

from tui_draggan.bundle import ModelBundle
from tui_draggan.errors import UsageError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator


def random_bundle(size: int, folder: Path, feature_block: int | None = None) -> ModelBundle:
    """StyleGAN2's small configuration up to 256 px, its large one above.

    Raises UsageError for a size no generator has.
    """
    base = 16384 if size <= 256 else 32768
    try:
        config = GeneratorConfig.from_channel_base(size, base)
    except ValueError as error:
        raise UsageError(f"no model of {size} px: {error}") from None
    torch.manual_seed(0)
    generator = Generator(config).eval()
    name = f"random/{base}"
    export_bundle(generator, folder, name=name, feature_block=feature_block, keep_weights=True)
    return ModelBundle.open(folder)
