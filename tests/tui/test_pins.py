"""Pins in the editor."""

from __future__ import annotations

from tui_draggan.testing.pilot import editing
from tui_draggan.tui.pointer import PointId
from tui_draggan.tui.widgets.points_panel import PointsPanel


async def test_i_pins_what_is_under_the_crosshair() -> None:
    async with editing(size=(120, 36)) as editor:
        await editor.press("i")
        assert editor.pairs == [((32, 32), (32, 32))]
        panel = editor.screen.query_one(PointsPanel)
        await editor.until(lambda: "pin" in panel.text and "holds" in panel.text, "its row")
        await editor.press("space")
        assert any("pins only hold" in note for note in editor.notes)
        await editor.press("L", "enter", "K", "enter", "space")
        await editor.until(lambda: bool(editor.session.frames), "a run with a pin")
        await editor.press("c", "u", "u", "u")
        assert editor.pairs == []


async def test_enter_twice_in_one_place_is_a_pin_and_i_pins_a_handle_that_waits() -> None:
    async with editing() as editor:
        await editor.press("enter")
        assert "Enter here pins it" in editor.words
        await editor.press("enter", "L", "enter", "K", "i")
        assert editor.pairs == [((32, 32), (32, 32)), ((40, 32), (40, 32))]
        assert editor.pointer.pending is None


async def test_a_pin_is_one_point_which_moves_as_a_whole() -> None:
    async with editing() as editor:
        await editor.press("i", "L", "i", "tab")
        assert editor.pointer.selected == PointId(1, "handle")
        await editor.press("tab")
        assert editor.pointer.selected == PointId(2, "handle"), "not the target of the first"
        await editor.press("enter", "j", "enter")
        assert editor.pairs[1] == ((40, 33), (40, 33))


async def test_i_pins_the_selected_pair_where_its_handle_is() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "tab", "i")
        assert editor.pairs == [((32, 32), (32, 32))] and "pinned" in editor.words
        await editor.press("u")
        assert editor.pairs == [((32, 32), (32, 24))]


async def test_capital_i_holds_the_rest() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "I")
        assert len(editor.pairs) > 5 and "the rest is pinned" in editor.words
        await editor.press("u")
        assert editor.pairs == [((32, 32), (32, 24))]
