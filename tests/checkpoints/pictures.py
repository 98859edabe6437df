"""An imported generator's pictures beside those of the plain reference."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import Kind
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.generator import build_generator


def assert_same_pictures(checkpoint: Checkpoint, kind: Kind, tensors: dict[str, Tensor]) -> None:
    """w and the picture within 1e-4 in float32, for two z, each of another class."""
    generator = build_generator(checkpoint)
    plain = kind.plain(tensors)
    for seed in range(2):
        z = torch.randn(kind.z_dim, generator=torch.Generator().manual_seed(seed))
        chosen = seed if kind.c_dim else None
        label = None if chosen is None else torch.eye(kind.c_dim)[chosen][None]
        expected_w = plain.w(z.double(), chosen)
        w = generator.mapping(z[None], label)[0]
        torch.testing.assert_close(w.double(), expected_w, rtol=0, atol=1e-4)
        expected = plain.picture(expected_w)
        assert expected.std() > 0.1, "the pictures say nothing"
        picture = generator(z[None], label)[0].double()
        torch.testing.assert_close(picture, expected, rtol=0, atol=1e-4)
