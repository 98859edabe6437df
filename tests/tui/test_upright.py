"""The editor with a picture that is twice as high as wide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.edit.progress import Outcome
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import UprightEngine
from tui_draggan.tui.comparing import Look
from tui_draggan.tui.widgets.picture_panel import PicturePanel

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("size", "panel", "drawn"),
    [
        ((100, 30), (27, 27), (54, 27)),
        ((60, 20), (24, 17), (34, 17)),
        ((80, 24), (24, 21), (42, 21)),
        ((140, 45), (39, 39), (78, 39)),
        ((50, 60), (50, 44), (88, 44)),
    ],
)
async def test_the_panel_is_as_wide_as_the_picture_and_the_rest_is_the_panels(
    size: tuple[int, int], panel: tuple[int, int], drawn: tuple[int, int]
) -> None:
    async with editing(UprightEngine(), size) as editor:
        picture = editor.screen.query_one(PicturePanel)
        assert (picture.size, picture.view.drawn) == (panel, drawn)
        assert picture.view.window == (0, 0, 32, 64)


async def test_points_at_the_corners_by_keys_and_mouse_and_a_drag_to_its_end() -> None:
    async with editing(UprightEngine()) as editor:
        assert editor.pointer.cursor == (16, 32)
        await editor.press(*["L"] * 4, *["J"] * 8)
        assert editor.pointer.cursor == (31, 63), "the crosshair stops at the borders"
        await editor.press("enter", *["H"] * 8, *["K"] * 8, "enter")
        assert editor.pairs == [((31, 63), (0, 0))]
        await editor.press("tab", "x")
        await editor.drag((1, 62), (30, 2))
        ((handle, target),) = editor.pairs
        assert abs(handle[0] - 1) <= 1 and abs(handle[1] - 62) <= 2
        assert abs(target[0] - 30) <= 1 and abs(target[1] - 2) <= 2
        await editor.press("space")
        await editor.rest()
        # So far from corner to corner that the spot leaves the model; it arrives all the same.
        assert editor.session.status.outcome in (Outcome.REACHED, Outcome.LOST)
        await editor.press("escape", "g")
        await editor.type("31,63")
        assert editor.pointer.cursor == (31, 63)


async def test_what_is_transparent_shows_the_checker_before_after_and_between() -> None:
    async with editing(UprightEngine()) as editor:
        before = editor.session.picture
        assert before is not None and before.shape == (64, 32, 4)
        await editor.drag((1, 62), (30, 2))
        await editor.press("space")
        await editor.rest()
        await editor.until(
            lambda: editor.screen.parts.editor.snapshot.picture is not before, "the end"
        )
        after = editor.screen.parts.editor.snapshot.picture
        assert after is not None
        comparison, size = editor.screen.comparison, editor.session.info.size
        looks = {}
        for _ in Look:
            looks[comparison.look] = comparison.shown(after, size, 16)
            await editor.press("b")
        seen = {look: over_checker(image) for look, image in looks.items() if image is not None}
        np.testing.assert_array_equal(seen[Look.BEFORE], over_checker(before))
        np.testing.assert_array_equal(seen[Look.AFTER], over_checker(after))
        np.testing.assert_array_equal(seen[Look.SPLIT][:, :16], over_checker(before)[:, :16])
        assert seen[Look.DIFFERENCE].max() > 100, "the spot has moved"
        assert np.median(seen[Look.DIFFERENCE]) == 0, "what is transparent in both agrees"


async def test_a_mask_of_its_shape(tmp_path: Path) -> None:
    values = np.zeros((64, 32), np.uint8)
    values[:16] = 255
    Image.fromarray(values).save(tmp_path / "mask.png")
    async with editing(UprightEngine()) as editor:
        editor.screen.parts.editor.load_mask(tmp_path / "mask.png")
        mask = editor.session.document.mask
        assert mask is not None and mask.shape == (64, 32) and mask[:16].all()
        assert editor.screen.parts.editor.notice == "mask: 25 % of the picture may change"
