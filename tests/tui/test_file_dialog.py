"""Files that are named in a dialog: completed while they are typed, never replaced unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button, Input, Static, Switch

from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.dialogs.dialog import ConfirmDialog
from tui_draggan.tui.dialogs.file import FileDialog
from tui_draggan.tui.services import ExportRequest
from tui_draggan.tui.widgets.path_input import completions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder and the home folder: two cats, a dog's folder, a hidden file."""
    for name in ("cat-1.png", "cat-2.PNG", "notes.txt", ".cat.png", "bad\x1bname.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "dogs").mkdir()
    (tmp_path / "dogs" / "rex.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_completions_are_what_the_folder_holds(folder: Path) -> None:
    assert completions("ca") == ["t-1.png", "t-2.PNG"]
    assert completions("", [".png"]) == ["cat-1.png", "cat-2.PNG", "dogs/"]
    assert completions("n", [".png"]) == []
    assert completions(".c") == ["at.png"]
    assert completions("dogs/") == ["rex.png"] == completions("~/dogs/")
    assert completions(f"{folder}/do") == ["gs/"]
    for text in ("nowhere/", "~nobody-by-this-name/", "\0", "cat-1.png/"):
        assert completions(text) == []


def line(editor: EditorPilot) -> Input:
    return editor.app.screen.query_one(Input)


async def opened(editor: EditorPilot, text: str = "") -> None:
    """The export's dialog, with that in its line."""
    await editor.press("e")
    await editor.until(lambda: isinstance(editor.app.screen, FileDialog), "the dialog")
    line(editor).value = text
    line(editor).cursor_position = len(text)


class Exports:
    """Takes what is to be exported."""

    def __init__(self) -> None:
        self.asked: list[ExportRequest] = []

    def __call__(self, _snapshot: Snapshot, request: ExportRequest) -> str:
        self.asked.append(request)
        return "written"


async def test_tab_completes_as_a_shell_does(folder: Path) -> None:
    async with editing(export=Exports()) as editor:
        await opened(editor, "d")
        await editor.press("tab")
        assert line(editor).value == "dogs/"
        await editor.press("tab")
        assert line(editor).value == "dogs/rex.png" and line(editor).has_focus
        await editor.press("tab")
        assert editor.app.focused is editor.app.screen.query_one(Switch), "nothing to type on"
        line(editor).focus()
        line(editor).value = "c"
        await editor.press("tab")
        assert line(editor).value == "cat-"
        await editor.press("tab")
        await editor.pilot.pause()
        shown = str(editor.app.screen.query_one(".problem", Static).render())
        assert shown == "cat-1.png  cat-2.PNG"
        await editor.until(lambda: line(editor)._suggestion == "cat-1.png", "the first, shown")
        await editor.press("right")
        assert line(editor).value == "cat-1.png"


@pytest.mark.parametrize("keys", [["enter"], ["tab", "enter"], ["tab", "tab", "tab", "enter"]])
async def test_enter_confirms_in_every_field_and_on_the_button(
    folder: Path, keys: list[str]
) -> None:
    exports = Exports()
    async with editing(export=exports) as editor:
        await opened(editor, "new.png")
        await editor.press(*keys)
        await editor.until(lambda: exports.asked, "the export")
        assert exports.asked == [ExportRequest(Path("new.png"), markers=False)]
        await opened(editor, "new.png")
        await editor.press("tab", "space", "enter")
        await editor.until(lambda: len(exports.asked) == 2, "the second")
        assert exports.asked[1].markers


async def test_a_file_that_exists_is_asked_about_and_enter_does_not_replace_it(
    folder: Path,
) -> None:
    exports = Exports()
    async with editing(export=exports) as editor:
        await opened(editor, "cat-1.png")
        await editor.press("enter")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        focused = editor.app.focused
        assert isinstance(focused, Button) and str(focused.label) == "Back"
        await editor.press("enter")
        await editor.until(lambda: isinstance(editor.app.screen, FileDialog), "back again")
        assert line(editor).value == "cat-1.png" and not exports.asked
        await editor.press("enter")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.press("y")
        await editor.until(lambda: exports.asked, "the export")
        assert exports.asked[0].path == Path("cat-1.png")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")


async def test_a_mask_that_is_read_is_not_asked_about(folder: Path) -> None:
    from PIL import Image

    Image.new("L", (64, 64), 255).save(folder / "mask.png")
    Image.linear_gradient("L").save(folder / "mask.png")
    async with editing() as editor:
        await editor.screen.parts.prompts.mask()
        line(editor).value = "mask.png"
        await editor.press("enter")
        await editor.until(lambda: editor.session.document.mask is not None, "the mask")
