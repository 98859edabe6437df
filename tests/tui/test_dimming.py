"""What lies behind a dialog is as dim as Textual makes it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip
from textual.visual import Visual, visualize

from tui_draggan.testing.pilot import editing
from tui_draggan.tui.dialogs.dialog import LineDialog
from tui_draggan.tui.workarounds import DimmedScreen, Palette


def cells(strips: Iterable[Strip]) -> list[list[tuple[str, Style | None]]]:
    """Each character with its style."""
    return [[(char, part.style) for part in strip for char in part.text] for strip in strips]


async def test_behind_a_dialog_and_the_palette_it_is_as_textual_draws_it() -> None:
    async with editing() as editor:
        for key, kind in (("g", LineDialog), ("colon", Palette)):
            await editor.press(key)
            dialog = editor.app.screen
            assert isinstance(dialog, kind)
            tint = dialog.styles.background
            assert 0 < tint.a < 1
            drawn, expected = (
                cells(
                    Visual.to_strips(
                        dialog, visualize(dialog, one), *dialog.size, dialog.visual_style
                    )
                )
                for one in (
                    DimmedScreen(editor.screen, tint),
                    BackgroundScreen(editor.screen, tint),
                )
            )
            assert len({style for row in drawn for _, style in row}) > 20
            assert drawn == expected
            await editor.press("escape")
