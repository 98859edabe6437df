from __future__ import annotations

import numpy as np

from tui_draggan.pictures.alpha import DARK, LIGHT, over_black, over_checker


def test_what_is_opaque_stays_and_what_is_not_shows_the_checker() -> None:
    image = np.zeros((64, 32, 4), np.uint8)
    image[..., :3] = (200, 10, 30)
    image[:32, :, 3] = 255
    image[32:48, :, 3] = 51
    seen = over_checker(image)
    assert seen.shape == (64, 32, 3)
    np.testing.assert_array_equal(seen[:32], image[:32, :, :3])
    clear = seen[48:]
    assert {tuple(colour) for colour in clear.reshape(-1, 3)} == {(LIGHT,) * 3, (DARK,) * 3}
    np.testing.assert_array_equal(clear[0, :4, 0], [LIGHT, LIGHT, DARK, DARK])
    np.testing.assert_array_equal(clear[:4, 0, 0], [LIGHT, LIGHT, DARK, DARK])
    np.testing.assert_array_equal(seen[32, 0], np.rint(0.2 * image[32, 0, :3] + 0.8 * LIGHT))


def test_a_picture_without_alpha_is_itself() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    assert over_checker(image) is image


def test_over_black_nothing_is_left_of_what_is_transparent() -> None:
    image = np.full((2, 2, 4), 200, np.uint8)
    image[0, :, 3], image[1, :, 3] = 0, 255
    np.testing.assert_array_equal(over_black(image)[..., 0], [[0, 0], [200, 200]])
