"""Kitty and sixel in the editor: what is sent to the terminal."""

from __future__ import annotations

import re

import pytest
from textual.geometry import Offset, Region

from tui_draggan.testing.pilot import editing
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.terminal.replies import CellSize, Version
from tui_draggan.tui.widgets import pixel_surface
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.pixel_surface import PixelSurface


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes past the compositor."""
    found: list[str] = []
    monkeypatch.setattr(pixel_surface, "write_through", lambda app, data: found.append(data))
    return found


async def test_kitty_pictures_replace_one_another(sent: list[str]) -> None:
    async with editing(terminal=Terminal("kitty", window_cell=CellSize(10, 20))) as editor:
        await editor.until(lambda: sent, "the first picture")
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        panel = editor.screen.query_one(PicturePanel)
        await editor.until(lambda: "\U0010eeee" in panel.render_line(panel.size.height // 2).text)
        shown, deleted = list[str](), list[str]()

        def are_freed() -> bool:
            shown[:] = re.findall(r"a=T.*?i=(\d+)", "".join(sent))
            deleted[:] = re.findall(r"d=I,q=2,i=(\d+)", "".join(sent))
            return len(shown) - len(deleted) <= 2

        await editor.until(are_freed, lambda: f"{len(shown)} shown, {len(deleted)} deleted")
        assert len(shown) > 2
        assert shown[: len(deleted)] == deleted, "each is freed when the next is there"


async def test_sixels_are_drawn_at_the_panel_and_not_over_dialogs(sent: list[str]) -> None:
    async with editing(terminal=Terminal("sixel", window_cell=CellSize(6, 12))) as editor:
        await editor.until(lambda: sent, "the first picture")
        count = len(sent)
        await editor.press("left")
        await editor.until(lambda: len(sent) > count, "the crosshair's move")
        region = editor.screen.query_one(PicturePanel).region
        assert sent[-1].startswith(f"\x1b7\x1b[{region.y + 1};{region.x + 1}H\x1bP")
        await editor.press("question_mark")
        await editor.pilot.pause(0.2)
        count = len(sent)
        panel = editor.screen.query_one(PicturePanel)
        surface = panel.surface
        assert isinstance(surface, PixelSurface)
        surface.draw()
        assert len(sent) == count
        lines = [panel.render_lines(Region(0, y, panel.size.width, 1))[0].text for y in range(20)]
        assert sum(line.count("▀") for line in lines) > 50, "half blocks behind the dialog"
        await editor.press("escape")
        await editor.until(lambda: len(sent) > count, "the picture after the dialog")


async def test_pictures_are_placed_where_kitty_has_no_placeholders(sent: list[str]) -> None:
    old = Terminal("kitty", window_cell=CellSize(10, 20), version=Version("kitty", (0, 26, 5)))
    async with editing(terminal=old) as editor:
        await editor.until(lambda: any("a=p" in one for one in sent), "the first picture")
        panel = editor.screen.query_one(PicturePanel)
        assert "\U0010eeee" not in panel.render_line(panel.size.height // 2).text
        assert "U=1" not in "".join(sent)
        await editor.press("left")
        await editor.until(lambda: "d=I" in "".join(sent), "the one before to be freed")
        await editor.press("question_mark")
        await editor.until(
            lambda: _last(sent, "a=p", "a=d,d=i").startswith("\x1b_Ga=d"), "no picture"
        )
        await editor.press("escape")
        await editor.until(lambda: "a=p" in _last(sent, "a=p", "a=d,d=i"), "the picture again")
        place = panel.content_region.offset + Offset(panel.view.left, panel.view.top // 2)
        shown = _last(sent, "a=p")
        assert shown.startswith(f"\x1b7\x1b[{place.y + 1};{place.x + 1}H\x1b_Ga=p")


def _last(sent: list[str], *kinds: str) -> str:
    """The newest message of those kinds."""
    return next(one for one in reversed(sent) if any(kind in one for kind in kinds))


async def test_in_tmux_kittys_messages_go_to_the_terminal_outside(
    sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    async with editing(terminal=Terminal("kitty", window_cell=CellSize(10, 20))) as editor:
        await editor.until(lambda: sent, "the first picture")
    assert all(re.fullmatch(r"(\x1bPtmux;(\x1b\x1b|[^\x1b])*\x1b\\)+", one) for one in sent)
    assert "\x1b\x1b_Ga=T,U=1" in sent[0]
