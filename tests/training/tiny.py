"""Configurations that train in a second."""

from __future__ import annotations

from dataclasses import replace

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.training.config import CRITTERS, TrainingConfig
from tui_draggan.training.critters import SPECIES, Z_DIM

CHANNELS = (8, 8, 8)

TINY = TrainingConfig(
    data=CRITTERS,
    generator=GeneratorConfig(
        16, CHANNELS, Z_DIM, 16, c_dim=len(SPECIES), mapping_layers=2, mapping_lr=1.0
    ),
    discriminator_channels=CHANNELS,
    classes=SPECIES,
    kimg=0.24,
    batch=8,
    workers=0,
    augment="none",
    penalty_interval=4,
    path_interval=2,
    path_from=0.5,
    paired_kimg=0.16,
    log_kimg=0.04,
    samples_kimg=0.12,
    compared=16,
    snapshot_kimg=0.04,
)
"""Twenty paired steps, ten adversarial ones."""

ADVERSARIAL = replace(
    TINY,
    data="folder",
    generator=GeneratorConfig(16, CHANNELS, 12, 16, mapping_layers=2),
    classes=(),
    paired_kimg=0.0,
    kimg=0.16,
    augment="0.5",
)
"""Twenty adversarial steps, with all that a folder's run has."""
