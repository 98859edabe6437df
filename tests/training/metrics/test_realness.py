"""A discriminator's judgement of pictures, one at a time, with and without classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.metrics.realness import Realness


@pytest.mark.parametrize("c_dim", [0, 3])
@torch.no_grad()
def test_it_is_the_logit_of_the_picture_alone(c_dim: int) -> None:
    torch.manual_seed(0)
    network = Discriminator(16, (8, 8, 8), c_dim)
    judge = Realness(network)
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    for label, picture in enumerate(pictures):
        image = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        one_hot = torch.eye(3)[label : label + 1] if c_dim else None
        assert judge(picture, label if c_dim else None) == pytest.approx(
            float(network(image, one_hot)[0]), abs=1e-5
        )
    if c_dim:
        assert judge(pictures[0], 0) != judge(pictures[0], 1)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not exist; expected a run's network\.pt"):
        Realness.open(tmp_path, Size.square(16), 0)
