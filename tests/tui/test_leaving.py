"""An edit that was neither exported nor saved is never left behind without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import ZooEngine
from tui_draggan.tui.dialogs.dialog import ConfirmDialog


async def drag(editor: EditorPilot) -> None:
    """An edit of the picture that is there."""
    await editor.press("enter", "K", "enter", "space")
    await editor.rest()
    assert editor.session.document.latent.edited


async def asked(editor: EditorPilot) -> str:
    """The question that lies over the editor."""
    await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "a question")
    dialog = editor.app.screen
    assert isinstance(dialog, ConfirmDialog)
    return dialog._question


async def closed(editor: EditorPilot) -> None:
    await editor.until(lambda: editor.app.screen is editor.screen, "the editor")


async def test_another_seed_asks_and_undo_brings_the_edit_back() -> None:
    async with editing() as editor:
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 4, "nothing to ask")
        await drag(editor)
        edited = editor.session.document.latent
        await editor.press("n")
        assert "neither exported nor saved" in await asked(editor)
        await editor.press("escape")
        await closed(editor)
        assert (
            editor.session.document.latent is edited and editor.screen.parts.editor.seed.seed == 4
        )
        await editor.press("n")
        await asked(editor)
        await editor.press("enter")
        await editor.until(lambda: editor.origin.seed == 5, "the next seed")
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 6, "nothing to ask: this one is unedited")
        await editor.press("u", "u")
        assert editor.session.document.latent is edited


async def test_q_asks_for_an_edit_of_an_earlier_picture_too() -> None:
    async with editing(export=lambda *_: "written") as editor:
        await drag(editor)
        await editor.press("n")
        await asked(editor)
        await editor.press("enter")
        await editor.until(lambda: editor.origin.seed == 4, "the next seed")
        await editor.press("q")
        assert "earlier picture" in await asked(editor)
        await editor.press("n")
        await closed(editor)
        assert editor.app.is_running
        await editor.press("u")
        await drag(editor)
        await editor.press("e", "enter")
        await editor.until(lambda: any("written" in note for note in editor.notes), "the export")
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 4, "exported: nothing to ask")
        await editor.press("q")
        await editor.until(lambda: not editor.app.is_running, "the end")


async def test_what_was_undone_is_no_loss() -> None:
    async with editing() as editor:
        await drag(editor)
        await editor.press("u", "q")
        await editor.until(lambda: not editor.app.is_running, "the end")


async def test_a_painted_mask_alone_is_asked_about() -> None:
    async with editing() as editor:
        await editor.press("m", "enter", "enter", "escape", "q")
        assert "The mask has been neither exported nor saved" in await asked(editor)
        await editor.press("n")
        await closed(editor)
        await editor.press("u", "q")
        await editor.until(lambda: not editor.app.is_running, "the end")


async def test_several_points_are_asked_about_and_one_pair_is_not() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "L", "enter", "K", "enter", "q")
        assert "These 2 points have been neither exported nor saved" in await asked(editor)
        await editor.press("n")
        await closed(editor)
        await editor.press("u", "q")
        await editor.until(lambda: not editor.app.is_running, "the end")


@pytest.mark.slow
async def test_another_truncation_and_class_ask_too() -> None:
    async with editing(ZooEngine()) as editor:
        await drag(editor)
        edited = editor.session.document.latent
        await editor.press("C", "down", "down", "enter")
        await asked(editor)
        await editor.press("escape")
        await closed(editor)
        await editor.screen.parts.prompts.truncation()
        await editor.press(*"0.5", "enter")
        await asked(editor)
        await editor.press("escape")
        await closed(editor)
        await editor.screen.parts.prompts.seed()
        await editor.press("9", "enter")
        await asked(editor)
        await editor.press("y")
        await editor.until(lambda: editor.origin.seed == 9, "seed 9")
        await editor.press("u")
        assert editor.session.document.latent is edited


async def test_ctrl_s_saves_as_last_time() -> None:
    saved: list[str] = []

    def write(path: Path) -> str:
        saved.append(str(path))
        return "written"

    async with editing(
        export=lambda _, request: write(request.path), save_session=lambda _, path: write(path)
    ) as editor:
        await editor.press("ctrl+s")
        await editor.press("enter")
        await editor.until(lambda: saved == ["spot.json"], "the session, at first")
        await editor.press("ctrl+s")
        await editor.until(lambda: saved == ["spot.json"] * 2, "without a question")
        await editor.press("e", "enter")
        await editor.until(lambda: len(saved) == 3, "a picture")
        await editor.press("ctrl+s")
        await editor.until(lambda: saved[2:] == ["spot-3.png"] * 2, "the picture again")
        assert editor.screen.parts.saving.written is not None
