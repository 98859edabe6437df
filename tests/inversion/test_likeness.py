from __future__ import annotations

import math

import numpy as np
import pytest

from tui_draggan.inversion.likeness import FAR, OTHER, Likeness, psnr


def test_decibels_are_those_of_the_formula() -> None:
    random = np.random.default_rng(0)
    one, other = random.integers(0, 256, (2, 9, 7, 3), np.uint8)
    error = np.mean([(int(a) - int(b)) ** 2 for a, b in zip(one.flat, other.flat, strict=True)])
    assert psnr(one, other) == pytest.approx(20 * math.log10(255) - 10 * math.log10(error))
    assert psnr(one, one) == math.inf


@pytest.mark.parametrize(
    ("decibels", "unusual", "far"),
    [(34, 1, False), (34, FAR + 1, True), (OTHER - 1, 1, True), (27, 1.5, False)],
)
def test_far_is_what_is_unusual_or_another_picture(
    decibels: float, unusual: float, far: bool
) -> None:
    likeness = Likeness(decibels, unusual)
    assert likeness.is_far == far
    assert ("far from what the model can draw" in likeness.words) == far


def test_three_things_are_said() -> None:
    words = [Likeness(*values).words for values in ((35, 1), (26, 1.1), (20, 4))]
    assert len(set(words)) == 3
