"""Painting the mask by keys and mouse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input

from tui_draggan.edit.mask import load_mask
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import INFO
from tui_draggan.tui.masking import Tool
from tui_draggan.tui.widgets.picture_panel import PicturePanel

pytestmark = pytest.mark.slow


def mask(editor: EditorPilot) -> np.ndarray:
    found = editor.session.document.mask
    return np.ones(INFO.size, bool) if found is None else found


def disc(x: int, y: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[: INFO.size.height, : INFO.size.width]
    return np.asarray(np.hypot(columns - x, rows - y) <= radius)


async def test_a_stroke_by_keys_is_one_change() -> None:
    async with editing() as editor:
        await editor.press("m")
        radius = editor.screen.parts.masking.radius
        assert "paints what may change · all may change · the rest is held" in editor.words
        await editor.press("enter", "right", "right", "right", "enter")
        expected = disc(32, 32, radius) | disc(33, 32, radius) | disc(35, 32, radius)
        assert (
            mask(editor)[expected].all() and not mask(editor)[disc(33, 32, radius + 3) ^ True].any()
        )
        await editor.press("up", "enter", "enter")
        assert mask(editor)[31 - int(radius), 35]
        await editor.press("u")
        assert not mask(editor)[31 - int(radius), 35] and mask(editor)[32, 35]
        await editor.press("u")
        assert editor.session.document.mask is None
        assert editor.pairs == []


async def test_the_part_under_the_crosshair_is_proposed() -> None:
    async with editing() as editor:
        await editor.press("m", "a")
        await editor.until(lambda: editor.session.document.mask is not None)
        assert mask(editor)[32, 32] and not mask(editor).all()
        await editor.press("u")
        assert editor.session.document.mask is None


async def test_the_rest_is_held_or_asked_for() -> None:
    async with editing() as editor:
        await editor.press("m", "enter", "enter")
        assert "· the rest is held" in editor.words
        await editor.press("v")
        assert "mask mode loss" in editor.words
        await editor.press("up")
        assert "may change · λ 20" in editor.words
        assert editor.session.document.parameters.mask_mode == "loss"
        await editor.press("u")
        assert editor.session.document.parameters.mask_mode == "hold"


async def test_the_stroke_is_seen_while_it_is_drawn_and_escape_gives_it_up() -> None:
    async with editing() as editor:
        await editor.press("m", "enter", "right")
        shown = editor.screen.parts.masking.mask
        assert shown is not None and shown[32, 33] and not shown[0, 0]
        assert editor.session.document.mask is None
        await editor.press("escape")
        assert editor.screen.parts.masking.mask is None and editor.screen.parts.masking.is_open
        await editor.press("escape", "enter")
        assert editor.pointer.pending == (33, 32), "Enter sets a handle again"


async def test_what_stays_is_painted_too() -> None:
    async with editing() as editor:
        await editor.press("m", "f", "enter", "enter")
        radius = editor.screen.parts.masking.radius
        np.testing.assert_array_equal(mask(editor), ~disc(32, 32, radius))
        await editor.press("i")
        np.testing.assert_array_equal(mask(editor), disc(32, 32, radius))
        await editor.press("greater_than_sign")
        assert mask(editor).sum() > disc(32, 32, radius).sum()
        await editor.press("less_than_sign")
        np.testing.assert_array_equal(mask(editor) | disc(32, 32, radius), mask(editor))
        await editor.press("X")
        assert editor.session.document.mask is None


async def test_the_brush_has_sizes_by_key_and_wheel() -> None:
    async with editing() as editor:
        await editor.press("m")
        before = editor.screen.parts.masking.radius
        await editor.press("right_square_bracket")
        larger = editor.screen.parts.masking.radius
        assert larger > before
        panel = editor.screen.query_one(PicturePanel)
        editor.screen.parts.masking.resize(-50)
        assert editor.screen.parts.masking.radius == 0.5
        editor.screen.parts.masking.resize(50)
        assert editor.screen.parts.masking.radius == INFO.size.shorter / 4
        assert panel.view.zoom == 1
        await editor.press("escape", "m", "left_square_bracket")
        assert editor.screen.parts.masking.radius < INFO.size.shorter / 4
        step = editor.session.document.parameters.learning_rate
        await editor.press("left_square_bracket")
        assert editor.session.document.parameters.learning_rate == step, "it is the brush's key"


async def test_rectangle_and_polygon() -> None:
    async with editing() as editor:
        await editor.press("m", "t")
        assert editor.screen.parts.masking.tool is Tool.RECTANGLE
        await editor.press("enter", "L", "J", "enter")
        expected = np.zeros(INFO.size, bool)
        expected[32:41, 32:41] = True
        np.testing.assert_array_equal(mask(editor), expected)
        await editor.press("u", "t")
        for corner in ((10, 10), (40, 10), (10, 40), (10, 40)):
            editor.screen.parts.editor.go_to(corner)
            await editor.press("enter")
        rows, columns = np.mgrid[: INFO.size.height, : INFO.size.width]
        triangle = (rows >= 10) & (columns >= 10) & (rows + columns <= 50)
        np.testing.assert_array_equal(mask(editor), triangle)


async def test_a_flood_takes_the_spot() -> None:
    async with editing() as editor:
        await editor.until(lambda: editor.session.picture is not None, "the picture")
        picture = editor.session.picture
        assert picture is not None
        y, x = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
        editor.screen.parts.editor.go_to((int(x), int(y)))
        await editor.press("m", "w")
        assert mask(editor)[y, x] and 0 < mask(editor).mean() < 0.3


async def test_the_mouse_paints() -> None:
    async with editing() as editor:
        await editor.press("m")
        await editor.drag((10, 20), (30, 20))
        assert mask(editor)[20, 10:31].all() and not mask(editor)[50].any()
        assert editor.pairs == []


async def test_an_empty_mask_is_refused() -> None:
    async with editing() as editor:
        await editor.press("m", "f", "t")
        editor.screen.parts.editor.go_to((0, 0))
        await editor.press("enter")
        editor.screen.parts.editor.go_to((63, 63))
        await editor.press("enter")
        assert editor.session.document.mask is None
        assert any("the mask allows no change anywhere" in note for note in editor.notes)


async def test_a_drag_keeps_its_keys_while_the_mask_is_open() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "m", "enter", "enter", "space")
        await editor.rest()
        assert editor.session.status.outcome is not None


@pytest.mark.parametrize("radius", [3, 9])
async def test_a_painted_mask_goes_to_a_file_and_comes_back(tmp_path: Path, radius: int) -> None:
    async with editing() as editor:
        await editor.press("m")
        editor.screen.parts.masking.radius = radius
        await editor.press("enter", "enter")
        await editor.screen.parts.saving.save_mask()
        await editor.pilot.pause()
        editor.app.screen.query_one(Input).value = str(tmp_path / "mask.png")
        await editor.press("enter")
        await editor.pilot.pause()
        painted = mask(editor)
        assert f"written: {tmp_path / 'mask.png'}" in editor.words
    np.testing.assert_array_equal(load_mask(tmp_path / "mask.png", INFO.size).mask, painted)
