"""Keys that arrive all at once, as a slow line delivers them, mean what they mean one by one."""

from __future__ import annotations

import asyncio

from textual import events
from textual.widgets import Input

from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import ZooEngine
from tui_draggan.tui.dialogs.dialog import LineDialog

NAMES = {
    ",": "comma",
    ":": "colon",
    "⏎": "enter",
    "⎋": "escape",
    " ": "space",
    "?": "question_mark",
}


async def burst(desk: EditorPilot, keys: str) -> None:
    """Puts the keys into the program's queue before it can look at the first."""
    for key in keys:
        character = None if key in "⏎⎋" else key
        desk.app.post_message(events.Key(NAMES.get(key, key), character))
    await asyncio.sleep(0)
    await desk.pilot.pause()


async def test_keys_behind_the_one_that_opens_a_dialog_are_the_dialogs():
    async with editing() as desk:
        await burst(desk, "g45,12⏎")
        await desk.until(lambda: desk.pointer.cursor == (45, 12), "the crosshair")
        assert desk.app.screen is desk.screen
        assert desk.pointer.pending is None and desk.pairs == []


async def test_keys_behind_the_one_that_closes_it_are_the_editors():
    async with editing() as desk:
        await burst(desk, "g45,12:45,4⏎ ")
        await desk.until(lambda: desk.session.frames, "the run")
        assert desk.pairs[0][1] == (45, 4)
    async with editing() as desk:
        await burst(desk, "g45,12⏎⏎KK⏎g5,5⎋?⎋g20,30⏎")
        await desk.until(lambda: desk.pointer.cursor == (20, 30), "the last place")
        assert desk.pairs == [((45, 12), (45, 0))], "12 − 16 stops at the edge"
        assert desk.app.screen is desk.screen


async def test_a_line_of_a_list_is_found_and_taken_in_one_go():
    async with editing(ZooEngine()) as desk:
        await burst(desk, "Crabbit⏎nn")
        await desk.until(lambda: desk.origin.seed == 5, "two seeds on")
        assert desk.origin.label == 3


async def test_the_palette_gets_what_is_typed_behind_its_key():
    async with editing() as desk:
        await burst(desk, ":seed")
        await desk.until(lambda: isinstance(desk.app.focused, Input), "the palette")
        await desk.until(lambda: desk.app.focused.value == "seed", "its line")
        await desk.press("escape")


async def test_an_answer_that_cannot_be_meant_keeps_the_dialog_open():
    async with editing() as desk:
        await burst(desk, "g99,99⏎")
        await desk.until(lambda: isinstance(desk.app.screen, LineDialog), "the dialog")
        assert "outside" in str(desk.app.screen.query_one(".problem").render())
        await burst(desk, "⏎⏎⎋⎋")
        await desk.until(lambda: desk.app.screen is desk.screen, "the editor")
        await burst(desk, "⏎K⏎")
        await desk.until(lambda: len(desk.pairs) == 1, "a pair: the editor has its keys")
