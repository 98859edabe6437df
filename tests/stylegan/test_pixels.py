"""Values and bytes: one rule, in torch and in numpy."""

from __future__ import annotations

import numpy as np
import torch

from tui_draggan import arrays
from tui_draggan.stylegan.pixels import from_bytes, to_bytes, to_pictures


def test_levels_are_rounded_and_clipped() -> None:
    image = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0, 0.5]).reshape(1, 1, 1, 6).expand(1, 3, 1, 6)
    levels = to_pictures(image)
    assert levels.shape == (1, 1, 6, 3) and levels.dtype == torch.uint8
    assert levels[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255, 191]


def test_numpy_and_torch_agree() -> None:
    """At the borders between two levels and one float to either side, where rounding decides."""
    borders = (np.arange(-2, 258, dtype=np.float32) + np.float32(0.5)) / np.float32(127.5) - 1
    values = np.concatenate(
        [
            borders.astype(np.float32),
            np.nextafter(borders, np.float32(-9), dtype=np.float32),
            np.nextafter(borders, np.float32(9), dtype=np.float32),
            np.random.RandomState(0).uniform(-1.5, 1.5, 100_000).astype(np.float32),
            np.array([-np.inf, np.inf, -1e30, 1e30], np.float32),
        ]
    )
    levels = arrays.to_bytes(values)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, to_bytes(torch.from_numpy(values)).numpy())


def test_bytes_come_through_unchanged() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    values = from_bytes(levels)
    assert values.min() == -1 and values.max() == 1
    assert torch.equal(to_bytes(values), levels)
