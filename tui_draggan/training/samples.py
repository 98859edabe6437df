"""Pictures of the averaged generator while it trains, always of the same z."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tui_draggan.arrays import Bytes
from tui_draggan.files import replacing
from tui_draggan.run_folder import RunFolder
from tui_draggan.stylegan.pixels import to_pictures
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.draws import random_for
from tui_draggan.training.state import TrainingState

COLUMNS, ROWS = 8, 4
"""Shape of a sample grid, in pictures."""
_TOGETHER = 32


def sample_grid(state: TrainingState, config: TrainingConfig) -> Bytes:
    """Grid (ROWS·H, COLUMNS·W, 3) of samples, classes in turn."""
    images = samples(state, config, COLUMNS * ROWS)
    pictures = list(to_pictures(images).numpy())
    rows = (pictures[i : i + COLUMNS] for i in range(0, len(pictures), COLUMNS))
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def samples(state: TrainingState, config: TrainingConfig, count: int) -> Tensor:
    """Pictures (count, 3, H, W), as large as those of the stage, on the CPU."""
    z = torch.randn(count, config.generator.z_dim, generator=random_for(config.seed, 0, "samples"))
    resolution = config.resolution_at(state.step)
    made = []
    for start in range(0, count, _TOGETHER):
        part = z[start : start + _TOGETHER].to(state.device)
        label = None
        if classes := config.generator.c_dim:
            numbers = (start + torch.arange(len(part))) % classes
            label = torch.nn.functional.one_hot(numbers, classes).float().to(state.device)
        with torch.no_grad():
            w = state.g_ema.mapping(part, label)
            ws = w[:, None].expand(-1, state.g_ema.num_ws, -1)
            walk = state.g_ema.synthesis.walk(ws)
            made.append(next(x for side, _, x in walk if side == resolution and x is not None))
    return torch.cat(made).float().cpu()


def save_grid(folder: RunFolder, grid: Bytes, kimg: float) -> None:
    folder.samples.mkdir(exist_ok=True)
    with replacing(folder.sample_grid(kimg)) as path:
        Image.fromarray(grid).save(path)
