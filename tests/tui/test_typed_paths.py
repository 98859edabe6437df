"""Paths that are typed into the editor's dialogs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textual.widgets import Input, Static

from tui_draggan.commands.results import check_result
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.dialogs.dialog import Dialog

pytestmark = pytest.mark.slow


async def answer(editor: EditorPilot, ask: Callable[[], Awaitable[None]], text: str) -> None:
    """Opens a dialog and answers it."""
    await ask()
    await editor.pilot.pause()
    editor.app.screen.query_one("#answer", Input).value = text
    await editor.press("enter")
    await editor.pilot.pause()


def problem(editor: EditorPilot) -> str:
    """What the open dialog says against the answer."""
    assert isinstance(editor.app.screen, Dialog)
    return str(editor.app.screen.query_one(".problem", Static).render())


async def test_a_mask_is_read_and_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.zeros((32, 32), np.uint8)
    values[:, 16:] = 255
    Image.fromarray(values).save(tmp_path / "mask.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with editing() as editor:
        await answer(editor, editor.screen.parts.prompts.mask, "~/mask.png")
        mask = editor.session.document.mask
        assert mask is not None and mask.mean() == 0.5
        said = "mask: 32×32 scaled to 64×64, 50 % of the picture may change"
        await editor.until(lambda: said in editor.words, "the note")


@pytest.mark.parametrize("text", ["~nosuchuser/a.png", "/dev/null/a.png", "x" * 300 + ".png"])
async def test_what_is_no_path_is_said_in_the_dialog(text: str) -> None:
    async with editing(
        export=lambda *_: "", save_session=lambda *_: "", check_export=check_result
    ) as editor:
        for ask in (editor.screen.parts.prompts.mask, editor.screen.parts.saving.save_session):
            await answer(editor, ask, text)
            assert text[:12] in problem(editor)
            await editor.press("escape")
        await answer(editor, editor.screen.parts.saving.export, text)
        assert text[:12] in problem(editor)
