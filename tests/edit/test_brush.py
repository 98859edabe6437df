"""Painting tools against the plainest way to say what they do: a loop over all pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_draggan.arrays import Floats
from tui_draggan.edit import brush
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Point
from tui_draggan.size import Size

SIZE = Size(20, 28)
places = st.tuples(st.integers(0, SIZE.width - 1), st.integers(0, SIZE.height - 1))
masks = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).random(SIZE) < 0.5)


def pixels() -> list[Point]:
    return [(x, y) for y in range(SIZE.height) for x in range(SIZE.width)]


def to_segment(start: Point, end: Point) -> Floats:
    """Distance (H, W) of every pixel from a line between two places, by sampling it finely."""
    shares = np.linspace(0, 1, 200)[:, None, None]
    y, x = np.mgrid[: SIZE.height, : SIZE.width]
    xs = start[0] + shares * (end[0] - start[0])
    ys = start[1] + shares * (end[1] - start[1])
    nearest: Floats = np.hypot(xs - x, ys - y).min(axis=0)
    return nearest


@settings(max_examples=30)
@given(masks, st.lists(places, min_size=1, max_size=4), st.integers(0, 6), st.booleans())
def test_a_stroke_reaches_as_far_as_its_radius(
    mask: Mask, line: list[Point], radius: int, allowed: bool
) -> None:
    painted = brush.stroke(mask, line, radius, allowed)
    segments = list(zip(line, line[1:] or line, strict=False))
    distance = np.min([to_segment(*one) for one in segments], axis=0)
    assert (painted[distance <= radius] == allowed).all()
    outside = distance > radius + 0.1  # the sampled distance is a little too long
    np.testing.assert_array_equal(painted[outside], mask[outside])


@settings(max_examples=30)
@given(masks, places, places, st.booleans())
def test_a_rectangle_holds_its_corners(mask: Mask, one: Point, other: Point, allowed: bool) -> None:
    painted = brush.rectangle(mask, one, other, allowed)
    for x, y in pixels():
        inside = min(one[0], other[0]) <= x <= max(one[0], other[0]) and min(
            one[1], other[1]
        ) <= y <= max(one[1], other[1])
        assert painted[y, x] == (allowed if inside else mask[y, x])


@settings(max_examples=30)
@given(masks, st.lists(places, min_size=3, max_size=6, unique=True))
def test_a_polygon_is_filled(mask: Mask, corners: list[Point]) -> None:
    painted = brush.polygon(mask, corners, True)
    edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    edge = np.min([to_segment(*one) for one in edges], axis=0)
    for x, y in pixels():
        if edge[y, x] >= 1:  # whether an edge's pixel belongs is the line's drawing
            assert painted[y, x] == (True if _is_inside((x, y), corners) else mask[y, x])


def _is_inside(place: Point, corners: list[Point]) -> bool:
    """Even-odd rule: how many edges a ray to the right crosses."""
    crossed = False
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y0 > place[1]) != (y1 > place[1]):
            crossed ^= place[0] < x0 + (place[1] - y0) / (y1 - y0) * (x1 - x0)
    return crossed


@settings(max_examples=30)
@given(masks, st.integers(0, 2**32), places, st.sampled_from([0.0, 30.0, 100.0, 255.0]))
def test_a_flood_takes_what_hangs_together_and_looks_alike(
    mask: Mask, seed: int, place: Point, tolerance: float
) -> None:
    coarse = np.random.default_rng(seed).integers(0, 3, (*SIZE, 1)) * 90
    picture = np.repeat(coarse, 3, axis=2).astype(np.uint8)
    x, y = place
    level = int(picture[y, x, 0])
    found, border = {place}, [place]
    while border:
        px, py = border.pop()
        for nx, ny in ((px + 1, py), (px - 1, py), (px, py + 1), (px, py - 1)):
            new = SIZE.holds(nx, ny) and (nx, ny) not in found
            if new and abs(int(picture[ny, nx, 0]) - level) <= tolerance:
                found.add((nx, ny))
                border.append((nx, ny))
    expected = mask.copy()
    for px, py in found:
        expected[py, px] = True
    np.testing.assert_array_equal(brush.flood(mask, picture, place, tolerance, True), expected)


@settings(max_examples=30)
@given(masks)
def test_growing_and_shrinking(mask: Mask) -> None:
    grown, shrunk = brush.grow(mask), brush.shrink(mask)
    for x, y in pixels():
        cross = [(x, y), (x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        inside = [mask[py, px] for px, py in cross if SIZE.holds(px, py)]
        assert grown[y, x] == any(inside) and shrunk[y, x] == all(inside)
    np.testing.assert_array_equal(mask, brush.shrink(brush.grow(mask)) & mask)


@pytest.mark.parametrize("radius", [0, 1, 3.5])
def test_a_dab_is_a_disc(radius: float) -> None:
    painted = brush.stroke(np.zeros(SIZE, bool), [(10, 9)], radius, True)
    for x, y in pixels():
        assert painted[y, x] == (math.hypot(x - 10, y - 9) <= radius)
