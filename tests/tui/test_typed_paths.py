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


async def answer(desk: EditorPilot, ask: Callable[[], Awaitable[None]], text: str) -> None:
    """Opens a dialog and answers it."""
    await ask()
    await desk.pilot.pause()
    desk.app.screen.query_one("#answer", Input).value = text
    await desk.press("enter")
    await desk.pilot.pause()


def problem(desk: EditorPilot) -> str:
    """What the open dialog says against the answer."""
    assert isinstance(desk.app.screen, Dialog)
    return str(desk.app.screen.query_one(".problem", Static).render())


async def test_a_mask_is_read_and_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.zeros((32, 32), np.uint8)
    values[:, 16:] = 255
    Image.fromarray(values).save(tmp_path / "mask.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with editing() as desk:
        await answer(desk, desk.screen.prompts.mask, "~/mask.png")
        mask = desk.session.document.mask
        assert mask is not None and mask.mean() == 0.5
        said = "mask: 32×32 scaled to 64×64, 50 % of the picture may change"
        await desk.until(lambda: said in desk.words, "the note")


@pytest.mark.parametrize("text", ["~nosuchuser/a.png", "/dev/null/a.png", "x" * 300 + ".png"])
async def test_what_is_no_path_is_said_in_the_dialog(text: str) -> None:
    services = {"export": lambda *_: "", "save_session": lambda *_: ""}
    async with editing(**services, check_export=check_result) as desk:
        for ask in (desk.screen.prompts.mask, desk.screen.prompts.save_session):
            await answer(desk, ask, text)
            assert text[:12] in problem(desk)
            await desk.press("escape")
        await answer(desk, desk.screen.prompts.export, text)
        assert text[:12] in problem(desk)
