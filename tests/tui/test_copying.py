"""The clipboard."""

from __future__ import annotations

from tui_draggan.errors import UsageError
from tui_draggan.testing.pilot import EditorPilot, editing


async def copied(editor: EditorPilot, *keys: str) -> str:
    await editor.press("y", *keys, "enter")
    await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
    await editor.until(lambda: "copied" in editor.words, "what was copied")
    return editor.app.clipboard


async def test_command_coordinates_and_written_path_are_copied() -> None:
    async with editing(
        command=lambda now: f"drag {len(now.document.pairs)}", export=lambda *_: "written"
    ) as editor:
        assert await copied(editor, *"coord") == "32,32"
        await editor.press("enter", "K", "enter", "L", "enter", "K", "enter")
        assert await copied(editor) == "drag 2"
        assert await copied(editor, *"coord") == "32,32:32,24 40,24:40,16"
        await editor.press("e", "enter")
        await editor.until(lambda: any("written" in note for note in editor.notes), "the export")
        assert (await copied(editor, *"written")).endswith("/spot-3.png")


async def test_why_there_is_no_command_is_said() -> None:
    def command(_: object) -> str:
        raise UsageError("no options say this")

    async with editing(command=command) as editor:
        await editor.press("y", "enter")
        await editor.pilot.pause()
        assert "no options say this" in str(editor.app.screen.query_one(".problem").render())
