"""Several edits to resume: a list over the newest, which is open behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from textual.widgets import OptionList

from tui_draggan.edit.latent import Latent, latent_from_seed
from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import SpotEngine, spot_session
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.screen import EditorScreen
from tui_draggan.tui.services import Choice, EditorOptions, Services
from tui_draggan.tui.widgets.thumbnail import Thumbnail

EDITS = [
    Choice("gone", "28 Nov, 12:03", "old · seed 1 · 9 steps", "the model old is gone"),
    Choice("newest", "28 Nov, 12:02", "spot · seed 3 · 7 steps", current=True),
    Choice("older", "28 Nov, 12:01", "spot · seed 3 · 2 steps"),
    Choice("torn", "28 Nov, 12:00", "spot · seed 3 · 1 step"),
]
OPENED = "as it was left"


def open_edit(name: str) -> EditorOptions:
    if name == "torn":
        raise UsageError("journal torn holds no edit")
    assert name == "older"
    options = EditorOptions(Services(lambda: spot_session(SpotEngine())), "spot", Size.square(64))
    return replace(options, resumed=OPENED)


async def offered(editor: EditorPilot) -> OptionList:
    await editor.until(lambda: isinstance(editor.app.screen, ChoiceDialog), "the list")
    return editor.app.screen.query_one(OptionList)


async def test_enter_keeps_the_newest_which_is_open_already() -> None:
    async with editing(edits=EDITS, open_edit=open_edit) as editor:
        lines = await offered(editor)
        assert lines.option_count == 4 and lines.highlighted == 1
        await editor.press("enter")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        assert len(editor.app.threads) == 1, "nothing else was opened"


async def test_another_one_takes_its_place() -> None:
    async with editing(edits=EDITS, open_edit=open_edit) as editor:
        await offered(editor)
        await editor.press("down", "enter")

        def there() -> bool:
            screen = editor.app.screen
            return isinstance(screen, EditorScreen) and screen.options.resumed == OPENED

        await editor.until(there, "the older edit")
        await editor.pilot.pause()
        assert not isinstance(editor.app.screen, ChoiceDialog), "it is asked once"


async def test_one_that_cannot_be_opened_leaves_the_newest() -> None:
    async with editing(edits=EDITS, open_edit=open_edit) as editor:
        await offered(editor)
        await editor.press("up", "enter")
        assert editor.app.screen is not editor.screen, "its model is gone"
        await editor.press("down", "down", "down", "enter")
        await editor.until(lambda: editor.notes, "the reason")
        assert editor.notes == ["usage: journal torn holds no edit"]
        assert editor.app.screen is editor.screen


@pytest.mark.parametrize("edits", [[], EDITS[1:2]])
async def test_a_single_one_is_not_asked_about(edits: list[Choice]) -> None:
    async with editing(edits=edits, open_edit=open_edit) as editor:
        await editor.pilot.pause()
        assert editor.app.screen is editor.screen


async def test_the_chosen_edit_is_drawn_where_it_is_one_of_the_open_model() -> None:
    engine = SpotEngine()
    spots = {
        name: latent_from_seed(engine, seed, 0.7) for name, seed in (("newest", 3), ("older", 8))
    }

    def latent_of(edit: str) -> Latent | None:
        if edit == "torn":
            raise UsageError("journal torn holds no edit")
        return spots.get(edit)

    async with editing(
        engine, edits=EDITS, open_edit=open_edit, latent_of_edit=latent_of
    ) as editor:
        await offered(editor)
        thumbnail = editor.app.screen.query_one(Thumbnail)

        async def shows(name: str) -> None:
            picture = engine.render(spots[name].ws)
            await editor.until(
                lambda: thumbnail.image is not None and np.array_equal(thumbnail.image, picture),
                name,
            )

        await shows("newest")
        await editor.press("down")
        await shows("older")
        await editor.press("down")
        await editor.until(lambda: thumbnail.image is None, "nothing of one that is damaged")
        await editor.press("up")
        await shows("older")
        await editor.press("up", "up")
        await editor.until(lambda: thumbnail.image is None, "nothing of another model's")
