"""The mouse on the picture."""

from __future__ import annotations

import math

from tui_draggan.edit.progress import Outcome
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.widgets.picture_panel import PicturePanel


def near(place: tuple[int, int], expected: tuple[int, int]) -> bool:
    """A cell is about one pixel wide and two high."""
    return math.dist(place, expected) <= 2.5


async def test_press_is_the_handle_release_the_target():
    async with editing() as desk:
        await desk.drag((20, 40), (20, 28))
        ((handle, target),) = desk.pairs
        assert near(handle, (20, 40)) and near(target, (20, 28))
        await desk.press("space")
        await desk.rest()
        assert desk.session.status.outcome is Outcome.REACHED


async def test_a_press_on_a_point_moves_it():
    async with editing() as desk:
        await desk.drag((20, 40), (20, 20))
        handle = desk.pairs[0][0]
        await desk.drag((20, 20), (44, 20))
        assert desk.pairs[0][0] == handle and near(desk.pairs[0][1], (44, 20))
        await desk.drag(handle, (10, 50))
        assert len(desk.pairs) == 1 and near(desk.pairs[0][0], (10, 50))


async def test_a_click_moves_the_crosshair_or_selects():
    async with editing() as desk:
        await desk.drag((50, 50), (50, 50))
        assert desk.pairs == [] and near(desk.pointer.cursor, (50, 50))
        await desk.drag((20, 40), (20, 20))
        pairs = desk.pairs
        await desk.drag((20, 20), (20, 20))
        assert desk.pairs == pairs
        assert desk.pointer.selected is not None and desk.pointer.selected.end == "target"
        assert desk.pointer.cursor == pairs[0][1]


async def test_a_click_gives_the_handle_set_by_enter_its_target():
    async with editing() as desk:
        await desk.press("enter")
        await desk.drag((10, 10), (10, 10))
        ((handle, target),) = desk.pairs
        assert handle == (32, 32) and near(target, (10, 10))


async def test_a_release_outside_stops_at_the_edge():
    async with editing() as desk:
        panel = desk.screen.query_one(PicturePanel)
        await desk.pilot.mouse_down(panel, offset=desk.cell_of(30, 30))
        await desk.pilot.hover(offset=(99, 15))
        await desk.pilot.mouse_up(offset=(99, 15))
        await desk.pilot.pause()
        assert desk.pairs[0][1][0] == 63


async def test_zoom_keeps_the_crosshair_in_sight_and_0_resets():
    async with editing() as desk:
        panel = desk.screen.query_one(PicturePanel)
        await desk.press("plus", "plus")
        assert panel.view.zoom == 2 and "2×" in desk.words
        await desk.press(*["L"] * 4)
        across, down = panel.view.to_dots(*desk.pointer.cursor)
        assert panel.view.holds(across, down)
        await desk.press("0")
        assert panel.view.zoom == 1
        await desk.press("z")
        assert panel.view.zoom == 4
        await desk.press("z", "minus")
        assert panel.view.zoom == 1


async def test_the_wheel_zooms_at_the_pointer():
    async with editing() as desk:
        panel = desk.screen.query_one(PicturePanel)
        before = panel.view.to_dots(10, 10)
        await wheel(desk, desk.cell_of(10, 10), up=True)
        assert panel.view.zoom == 1.5
        assert math.dist(panel.view.to_dots(10, 10), before) < 3
        await wheel(desk, desk.cell_of(10, 10), up=False)
        assert panel.view.zoom == 1


async def wheel(desk: EditorPilot, cell: tuple[int, int], up: bool) -> None:
    panel = desk.screen.query_one(PicturePanel)
    turn = desk.pilot._post_mouse_events
    from textual.events import MouseScrollDown, MouseScrollUp

    await turn([MouseScrollUp if up else MouseScrollDown], panel, cell, button=0)
    await desk.pilot.pause()
