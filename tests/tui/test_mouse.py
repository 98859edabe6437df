"""The mouse on the picture."""

from __future__ import annotations

import math

import pytest

from tui_draggan.edit.progress import Outcome
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.widgets.picture_panel import PicturePanel

pytestmark = pytest.mark.slow


def near(place: tuple[int, int], expected: tuple[int, int]) -> bool:
    """A cell is about one pixel wide and two high."""
    return math.dist(place, expected) <= 2.5


async def test_press_is_the_handle_release_the_target() -> None:
    async with editing() as editor:
        await editor.drag((20, 40), (20, 28))
        ((handle, target),) = editor.pairs
        assert near(handle, (20, 40)) and near(target, (20, 28))
        await editor.press("space")
        await editor.rest()
        assert editor.session.status.outcome is Outcome.REACHED


async def test_a_press_on_a_point_moves_it() -> None:
    async with editing() as editor:
        await editor.drag((20, 40), (20, 20))
        handle = editor.pairs[0][0]
        await editor.drag((20, 20), (44, 20))
        assert editor.pairs[0][0] == handle and near(editor.pairs[0][1], (44, 20))
        await editor.drag(handle, (10, 50))
        assert len(editor.pairs) == 1 and near(editor.pairs[0][0], (10, 50))


async def test_a_click_moves_the_crosshair_or_selects() -> None:
    async with editing() as editor:
        await editor.drag((50, 50), (50, 50))
        assert editor.pairs == [] and near(editor.pointer.cursor, (50, 50))
        await editor.drag((20, 40), (20, 20))
        pairs = editor.pairs
        await editor.drag((20, 20), (20, 20))
        assert editor.pairs == pairs
        assert editor.pointer.selected is not None and editor.pointer.selected.end == "target"
        assert editor.pointer.cursor == pairs[0][1]


async def test_a_click_gives_the_handle_set_by_enter_its_target() -> None:
    async with editing() as editor:
        await editor.press("enter")
        await editor.drag((10, 10), (10, 10))
        ((handle, target),) = editor.pairs
        assert handle == (32, 32) and near(target, (10, 10))


async def test_a_release_outside_stops_at_the_edge() -> None:
    async with editing() as editor:
        panel = editor.screen.query_one(PicturePanel)
        await editor.pilot.mouse_down(panel, offset=editor.cell_of(30, 30))
        await editor.pilot.hover(offset=(99, 15))
        await editor.pilot.mouse_up(offset=(99, 15))
        await editor.pilot.pause()
        assert editor.pairs[0][1][0] == 63


async def test_zoom_keeps_the_crosshair_in_sight_and_0_resets() -> None:
    async with editing() as editor:
        panel = editor.screen.query_one(PicturePanel)
        await editor.press("plus", "plus")
        assert panel.view.zoom == 2 and "2×" in editor.words
        await editor.press(*["L"] * 4)
        across, down = panel.view.to_dots(*editor.pointer.cursor)
        assert panel.view.holds(across, down)
        await editor.press("0")
        assert panel.view.zoom == 1
        await editor.press("z")
        assert panel.view.zoom == 4
        await editor.press("z", "minus")
        assert panel.view.zoom == 1


async def test_the_wheel_zooms_at_the_pointer() -> None:
    async with editing() as editor:
        panel = editor.screen.query_one(PicturePanel)
        before = panel.view.to_dots(10, 10)
        await wheel(editor, editor.cell_of(10, 10), up=True)
        assert panel.view.zoom == 1.5
        assert math.dist(panel.view.to_dots(10, 10), before) < 3
        await wheel(editor, editor.cell_of(10, 10), up=False)
        assert panel.view.zoom == 1


async def wheel(editor: EditorPilot, cell: tuple[int, int], up: bool) -> None:
    panel = editor.screen.query_one(PicturePanel)
    turn = editor.pilot._post_mouse_events
    from textual.events import MouseScrollDown, MouseScrollUp

    await turn([MouseScrollUp if up else MouseScrollDown], panel, cell, button=0)
    await editor.pilot.pause()
