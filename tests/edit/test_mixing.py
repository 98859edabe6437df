"""Between two pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.edit.latent import Latent, Seed, latent_from_seed
from tui_draggan.edit.mixing import mixed
from tui_draggan.testing.spot_engine import SpotEngine

FIRST, SECOND = (latent_from_seed(SpotEngine(), seed, 0.7) for seed in (3, 8))


@given(st.floats(0, 1, width=32), st.integers(0, 9), st.integers(0, 9))
def test_rows_lie_on_the_line_between_the_two_and_the_others_stay(
    at: float, one: int, other: int
) -> None:
    start, end = sorted((one, other))
    ws = mixed(FIRST, SECOND, at, (start, end)).ws
    for row in range(10):
        if start <= row <= end:
            expected = [
                a + at * (b - a) for a, b in zip(FIRST.ws[row], SECOND.ws[row], strict=True)
            ]
            np.testing.assert_allclose(ws[row], expected, atol=1e-6)
        else:
            np.testing.assert_array_equal(ws[row], FIRST.ws[row])


def test_the_ends_are_the_two_pictures_to_the_bit() -> None:
    np.testing.assert_array_equal(mixed(FIRST, SECOND, 0, (0, 9)).ws, FIRST.ws)
    np.testing.assert_array_equal(mixed(FIRST, SECOND, 1, (0, 9)).ws, SECOND.ws)
    assert mixed(FIRST, SECOND, 0.5, (0, 9)).origin == Seed(3, 0.7)
    assert mixed(FIRST, SECOND, 0.5, (0, 9)).edited


def test_latents_of_two_models_do_not_mix() -> None:
    other = Latent(np.zeros((8, 4), np.float32), Seed(1))
    with pytest.raises(ValueError, match="w\\+"):
        mixed(FIRST, other, 0.5, (0, 7))
