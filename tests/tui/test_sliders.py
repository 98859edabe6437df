"""The sliders by keys, on the spot: its first two numbers are its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.directions.direction import Direction
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.progress import Outcome
from tui_draggan.errors import UsageError
from tui_draggan.input_transform import InputTransform
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import SpotEngine
from tui_draggan.tui.keys.table import KEY_BY_ID
from tui_draggan.tui.sliders import SliderRow
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.sliders_panel import SlidersPanel, bar

pytestmark = pytest.mark.slow

RIGHT = Direction("to the right", np.array([[0.1, 0, 0, 0]], np.float32))
HERS = Direction("of class 1", np.array([[0, 0.1, 0, 0]], np.float32), label=1)


async def opened(editor: EditorPilot) -> None:
    """The sliders are open and the engine has told what there is."""
    await editor.press("d")
    await editor.until(lambda: len(editor.screen.parts.sliders.directions) > 1, "the directions")
    await editor.pilot.pause()


def value(editor: EditorPilot, name: str = "to the right") -> float:
    slider = editor.session.document.sliders.of(name)
    return 0.0 if slider is None else slider.value


def panel(editor: EditorPilot) -> str:
    return editor.screen.query_one(SlidersPanel).text


async def test_arrows_move_the_chosen_slider_and_the_picture() -> None:
    async with editing(directions=lambda: [RIGHT, HERS]) as editor:
        before = editor.session.document.latent
        await opened(editor)
        assert editor.screen.parts.sliders.chosen_name == "to the right"
        await editor.until(lambda: "component 1" in panel(editor), "the model's own directions")
        assert "of class 1" not in panel(editor)
        await editor.press("right", "l", "shift+right", "left")
        assert value(editor) == pytest.approx(1.1)
        assert editor.pointer.cursor == (32, 32), "the crosshair stays"
        assert "▸to the right" in panel(editor) and "+1.1 σ" in panel(editor)
        assert "to the right +1.1 σ · rows all" in editor.words
        added = editor.session.document.latent.ws - before.ws
        np.testing.assert_allclose(added, np.tile([0.11, 0, 0, 0], (10, 1)), atol=1e-6)
        await editor.press("0")
        assert editor.session.document.latent is before
        await editor.press("u")
        assert "undone: reset of to the right" in editor.words and value(editor) == 1.1
        await editor.press("u")
        assert "undone: slider to the right" in editor.words
        assert editor.session.document.latent is before


async def test_down_and_up_choose_and_d_and_escape_close() -> None:
    async with editing(directions=lambda: [RIGHT]) as editor:
        await opened(editor)
        assert not editor.screen.query_one(LossLog).display
        await editor.press("down", "right", "k")
        assert value(editor, "component 1") == pytest.approx(0.1) and value(editor) == 0
        await editor.press("up")
        assert editor.screen.parts.sliders.chosen_name == "component 4", "round the end"
        await editor.press("escape")
        assert editor.screen.query_one(LossLog).display
        await editor.press("right")
        assert editor.pointer.cursor == (33, 32), "the arrows are the crosshair's again"
        assert value(editor, "component 4") == 0
        await editor.press("d", "d", "left")
        assert editor.pointer.cursor == (32, 32)


async def test_values_and_rows_are_typed() -> None:
    async with editing(directions=lambda: [RIGHT]) as editor:
        await opened(editor)
        await editor.press("enter")
        await editor.pilot.press("ctrl+u")
        await editor.pilot.press(*"-2", "full_stop", *"5", "space", *"3-5", "enter")
        await editor.pilot.pause()
        slider = editor.session.document.sliders.of("to the right")
        assert slider is not None and (slider.value, slider.rows) == (-2.5, (3, 5))
        assert "rows 3–5" in editor.words
        await editor.press("r")
        assert "rows all" in editor.words
        await editor.press("r", "r")
        assert "rows colour" in editor.words
        assert value(editor) == -2.5


async def test_compare_switches_them_off_and_on() -> None:
    async with editing(directions=lambda: [RIGHT]) as editor:
        await opened(editor)
        before = editor.session.document.latent.ws
        await editor.press("shift+right")
        await editor.press("b")
        assert editor.session.document.latent.ws is before and "all off" in editor.words
        await editor.press("b")
        assert value(editor) == 1 and editor.session.document.latent.ws is not before
        await editor.press("R")
        assert not editor.session.document.sliders.settings
        assert editor.session.document.latent.ws is before


async def test_a_direction_gets_a_name_and_its_slider_keeps_its_value() -> None:
    kept: list[Direction] = []

    def keep(one: Direction, name: str) -> Direction:
        kept.append(replace(one, name=name))
        return kept[-1]

    async with editing(directions=lambda: kept, name_direction=keep) as editor:
        await opened(editor)
        await editor.press("shift+right", "N")
        await editor.pilot.press("ctrl+u")
        await editor.type("sideways")
        assert [one.name for one in kept] == ["sideways"]
        assert value(editor, "sideways") == 1 and value(editor, "component 1") == 0
        assert "sideways" in panel(editor) and "component 1 " not in panel(editor)


async def test_what_cannot_be_read_is_said_and_the_models_own_are_there() -> None:
    def broken() -> list[Direction]:
        raise UsageError("spot.npz is not a file of directions, or it is damaged")

    async with editing(directions=broken) as editor:
        await opened(editor)
        assert any("spot.npz is not a file of directions" in note for note in editor.notes)
        assert "component 1" in panel(editor)


async def test_a_drag_from_the_moved_picture_runs_while_they_are_open() -> None:
    async with editing(directions=lambda: [RIGHT]) as editor:
        await editor.press("enter", "K", "enter")
        await opened(editor)
        await editor.press("shift+right", "space")
        await editor.rest()
        assert editor.session.status.outcome is not None
        assert value(editor) == 1


async def test_a_small_terminal_has_the_chosen_one_in_its_line() -> None:
    async with editing(size=(50, 12), directions=lambda: [RIGHT]) as editor:
        await opened(editor)
        await editor.press("right")
        assert "to the right +0.1 σ" in editor.words


def test_a_bar_shows_value_and_usual_ends() -> None:
    row = SliderRow("x", 1.5, "all", (-3.9, 2.0), True)
    assert bar(row, 13) == "──────┼──●┊──"
    assert bar(replace(row, value=9.0), 13) == "──────┼───┊─●"
    assert bar(replace(row, value=0.0), 13) == "──────●───┊──"


def test_keys_of_a_mode_do_not_double_those_outside() -> None:
    assert KEY_BY_ID["leave-sliders"].keys.split(",")[0] == KEY_BY_ID["sliders"].keys


async def test_a_picture_that_can_be_placed_is_in_pixels_and_degrees() -> None:
    engine = SpotEngine()
    affine = InputTransform.encoded(np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
    engine.info = replace(engine.info, input_affine=affine)
    async with editing(engine) as editor:
        before = editor.session.document.latent
        await opened(editor)
        assert editor.screen.parts.sliders.chosen_name == "shift x"
        await editor.press("right", "shift+right", "left", "left", "r")
        assert value(editor, "shift x") == 7, "8 px further, and 1 px back"
        assert "shift x +7.0 px" in editor.words and "rows" not in editor.words
        await editor.press("down", "down", "shift+left")
        assert value(editor, "turn") == -15 and "-15.0 °" in panel(editor)
        assert not (editor.session.document.latent.ws[1:] - before.ws[1:]).any()
        with pytest.raises(UsageError, match=r"expected −180 to 180$"):
            editor.screen.parts.sliders.check("10 shape")
        await editor.press("R")
        assert editor.session.document.latent is before


async def test_a_slider_towards_another_seed_moves_undoes_and_moves_by_itself() -> None:
    async with editing(size=(120, 36)) as editor:
        await opened(editor)
        start = editor.session.document.latent.ws
        end = latent_from_seed(SpotEngine(), 8, 0.7).ws
        await editor.press("t")
        await editor.type("8")
        await editor.until(
            lambda: editor.screen.parts.sliders.chosen_name == "to seed 8", "the slider"
        )
        await editor.press("L", "l")
        assert value(editor, "to seed 8") == 0.6
        np.testing.assert_allclose(
            editor.session.document.latent.ws, start + 0.6 * (end - start), atol=1e-6
        )
        await editor.until(lambda: "to seed 8" in panel(editor), "its row")
        assert " +0.6 ×" in panel(editor)
        await editor.press("a")
        await editor.rest()
        assert len(editor.session.frames) == 31 and "e exports it" in editor.words
        assert editor.session.status.outcome is Outcome.ANIMATED
        np.testing.assert_allclose(
            editor.session.frames[10].ws, start + 0.2 * (end - start), atol=1e-6
        )
        await editor.press("u", "u")
        np.testing.assert_array_equal(editor.session.document.latent.ws, start)


async def test_what_is_no_seed_is_no_picture_to_go_towards() -> None:
    async with editing() as editor:
        await opened(editor)
        await editor.press("t")
        await editor.type("-4")
        assert editor.app.screen is not editor.screen
        await editor.press("escape")
        assert not editor.session.document.sliders.settings
