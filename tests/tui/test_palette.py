"""What the palette finds first, and the page of all parameters."""

from __future__ import annotations

from textual.widgets import OptionList

from tui_draggan.edit.parameters import PARAMETERS, model_params
from tui_draggan.testing.pilot import editing
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import LineDialog
from tui_draggan.tui.keys.table import KEY_BY_ID, KEYS
from tui_draggan.tui.palette import matched, offers


async def test_who_types_a_name_means_it() -> None:
    async with editing() as editor:

        def first(query: str) -> str:
            found = sorted(offers(editor.screen), key=lambda offer: -matched(query, offer))
            return found[0].title if matched(query, found[0]) else ""

        assert first("step size").startswith("Set step size")
        assert first("undo") == KEY_BY_ID["undo"].help, "though there is nothing to undo"
        for query, id in (
            ("quit", "quit"),
            ("exit", "quit"),
            ("copy", "copy"),
            ("clipboard", "copy"),
            ("hide", "markers"),
        ):
            assert first(query) == KEY_BY_ID[id].help, query
        assert first("learning rate").startswith("Set step size")
        assert first("lambda").startswith("Set λ")
        assert first("theme") == "Change theme"
        assert "creenshot" in first("screenshot")
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        assert first("reset") == KEY_BY_ID["reset-picture"].help
        titles = [offer.title for offer in offers(editor.screen)]
        with_keys = [title in {key.help for key in KEYS} for title in titles]
        assert with_keys == sorted(with_keys), "first what has no key"


async def test_undo_from_the_palette_with_nothing_to_undo_says_so() -> None:
    async with editing() as editor:
        await editor.press("colon", *"undo")
        await editor.pilot.pause(0.5)
        await editor.press("enter")
        await editor.pilot.pause()
        if editor.app.screen is not editor.screen:
            await editor.press("enter")
        await editor.until(lambda: "nothing to undo" in editor.words, "the words")


async def test_all_parameters_on_one_page() -> None:
    async with editing() as editor:

        def lines() -> list[str]:
            found = editor.app.screen.query_one(OptionList).options
            return [str(option.prompt) for option in found]

        await editor.press("a")
        await editor.until(lambda: isinstance(editor.app.screen, ChoiceDialog), "the page")
        own = model_params(editor.session.info)
        for one in PARAMETERS:
            line = next(line for line in lines() if one.title in line)
            shown = one.shown(getattr(editor.session.document.parameters, one.name))
            assert shown in line and one.range in line
            assert f"default {one.shown(getattr(own, one.name))}" in line
        await editor.press(*"steps", "enter")
        await editor.until(lambda: isinstance(editor.app.screen, LineDialog), "its field")
        await editor.press("1", "7", "enter")
        await editor.until(lambda: isinstance(editor.app.screen, ChoiceDialog), "the page again")
        assert editor.session.document.parameters.steps == 17
        assert any(line.startswith("●") and "17" in line for line in lines())
        await editor.press(*"defaults", "enter")
        await editor.until(lambda: editor.session.document.parameters == own, "the defaults")
        await editor.press("u")
        assert editor.session.document.parameters.steps == 17
