"""Image pixels ↔ dots, there and back."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.tui.view import ZOOMS, View


@st.composite
def views(draw: st.DrawFn) -> View:
    resolution = draw(st.sampled_from([32, 64, 128, 256, 1024]))
    view = View(resolution, draw(st.integers(1, 200)), draw(st.integers(1, 100)))
    steps = draw(st.integers(0, len(ZOOMS)))
    place = st.integers(0, resolution - 1)
    return view.zoomed(steps, draw(place), draw(place))


@given(views(), st.data())
def test_a_dots_middle_and_its_pixel_go_there_and_back(view: View, data: st.DataObject) -> None:
    across = view.left + data.draw(st.integers(0, view.side - 1)) + 0.5
    down = view.top + data.draw(st.integers(0, view.side - 1)) + 0.5
    x, y = view.to_image(across, down)
    assert 0 <= x < view.resolution and 0 <= y < view.resolution
    back = view.to_dots(x, y)
    reach = max(1.0, view.dots_per_pixel) / 2 + 0.51
    assert abs(back[0] + 0.5 - across) <= reach and abs(back[1] + 0.5 - down) <= reach


@given(views(), st.data())
def test_a_pixel_that_covers_a_dot_is_found_again(view: View, data: st.DataObject) -> None:
    place = st.integers(0, view.resolution - 1)
    x, y = data.draw(place), data.draw(place)
    across, down = (dot + 0.5 for dot in view.to_dots(x, y))
    if view.holds(across, down):
        assert math.dist(view.to_image(across, down), (x, y)) <= 1.5


@given(views(), st.data())
def test_zooming_keeps_the_point_where_it_is_unless_an_edge_is_near(
    view: View, data: st.DataObject
) -> None:
    x0, y0, x1, y1 = view.window
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    before = view.to_dots(x, y)
    nearer = view.zoomed(data.draw(st.integers(1, 3)), x, y)
    assert math.dist(nearer.to_dots(x, y), before) <= nearer.dots_per_pixel + 1e-6


@given(views(), st.data())
def test_what_is_to_be_shown_is_shown(view: View, data: st.DataObject) -> None:
    place = st.integers(0, view.resolution - 1)
    x, y = data.draw(place), data.draw(place)
    left, top, right, bottom = view.showing(x, y).window
    assert left - 1e-6 <= x + 0.5 <= right + 1e-6 and top - 1e-6 <= y + 0.5 <= bottom + 1e-6
    assert left >= 0 and top >= 0
    assert right <= view.resolution + 1e-6 and bottom <= view.resolution + 1e-6


def test_the_whole_picture_fills_the_smaller_side() -> None:
    view = View(64, 100, 22)
    assert (view.side, view.left, view.top) == (44, 28, 0)
    assert view.window == (0, 0, 64, 64)
