"""Templates f0: the feature under each handle where and when it was placed; and what it differs by
from those about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tui_draggan.edit.document import Document
from tui_draggan.edit.points import Pair, coordinates
from tui_draggan.engines.base import Engine

AROUND = 8
"""Places about a handle whose features are compared with its own."""
BESIDE = 1 / 32
"""Their distance from it, as a share of the picture's shorter side."""


def lacks_templates(document: Document) -> bool:
    """Whether a pair waits for its template."""
    return any(pair.template is None for pair in document.pairs)


def take_templates(engine: Engine, document: Document) -> Sequence[tuple[Pair, Pair]]:
    """Each pair that has no template, and the same with it, from the features of the latent."""
    missing = [pair for pair in document.pairs if pair.template is None]
    if not missing:
        return []
    size = engine.info.size
    angles = np.arange(AROUND) * (2 * np.pi / AROUND)
    ring = BESIDE * size.shorter * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    offsets = np.concatenate([np.zeros((1, 2)), ring])
    places = coordinates([pair.handle for pair in missing])[:, None] + offsets
    inside = places.clip(0, (size.width - 1, size.height - 1)).astype(np.float32)
    features = engine.features(document.latent.ws, inside.reshape(-1, 2))
    features = features.reshape(*places.shape[:2], -1)
    contrasts = np.abs(features[:, 1:] - features[:, :1]).mean(axis=(1, 2))
    return [
        (pair, replace(pair, template=template, contrast=float(contrast)))
        for pair, template, contrast in zip(missing, features[:, 0], contrasts, strict=True)
    ]
