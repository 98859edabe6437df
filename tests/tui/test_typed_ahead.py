"""Keys that arrive all at once, as a slow line delivers them, mean what they mean one by one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.widgets import Input

from tui_draggan.edit.session import Session
from tui_draggan.testing.pilot import EditorPilot, editing, spot_app
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine, spot_session
from tui_draggan.tui.dialogs.dialog import Dialog, LineDialog
from tui_draggan.tui.screen import EditorScreen

pytestmark = pytest.mark.slow

NAMES = {
    ",": "comma",
    ":": "colon",
    "⏎": "enter",
    "⎋": "escape",
    " ": "space",
    "?": "question_mark",
}


@asynccontextmanager
async def opening() -> AsyncIterator[tuple[EditorPilot, threading.Event]]:
    """An editor whose model opens when the event is set."""
    opens = threading.Event()

    def open_session() -> Session:
        opens.wait()
        return spot_session(SpotEngine())

    with spot_app(open_session=open_session) as app:
        try:
            async with app.run_test(size=(100, 30)) as pilot:
                await pilot.pause()
                screen = app.screen_stack[1]
                assert isinstance(screen, EditorScreen)
                yield EditorPilot(pilot, app, screen), opens
        finally:
            opens.set()


async def burst(editor: EditorPilot, keys: str) -> None:
    """Puts the keys into the program's queue before it can look at the first."""
    for key in keys:
        character = None if key in "⏎⎋" else key
        editor.app.post_message(events.Key(NAMES.get(key, key), character))
    await asyncio.sleep(0)
    await editor.pilot.pause()


async def test_keys_behind_the_one_that_opens_a_dialog_are_the_dialogs() -> None:
    async with editing() as editor:
        await burst(editor, "g45,12⏎")
        await editor.until(lambda: editor.pointer.cursor == (45, 12), "the crosshair")
        assert editor.app.screen is editor.screen
        assert editor.pointer.pending is None and editor.pairs == []


async def test_keys_typed_while_the_model_opens_act_when_it_is_there() -> None:
    async with opening() as (editor, opens):
        await burst(editor, "g45,12:45,4⏎ ")
        assert not editor.screen.is_open
        opens.set()
        await editor.until(lambda: editor.screen.is_open and editor.session.frames, "the run")
        assert len(editor.pairs) == 1 and editor.pairs[0][1] == (45, 4)


async def test_escape_forgets_what_was_typed_while_the_model_opens() -> None:
    async with opening() as (editor, opens):
        await burst(editor, "⏎K⏎ ⎋K⏎")
        opens.set()
        await editor.until(lambda: editor.screen.is_open, "the editor")
        await editor.until(lambda: editor.pointer.pending is not None, "the handle")
        assert editor.pairs == [] and not editor.session.frames


async def test_q_leaves_while_the_model_opens() -> None:
    async with opening() as (editor, opens):
        await burst(editor, "⏎⎋q")
        await editor.until(lambda: editor.app.return_value == 0, "the end")
        assert not opens.is_set()


async def test_keys_behind_the_one_that_closes_it_are_the_editors() -> None:
    async with editing() as editor:
        await burst(editor, "g45,12:45,4⏎ ")
        await editor.until(lambda: editor.session.frames, "the run")
        assert editor.pairs[0][1] == (45, 4)
    async with editing() as editor:
        await burst(editor, "g45,12⏎⏎KK⏎g5,5⎋?⎋g20,30⏎")
        await editor.until(lambda: editor.pointer.cursor == (20, 30), "the last place")
        assert editor.pairs == [((45, 12), (45, 0))], "12 − 16 stops at the edge"
        assert editor.app.screen is editor.screen


async def test_a_question_gets_the_key_typed_behind_the_one_that_asks() -> None:
    async with editing() as editor:
        await editor.drag((30, 30), (34, 30))
        await editor.press("space")
        await editor.rest()
        seed = editor.screen.parts.editor.seed.seed
        await burst(editor, "ny")
        await editor.until(
            lambda: editor.screen.parts.editor.seed.seed == seed + 1, "the next picture"
        )
        assert editor.app.screen is editor.screen, "y answered, and copied nothing"


async def test_a_line_of_a_list_is_found_and_taken_in_one_go() -> None:
    async with editing(ZooEngine()) as editor:
        await burst(editor, "Crabbit⏎nn")
        await editor.until(lambda: editor.origin.seed == 5, "two seeds on")
        assert editor.origin.label == 3


async def test_the_palette_gets_what_is_typed_behind_its_key() -> None:
    async with editing() as editor:
        await burst(editor, ":seed")

        def typed() -> str:
            line = editor.app.focused
            return line.value if isinstance(line, Input) else ""

        await editor.until(lambda: typed() == "seed", "the palette's line")
        await editor.press("escape")


async def test_an_answer_that_cannot_be_meant_keeps_the_dialog_open() -> None:
    async with editing() as editor:
        await burst(editor, "g99,99⏎")
        await editor.until(lambda: isinstance(editor.app.screen, LineDialog), "the dialog")
        assert "outside" in str(editor.app.screen.query_one(".problem").render())
        await burst(editor, "⏎⏎⎋⎋")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await burst(editor, "⏎K⏎")
        await editor.until(lambda: len(editor.pairs) == 1, "a pair: the editor has its keys")


async def test_a_page_of_a_list_that_is_not_there_yet() -> None:
    for keys in (("colon", "pagedown", "pageup"), ("C", "pagedown", "pageup")):
        async with editing(ZooEngine(), size=(8, 3)) as editor:
            for key in keys:
                editor.app.post_message(events.Key(key, "C" if key == "C" else None))
            await editor.pilot.pause()
            await editor.press("pagedown", "escape", "escape")
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")


async def test_what_was_typed_may_be_looked_at_when_the_dialog_is_gone() -> None:
    async with editing(ZooEngine()) as editor:
        for key in ("g", "C"):
            await editor.press(key)
            dialog = editor.app.screen
            assert isinstance(dialog, Dialog)
            line = dialog.query_one(Input)
            await editor.press("escape")
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
            await dialog.query("*").remove()
            for message in (Input.Changed(line, "9"), Input.Submitted(line, "9")):
                dialog.post_message(message)
            await editor.pilot.pause()
            dialog.show_problem("none")
