"""Keys of daily work: numbers of points, clearing, resetting, hiding, what a run lacks."""

from __future__ import annotations

import numpy as np
from textual import events

from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.dialogs.help import HelpDialog
from tui_draggan.tui.pointer import PointId
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.points_panel import PointsPanel


async def three_points(editor: EditorPilot) -> None:
    for x in (8, 24, 40):
        await editor.press("g")
        await editor.type(f"{x},20:{x},12")
    assert [pair.id for pair in editor.session.document.pairs] == [1, 2, 3]


async def test_numbers_stay_with_their_points_and_digits_select_them() -> None:
    async with editing() as editor:
        await three_points(editor)
        await editor.press("1", "x")
        panel = editor.screen.query_one(PointsPanel)
        assert [line.strip("▸ ")[0] for line in panel.text.splitlines()[1:]] == ["2", "3"]
        await editor.press("3")
        assert editor.pointer.selected == PointId(3, "handle")
        assert editor.pointer.cursor == (40, 20)
        await editor.press("3")
        assert editor.pointer.selected == PointId(3, "target")
        assert editor.pointer.cursor == (40, 12)
        await editor.press("1")
        assert editor.pointer.selected == PointId(3, "target"), "there is no point 1 any more"
        await editor.press("g")
        await editor.type("50,50:50,40")
        assert [pair.id for pair in editor.session.document.pairs] == [2, 3, 1], "the free number"
        await editor.press("u", "u")
        assert [pair.id for pair in editor.session.document.pairs] == [1, 2, 3]


async def test_a_number_that_a_step_of_the_run_knows_is_not_given_to_another_point() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        await editor.press("1", "x", "L", "L", "enter", "K", "enter")
        assert [pair.id for pair in editor.session.document.pairs] == [2]
        start = editor.session.document.pairs[0].handle
        await editor.press("comma")
        assert editor.session.document.pairs[0].handle == start, "the run never moved it"


async def test_space_and_s_without_points_say_what_is_missing() -> None:
    async with editing() as editor:
        for key in ("space", "s"):
            await editor.press("right")
            assert "no points yet" not in editor.words
            await editor.press(key)
            assert "no points yet: Enter sets a handle" in editor.words
        await editor.press("enter", "space")
        assert "now its target" in editor.words and not editor.running


async def test_all_points_are_cleared_as_one_change() -> None:
    async with editing() as editor:
        await three_points(editor)
        await editor.press("X")
        assert editor.pairs == []
        await editor.press("u")
        assert len(editor.pairs) == 3


async def test_the_picture_returns_to_what_it_was_and_the_points_stay() -> None:
    async with editing() as editor:
        start = editor.session.document.latent
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        edited = editor.session.document.latent
        await editor.press("R")
        await editor.until(lambda: editor.session.document.latent is start, "the start")
        assert editor.pairs == [((32, 32), (32, 24))]
        await editor.press("u")
        assert editor.session.document.latent is edited


async def test_markers_are_hidden_and_shown_again() -> None:
    async with editing() as editor:
        panel = editor.screen.query_one(PicturePanel)
        await editor.press("enter", "K", "enter")
        marked = panel._dots.copy()
        await editor.press("v")
        bare = panel._dots.copy()
        assert (bare != marked).any()
        left, top, (height, width) = panel.view.left, panel.view.top, panel.view.drawn
        scene = panel._scene
        assert scene is not None
        np.testing.assert_array_equal(
            bare[top : top + height, left : left + width], panel._fit(scene, panel.view)
        )
        await editor.press("v")
        np.testing.assert_array_equal(panel._dots, marked)


def wheel_up(panel: PointsPanel) -> events.MouseScrollUp:
    return events.MouseScrollUp(panel, 4, 3, 0, -1, 0, False, False, False)


async def test_five_points_scroll_under_a_fixed_header() -> None:
    async with editing(size=(80, 24)) as editor:
        await three_points(editor)
        for x in (48, 56):
            await editor.press("g")
            await editor.type(f"{x},20:{x},12")
        panel = editor.screen.query_one(PointsPanel)

        def seen() -> list[str]:
            header, *lines = panel.text.splitlines()
            assert header.startswith(" #   handle   target")
            return [line.strip("▸ ")[0] for line in lines]

        await editor.press("1")
        assert seen() == ["1", "2", "3", "4"] and "1–4 of 5" in panel.text
        await editor.press("5")
        assert seen() == ["2", "3", "4", "5"], "what is selected is seen"
        await editor.press("2")
        assert seen() == ["2", "3", "4", "5"], "and nothing scrolls that is seen"
        panel.post_message(wheel_up(panel))
        await editor.until(lambda: seen()[0] == "1", "the wheel")
        assert seen() == ["1", "2", "3", "4"]
        await editor.pilot.click(panel, offset=(4, 3))
        assert editor.pointer.selected == PointId(3, "handle")
        await editor.pilot.click(panel, offset=(15, 2))
        assert editor.pointer.selected == PointId(2, "target")


async def test_f1_helps_and_the_help_scrolls_with_j_k_and_space() -> None:
    async with editing(size=(80, 24)) as editor:
        await editor.press("f1")
        await editor.until(lambda: isinstance(editor.app.screen, HelpDialog), "the help")
        box = editor.app.screen.query_one("#box")
        for key, down in (("j", True), ("space", True), ("k", False), ("b", False)):
            before = box.scroll_y
            await editor.press(key)
            await editor.until(
                lambda before=before, down=down: (
                    (box.scroll_y > before) is down  # type: ignore[misc]
                    and box.scroll_y != before
                ),
                key,
            )
        await editor.press("f1")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
