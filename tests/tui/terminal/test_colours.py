"""Colours of a picture in those a terminal has."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal.colours import (
    EIGHT_BIT,
    STANDARD,
    Depth,
    colour_codes,
    depth_of,
    oklab,
)

FEW = [(Depth.EIGHT_BIT, EIGHT_BIT, 16), (Depth.STANDARD, STANDARD, 0)]


def test_depths_by_the_terminals_word() -> None:
    assert depth_of("truecolor") is Depth.TRUE
    assert depth_of("256") is Depth.EIGHT_BIT
    assert depth_of("standard") is depth_of(None) is Depth.STANDARD


@pytest.mark.parametrize(
    ("colour", "place"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((255, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 255, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 255), (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_by_its_published_values(
    colour: tuple[int, int, int], place: tuple[float, float, float]
) -> None:
    assert oklab(np.array(colour)) == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(("depth", "palette", "first"), FEW)
def test_the_palettes_own_colours_stay_what_they_look_like(
    depth: Depth, palette: Bytes, first: int
) -> None:
    for code, colour in enumerate(palette, first):
        seen = np.unique(colour_codes(np.tile(colour, (4, 4, 1)), depth))
        worst = np.abs(oklab(palette[seen - first]) - oklab(colour)).max()
        assert worst < 0.05, code


@pytest.mark.parametrize(("depth", "palette", "first"), FEW)
def test_alone_every_dot_takes_the_nearest(depth: Depth, palette: Bytes, first: int) -> None:
    dots = np.random.default_rng(1).integers(0, 32, (20, 20, 3)).astype(np.uint8)
    dots = np.rint(dots * (255 / 31)).astype(np.uint8)  # those that mixtures are kept for
    distance = ((oklab(dots)[..., None, :] - oklab(palette)) ** 2).sum(-1)
    found = colour_codes(dots, depth, mixed=False) - first
    chosen = np.take_along_axis(distance, found[..., None].astype(np.int64), -1)[..., 0]
    np.testing.assert_allclose(chosen, distance.min(-1), atol=1e-9)


@pytest.mark.parametrize(("depth", "palette", "first"), FEW)
def test_a_mixture_comes_nearer_than_the_nearest_alone(
    depth: Depth, palette: Bytes, first: int
) -> None:
    for colour in np.random.default_rng(2).integers(0, 256, (40, 3)).astype(np.uint8):
        flat = np.tile(colour, (8, 8, 1))
        errors = [
            np.abs(oklab(palette[colour_codes(flat, depth, mixed=mixed) - first]).mean((0, 1)))
            - np.abs(oklab(colour))
            for mixed in (True, False)
        ]
        assert np.square(errors[0]).sum() <= np.square(errors[1]).sum() + 1e-3, colour


def test_two_colours_at_most_on_what_is_flat() -> None:
    for colour in np.random.default_rng(3).integers(0, 256, (40, 3)).astype(np.uint8):
        for depth, _, _ in FEW:
            assert len(np.unique(colour_codes(np.tile(colour, (8, 8, 1)), depth))) <= 2


def test_an_ear_stands_out_from_its_background_in_sixteen_colours() -> None:
    ear, background = (255, 200, 150), (160, 210, 220)
    both = [
        colour_codes(np.full((8, 8, 3), colour, np.uint8), Depth.STANDARD)
        for colour in (ear, background)
    ]
    assert np.mean(both[0] != both[1]) > 0.3
