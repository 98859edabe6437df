"""Before and after, on the spot."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.arrays import averaged
from tui_draggan.pictures.compare import difference, split
from tui_draggan.size import Size
from tui_draggan.testing.pilot import editing
from tui_draggan.tui.comparing import Look


def test_split_and_difference() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 256, (2, 6, 8, 3)).astype(np.uint8)
    joined = split(before, after, 3)
    np.testing.assert_array_equal(joined[:, :3], before[:, :3])
    np.testing.assert_array_equal(joined[:, 3:], after[:, 3:])
    np.testing.assert_array_equal(split(before, after, 0), after)
    np.testing.assert_array_equal(split(before, after, 8), before)
    assert not difference(before, before).any()
    one = before.copy()
    one[2, 3, 1] ^= 4
    changed = np.argwhere(difference(before, one))
    np.testing.assert_array_equal(changed, [[2, 3, 1]])
    assert difference(before, one)[2, 3, 1] == 16


@pytest.mark.slow
async def test_b_walks_through_before_both_difference_and_back() -> None:
    async with editing() as editor:
        await editor.until(lambda: editor.screen.comparison.possible, "a picture")
        before = editor.session.picture
        assert before is not None
        await editor.press("enter", "L", "enter", "space")
        await editor.rest()
        await editor.until(
            lambda: editor.screen.parts.editor.snapshot.picture is not before, "the end"
        )
        comparison, size = editor.screen.comparison, editor.session.info.size
        after = editor.screen.parts.editor.snapshot.picture
        assert after is not None and (after != before).any()

        def shown(column: int = 32) -> np.ndarray:
            picture = comparison.shown(after, size, column)
            assert picture is not None
            return picture

        assert shown() is after
        await editor.press("b")
        assert comparison.look is Look.BEFORE and "before" in str(editor.frame_title)
        np.testing.assert_array_equal(shown(), before)
        await editor.press("b")
        np.testing.assert_array_equal(shown(10)[:, :10], before[:, :10])
        np.testing.assert_array_equal(shown(10)[:, 11:], after[:, 11:])
        await editor.press("b")
        assert shown()[0, 0].max() == 0 and shown().any()
        await editor.press("b")
        assert shown() is after and editor.frame_title == "picture"


def test_a_smaller_step_is_compared_at_its_size() -> None:
    from tui_draggan.tui.comparing import Comparison

    comparison = Comparison()
    comparison._before = np.zeros((64, 64, 3), np.uint8)
    comparison.look = Look.SPLIT
    small = np.full((32, 32, 3), 9, np.uint8)
    shown = comparison.shown(small, Size(64, 64), 31)
    assert shown is not None and shown.shape == small.shape
    assert not shown[:, :16].any() and (shown[:, 16:] == 9).all()
    assert averaged(small, Size(32, 32)) is small
