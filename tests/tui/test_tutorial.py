"""The tutorial: every lesson ends when it has been done, by keys, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import ZooEngine
from tui_draggan.tui.services import ExportRequest
from tui_draggan.tui.tutorial import Tutorial
from tui_draggan.tui.widgets.lesson_line import LessonLine

pytestmark = pytest.mark.slow


def write(snapshot: Snapshot, request: ExportRequest) -> str:
    request.path.touch()
    return f"written: {request.path}"


async def begun(editor: EditorPilot, tutorial: Tutorial, number: int) -> None:
    await editor.until(
        lambda: tutorial.heading.startswith(f"{number} "), lambda: f"{number}: {tutorial.words}"
    )
    shown = editor.screen.query_one(LessonLine).visual
    assert f"{number} of 10" in str(shown)


async def test_all_of_it(tmp_path: Path) -> None:
    tutorial = Tutorial(tmp_path)
    async with editing(
        ZooEngine(), tutorial=tutorial, export_folder=tmp_path, export=write
    ) as editor:
        await begun(editor, tutorial, 1)
        await editor.press("enter", "escape")
        await begun(editor, tutorial, 1)
        await editor.press("g", *"27", "comma", *"27", "enter")
        await begun(editor, tutorial, 2)
        await editor.press("enter")
        await begun(editor, tutorial, 3)
        await editor.press("K", "enter")
        await begun(editor, tutorial, 4)
        await editor.press("space")
        await begun(editor, tutorial, 5)
        await editor.press("b")
        await begun(editor, tutorial, 5)
        await editor.press("b", "b", "b")
        await begun(editor, tutorial, 6)
        await editor.press("u")
        await begun(editor, tutorial, 7)
        await editor.press("ctrl+r")
        await begun(editor, tutorial, 8)
        await editor.press("d")
        await editor.until(lambda: editor.screen.parts.sliders.directions, "the directions")
        await editor.press("right", "right")
        await begun(editor, tutorial, 8)
        await editor.press("escape")
        await begun(editor, tutorial, 9)
        await editor.press("m", "enter", "right", "right", "enter", "escape")
        await begun(editor, tutorial, 10)
        await editor.press("e", "enter", "enter")
        await editor.until(lambda: tutorial.is_over, lambda: tutorial.words)
        assert "the end" in str(editor.screen.query_one(LessonLine).visual)
