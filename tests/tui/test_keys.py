"""The grammar of the keys."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.command import CommandPalette

from tui_draggan.edit.document import State
from tui_draggan.edit.progress import Outcome
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import PARAMETERS, SpotEngine
from tui_draggan.tui.app import EditorApp
from tui_draggan.tui.dialogs.dialog import ConfirmDialog
from tui_draggan.tui.dialogs.help import HelpDialog
from tui_draggan.tui.keys.context import KeyContext
from tui_draggan.tui.keys.table import KEY_BY_ID, KEYS
from tui_draggan.tui.palette import matched, offers


async def test_the_crosshair_moves_by_image_pixels_and_stops_at_the_edge() -> None:
    async with editing() as editor:
        assert editor.pointer.cursor == (32, 32)
        await editor.press("left", "up", "up", "l", "j")
        assert editor.pointer.cursor == (32, 31)
        await editor.press("shift+right", "K", "H", "shift+down", "J")
        assert editor.pointer.cursor == (32, 39)
        await editor.press(*["L"] * 9)
        assert editor.pointer.cursor == (63, 39)
        assert "63,39" in editor.words


async def test_a_pair_by_keys_is_dragged_until_it_is_reached() -> None:
    async with editing() as editor:
        assert "Enter for a handle" in editor.words
        await editor.press("up", "up", "enter")
        assert editor.pointer.pending == (32, 30)
        assert "target" in editor.words
        await editor.press("K", "enter")
        assert editor.pairs == [((32, 30), (32, 22))]
        await editor.press("space")
        await editor.rest()
        assert editor.session.status.outcome is Outcome.REACHED
        assert "reached" in editor.words and "Enter for a handle" not in editor.words


async def test_escape_takes_the_half_made_pair_back() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "escape")
        assert editor.pointer.pending is None and editor.pairs == []
        await editor.press("enter", "L", "enter")
        assert editor.pairs == [((32, 24), (40, 24))], "Enter begins anew where the crosshair is"


async def test_tab_walks_the_points_enter_picks_up_and_x_deletes() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "L", "enter", "L", "enter")
        assert editor.pairs == [((32, 32), (32, 24)), ((40, 24), (48, 24))]
        await editor.press("tab")
        assert editor.pointer.cursor == (32, 32), "the crosshair jumps there"
        await editor.press("tab", "tab", "shift+tab")
        assert editor.pointer.cursor == (32, 24)
        await editor.press("enter", "h", "enter")
        assert editor.pairs[0] == ((32, 32), (31, 24))
        await editor.press("tab", "enter", "J", "escape")
        assert editor.pointer.cursor == (40, 24), "Escape leaves the point where it was"
        await editor.press("x")
        assert editor.pairs == [((32, 32), (31, 24))]
        await editor.press("x")
        assert len(editor.pairs) == 1, "nothing is selected any more"


@pytest.mark.slow
async def test_g_types_coordinates() -> None:
    async with editing() as editor:
        await editor.press("g")
        await editor.type("10,20:10,12")
        assert editor.pairs == [((10, 20), (10, 12))]
        await editor.press("j", "g")
        await editor.type("5,6")
        assert editor.pointer.cursor == (5, 6)
        await editor.press("tab", "g")
        await editor.type("11,21")
        assert editor.pairs == [((11, 21), (10, 12))], "with a point selected it is that point"
        await editor.press("g")
        await editor.type("99,3")
        assert "outside" in str(editor.app.screen.query_one(".problem").render())
        await editor.press("escape")
        assert editor.app.screen is editor.screen


async def test_space_pauses_and_goes_on_s_steps_c_stops() -> None:
    async with editing(
        SpotEngine(delay=0.05), params=PARAMETERS.with_values(learning_rate=0.001)
    ) as editor:
        await editor.press("g")
        await editor.type("32,60:32,2")
        await editor.press("space")
        await editor.until(lambda: len(editor.session.frames) > 3)
        await editor.press("space")
        assert editor.state is State.PAUSED
        await editor.rest()
        done = len(editor.session.frames)
        await editor.press("s")
        await editor.until(lambda: len(editor.session.frames) == done + 1, "one step")
        await editor.until(lambda: editor.state is State.PAUSED)
        await editor.rest()
        await editor.press("space")
        assert editor.running
        await editor.press("c")
        assert editor.session.status.outcome is Outcome.STOPPED


async def test_undo_redo_walk_through_points_and_runs() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        end = editor.session.document.latent
        await editor.press("u")
        assert editor.pairs == [((32, 32), (32, 24))] and "undone: drag" in editor.words
        await editor.press("u")
        assert editor.pairs == []
        await editor.press("u")
        assert "nothing to undo" in editor.words
        await editor.press("ctrl+r", "ctrl+r")
        assert editor.session.document.latent is end


async def test_scrubbing_walks_the_frames() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "K", "enter", "space")
        await editor.rest()
        frames = editor.session.frames
        await editor.press("comma", "comma")
        assert editor.session.document.latent.ws is frames[-3].ws
        await editor.press("full_stop")
        assert editor.session.document.latent.ws is frames[-2].ws
        assert f"step {len(frames) - 2} of {len(frames) - 1}" in editor.words
        await editor.press(*["comma"] * (len(frames) + 3))
        assert editor.session.document.latent.ws is frames[0].ws


async def test_seeds_and_step_size() -> None:
    async with editing() as editor:
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 4, "seed 4")
        await editor.press("p")
        await editor.until(lambda: editor.origin.seed == 3, "seed 3")
        await editor.press("p", "p")
        await editor.until(lambda: editor.origin.seed == 1, "both are counted")
        await editor.press("right_square_bracket")
        assert editor.session.document.parameters.learning_rate == 0.004
        await editor.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert editor.session.document.parameters.learning_rate == 0.0005


@pytest.mark.slow
async def test_q_asks_only_where_an_edit_would_stay_behind() -> None:
    async with editing() as editor:
        await editor.press("q")
        await editor.pilot.pause()
        assert editor.app.return_code == 0
    async with editing() as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        await editor.press("q")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.press("n")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        assert editor.app.return_code is None
        await editor.press("q")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.press("enter")
        await editor.until(lambda: editor.app.return_code == 0, "the end")


async def test_every_key_has_a_description_a_tooltip_and_an_id_and_is_in_the_help() -> None:
    bindings = [
        *(key.binding for key in KEYS),
        *(b for b in EditorApp.BINDINGS if isinstance(b, Binding)),
    ]
    assert all(binding.description and binding.tooltip and binding.id for binding in bindings)
    assert len({binding.id for binding in bindings}) == len(bindings)
    async with editing(size=(100, 60)) as editor:
        await editor.press("question_mark")
        await editor.pilot.pause()
        dialog = editor.app.screen
        assert isinstance(dialog, HelpDialog)
        table = dialog.table()
        keys = [str(cell) for cell in table.columns[0].cells]
        words = [str(cell) for cell in table.columns[1].cells]
        for key in (key for key in KEYS if key.listed):
            assert f"  {' '.join(key.names)}" in keys and key.help in words
        await editor.press("escape")
        assert editor.app.screen is editor.screen


async def test_the_footer_shows_the_keys_of_the_moment() -> None:
    async with editing(size=(160, 50)) as editor:

        def shown() -> set[str]:
            return {
                b.binding.description for b in editor.screen.active_bindings.values() if b.enabled
            }

        assert "handle" in shown() and not {"run", "delete", "pause", "scrub"} & shown()
        await editor.press("enter")
        await editor.pilot.pause()
        assert {"target", "cancel"} <= shown() and "handle" not in shown()
        await editor.press("K", "enter")
        await editor.pilot.pause()
        assert {"run", "handle"} <= shown() and "delete" not in shown()
        await editor.press("tab")
        await editor.pilot.pause()
        assert {"run", "pick up", "delete"} <= shown()


@pytest.mark.slow
async def test_the_palette_offers_what_makes_sense_now() -> None:
    async with editing(save_session=lambda *_: "") as editor:

        def titles() -> list[str]:
            return [offer.title for offer in offers(editor.screen)]

        assert "Open a seed by its number" in titles()
        assert "Save the session" in titles() and "Clear the mask" not in titles()
        run = KEY_BY_ID["run"].help
        assert run not in titles()
        await editor.press("enter", "K", "enter")
        assert run in titles()
        await editor.press("ctrl+p")
        await editor.pilot.pause()
        assert isinstance(editor.app.screen, CommandPalette)
        await editor.press(*"step size")
        await editor.pilot.pause(0.3)
        await editor.press("escape", "escape")


async def test_the_palette_finds_words_and_no_scattered_letters() -> None:
    async with editing() as editor:

        def found(query: str) -> list[str]:
            return [offer.title for offer in offers(editor.screen) if matched(query, offer)]

        assert len(found("param")) > 5
        assert all(title.startswith(("Set", "Show all param")) for title in found("param"))
        assert found("anchor") == ["Set anchor α (now 0)"]
        assert "Open a random seed" in found("seed random") and not found("seed xyz")


@pytest.mark.slow
async def test_a_parameter_from_the_palette() -> None:
    async with editing() as editor:
        await editor.screen.perform(lambda screen: screen.parts.prompts.parameter("steps"))
        await editor.pilot.pause()
        await editor.type("zero")
        assert "not a number" in str(editor.app.screen.query_one(".problem").render())
        await editor.press(*["backspace"] * 4)
        await editor.type("0")
        assert "expected 1" in str(editor.app.screen.query_one(".problem").render())
        await editor.press("backspace")
        await editor.type("17")
        assert editor.session.document.parameters.steps == 17


def test_nothing_but_help_and_the_end_before_there_is_a_session() -> None:
    early = {key.id for key in KEYS if key.allowed(KeyContext())}
    assert early == {"help", "commands", "quit"}
