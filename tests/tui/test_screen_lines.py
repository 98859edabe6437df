"""The lines below the picture, the axis of the plot, and questions where there is little room."""

from __future__ import annotations

import pytest

from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.dialogs.dialog import ConfirmDialog
from tui_draggan.tui.keys.bar import KeyBar
from tui_draggan.tui.widgets.loss_plot import LossPlot


def bar(editor: EditorPilot) -> str:
    return editor.screen.query_one(KeyBar).text


async def test_the_keys_start_with_the_rest_and_use_the_free_columns() -> None:
    async with editing(size=(160, 40), export=lambda *_: "") as editor:
        text = bar(editor)
        assert text.startswith(" ↵ handle  ") and text.endswith("  ? keys  : more")
        assert "n p seed" in text and "q quit" in text and "z zoom" in text
        assert "   " not in text, "two spaces between keys"
        assert len(text) <= 160
    async with editing(size=(60, 20), export=lambda *_: "") as editor:
        assert len(bar(editor)) <= 60 and bar(editor).endswith("? keys  : more")
        assert "q quit" not in bar(editor)


async def test_a_click_on_a_key_does_what_the_key_does() -> None:
    async with editing(size=(100, 30)) as editor:
        line = editor.screen.query_one(KeyBar)
        await editor.pilot.click(line, offset=(bar(editor).index("handle"), 0))
        assert editor.pointer.pending == (32, 32)
        await editor.pilot.click(line, offset=(bar(editor).index("cancel"), 0))
        assert editor.pointer.pending is None
        await editor.pilot.click(line, offset=(bar(editor).index("n p seed"), 0))
        await editor.until(lambda: editor.origin.seed == 4, "the next seed")
        await editor.pilot.click(line, offset=(bar(editor).index("n p seed") + 6, 0))
        await editor.until(lambda: editor.origin.seed == 3, "the one before")


async def test_the_plot_has_an_axis_and_a_click_goes_to_its_step() -> None:
    async with editing(size=(120, 40)) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        plot = editor.screen.query_one(LossPlot)
        frames = editor.session.frames
        last = frames[-1].iteration
        axis = plot.text.splitlines()[-1]
        assert axis.split() == ["0", str(last // 2), str(last)]
        place = axis.index("0")
        border = plot.content_region.x - plot.region.x, plot.content_region.y - plot.region.y
        await editor.pilot.click(plot, offset=(border[0] + place, border[1] + 1))
        await editor.until(lambda: editor.session.document.latent.ws is frames[0].ws, "step 0")
        end = border[0] + len(axis) - 1
        await editor.pilot.click(plot, offset=(end, border[1] + 1))
        await editor.until(lambda: editor.session.document.latent.ws is frames[-1].ws, "the last")


@pytest.mark.parametrize("size", [(30, 10), (40, 12), (60, 20)])
async def test_the_question_on_quit_shows_its_buttons(size: tuple[int, int]) -> None:
    async with editing(size=size, resume="tui-draggan --model critters --resume") as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        await editor.press("q")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.pilot.pause()
        for id in ("#yes", "#no"):
            region = editor.app.screen.query_one(id).region
            assert region.height == 1 and region.width >= 4
            assert region.bottom < size[1] and region.right < size[0], "inside the box"
