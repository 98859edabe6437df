"""The loss plot's curve."""

from __future__ import annotations

import numpy as np

from tui_draggan.tui.widgets.loss_plot import above_zero, braille, curve


def test_a_zero_at_the_end_flattens_nothing() -> None:
    losses = [4.0, 3.0, 2.0, 0.0]
    assert above_zero(losses) == [4.0, 3.0, 2.0, 2.0]
    assert above_zero([0.0, 0.0]) == [0.0, 0.0]


def test_a_falling_loss_falls_over_the_whole_height() -> None:
    heights = curve([3.0, 2.0, 1.0], 8)
    assert heights[0] == 1 and heights[-1] == 0
    assert (np.diff(heights) <= 0).all()
    top, bottom = braille(heights, width=4, height=2)
    assert ord(top[0]) & 0x01, "the first dot is at the very top"
    assert ord(bottom[-1]) & 0x80, "the last at the very bottom"


def test_a_wide_range_is_logarithmic() -> None:
    heights = curve([100.0, 10.0, 1.0], 3)
    np.testing.assert_allclose(heights, [1, 0.5, 0])
