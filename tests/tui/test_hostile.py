"""Nothing that a model, a file or a runtime says is taken for markup or for the terminal's own
sequences by the editor's screens."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from textual.widgets import Input, Static

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import Dialog, LineDialog
from tui_draggan.tui.dialogs.file import FileDialog
from tui_draggan.tui.services import Choice, EditorOptions
from tui_draggan.wording import printable

pytestmark = pytest.mark.slow

MARKUP = "[/x] [red]r[/red] [$text] [@click=app.bell]b[/] [ONNXRuntimeError] \\[1,2] [["
EVIL = printable(f"\x1b]0;o\x07\u202e{MARKUP}")
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class EvilEngine(ZooEngine):
    """The spot in a model every text of which means harm; steps fail with a runtime's words."""

    info = replace(ZooEngine.info, name=f"{MARKUP}m", classes=(f"{MARKUP}1", EVIL))


def seen(editor: EditorPilot) -> str:
    """The whole screen as text, line by line."""
    screen = editor.app.screen
    lines = screen._compositor.render_full_update().strips
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def shows(editor: EditorPilot, kind: type[Dialog[Any]]) -> bool:
    return isinstance(editor.app.screen, kind)


async def check(editor: EditorPilot, *expected: str) -> None:
    """Those words are on the screen, as they are, and no sign that a terminal obeys."""
    await editor.until(
        lambda: all(text in seen(editor) for text in expected),
        lambda: f"{expected} in\n{seen(editor)}",
    )
    assert not [line for line in seen(editor).split("\n") if UNSAFE.search(line)]


async def test_every_screen_shows_hostile_names_as_they_are() -> None:
    def open_model(name: str) -> EditorOptions:
        raise UsageError(f"{EVIL} cannot")

    models = [Choice(f"{EVIL}{i}", f"{EVIL}{i}", MARKUP, problem=f"{EVIL} gone") for i in range(3)]

    async with editing(
        EvilEngine(),
        size=(140, 40),
        toasts=True,
        export=lambda *_: f"written: {EVIL}",
        save_session=lambda *_: "",
        models=lambda: models,
        open_model=open_model,
        resume=f"tui-draggan --model '{EVIL}' --resume",
    ) as editor:
        await check(editor, "class [/x]")
        for key, kind, words in (
            ("C", ChoiceDialog, f"{MARKUP}1"[:30]),
            ("o", ChoiceDialog, EVIL[:30]),
            ("question_mark", Dialog, "Set a handle point here"),
            ("e", FileDialog, ".png"),
            ("g", LineDialog, "x,y moves"),
        ):
            await editor.press(key)
            await editor.until(partial(shows, editor, kind), key)
            await check(editor, words)
            await editor.press("escape")
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await editor.press("colon", *"classnow")
        await check(editor, f"Set class (now {MARKUP}1"[:40])
        await editor.press("escape", "escape")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")

        await editor.press("o", "enter")
        await check(editor, f"{EVIL} gone"[:40])
        await editor.press("escape")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await editor.press("C", "down", "enter")
        await editor.until(lambda: editor.origin.label == 1, "the other class")
        await check(editor, f"class {EVIL}"[:24])
        await editor.press("u")
        await check(editor, "undone")


async def test_what_a_runtime_says_is_text() -> None:
    words = f"{MARKUP} : 6 : RUNTIME_EXCEPTION"

    class FailingEngine(SpotEngine):
        def render(self, ws: Floats) -> Bytes:
            if self.calls.count("render"):
                raise EngineError(words)
            return super().render(ws)

    async with editing(FailingEngine(), size=(140, 40), toasts=True) as editor:
        await editor.press("n")
        await check(editor, "[/x] [red]r[/red] [$text]", "[ONNXRuntimeError]")


MANY = "9" * 5000


@pytest.mark.parametrize("text", [MANY, f"{MANY},1", f"1,1:{MANY},1", MARKUP, "\0"])
async def test_what_is_no_place_is_said_in_the_dialog(text: str) -> None:
    async with editing() as editor:
        await editor.press("g")
        await editor.pilot.pause()
        editor.app.screen.query_one(Input).value = text
        await editor.press("enter")
        await editor.pilot.pause()
        said = str(editor.app.screen.query_one(".problem", Static).render())
        assert "is not a" in said and len(said) < 300 and not UNSAFE.search(said)
        await editor.press("escape")


@pytest.mark.parametrize("text", ["a\0b.png", "\0"])
async def test_a_path_with_nul_is_said_in_the_dialog(text: str) -> None:
    async with editing(export=lambda *_: "", save_session=lambda *_: "") as editor:
        prompts = editor.screen.parts.prompts
        for ask in (
            prompts.mask,
            editor.screen.parts.saving.save_session,
            editor.screen.parts.saving.export,
        ):
            await ask()
            await editor.pilot.pause()
            editor.app.screen.query_one("#answer", Input).value = text
            await editor.press("enter")
            await editor.pilot.pause()
            said = str(editor.app.screen.query_one(".problem", Static).render())
            assert "is not a path" in said and not UNSAFE.search(said)
            await editor.press("escape")
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
