"""Image pixels ↔ dots, there and back."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.size import Size
from tui_draggan.tui.view import ZOOMS, View


@st.composite
def views(draw: st.DrawFn) -> View:
    sides = st.sampled_from([32, 64, 96, 128, 256, 1024])
    view = View(
        Size(draw(sides), draw(sides)), draw(st.integers(1, 200)), draw(st.integers(1, 100))
    )
    return view.zoomed(draw(st.integers(0, len(ZOOMS))), *draw(places(view)))


def places(view: View) -> st.SearchStrategy[tuple[int, int]]:
    """Pixels of its picture."""
    height, width = view.picture
    return st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))


@given(views(), st.data())
def test_a_dots_middle_and_its_pixel_go_there_and_back(view: View, data: st.DataObject) -> None:
    across = view.left + data.draw(st.integers(0, view.drawn.width - 1)) + 0.5
    down = view.top + data.draw(st.integers(0, view.drawn.height - 1)) + 0.5
    x, y = view.to_image(across, down)
    assert view.picture.holds(x, y)
    back = view.to_dots(x, y)
    reach = max(1.0, *view.scale) / 2 + 0.51
    assert abs(back[0] + 0.5 - across) <= reach and abs(back[1] + 0.5 - down) <= reach


@given(views(), st.data())
def test_a_pixel_that_covers_a_dot_is_found_again(view: View, data: st.DataObject) -> None:
    x, y = data.draw(places(view))
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
    # What is drawn grows about its middle while the panel has room, by whole dots.
    grown = 0.5 if nearer.drawn != view.drawn else 0.0
    for now, then in zip(nearer.to_dots(x, y), before, strict=True):
        assert abs(now - then) <= nearer.dots_per_pixel + grown + 1e-6


@given(views(), st.data())
def test_what_is_to_be_shown_is_shown(view: View, data: st.DataObject) -> None:
    x, y = data.draw(places(view))
    left, top, right, bottom = view.showing(x, y).window
    assert left - 1e-6 <= x + 0.5 <= right + 1e-6 and top - 1e-6 <= y + 0.5 <= bottom + 1e-6
    assert left >= 0 and top >= 0
    assert right <= view.picture.width + 1e-6 and bottom <= view.picture.height + 1e-6


@given(views())
def test_what_is_drawn_lies_in_the_panel_and_has_the_proportions_of_the_window(view: View) -> None:
    height, width = view.drawn
    assert view.left >= 0 and view.left + width <= view.columns
    assert view.top >= 0 and view.top + height <= 2 * view.rows
    across, down = view.span
    whole_dots = 0.51 * (1 + down / across)
    assert min(view.drawn) == 1 or abs(height - width * down / across) <= whole_dots
    assert width == view.columns or across == view.picture.width, "the panel is filled"
    assert height == 2 * view.rows or down == view.picture.height


def test_a_picture_twice_as_high_as_wide_takes_half_the_panel_and_zoomed_in_all_of_it() -> None:
    view = View(Size(1024, 512), 54, 27)
    assert (view.drawn, view.left, view.top) == ((54, 27), 13, 0)
    assert view.window == (0, 0, 512, 1024)
    assert view.to_image(13.5, 0.5) == (9, 9) and view.to_image(39.5, 53.5) == (502, 1014)
    nearer = view.zoomed(2, 256, 512)
    assert nearer.zoom == 2.0 and nearer.drawn == (54, 54)
    assert nearer.span == (512, 512)


def test_the_whole_picture_fills_the_smaller_side() -> None:
    view = View(Size.square(64), 100, 22)
    assert (view.drawn, view.left, view.top) == ((44, 44), 28, 0)
    assert view.window == (0, 0, 64, 64)
