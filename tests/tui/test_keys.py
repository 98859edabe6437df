"""The grammar of the keys."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.edit.document import State
from tui_draggan.edit.progress import Outcome
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import PARAMETERS, SpotEngine
from tui_draggan.tui.app import EditorApp
from tui_draggan.tui.dialogs.dialog import ConfirmDialog
from tui_draggan.tui.dialogs.help import HelpDialog
from tui_draggan.tui.keys import KEY_BY_ID, KEYS, KeyContext
from tui_draggan.tui.palette import matched, offers


async def test_the_crosshair_moves_by_image_pixels_and_stops_at_the_edge():
    async with editing() as desk:
        assert desk.pointer.cursor == (32, 32)
        await desk.press("left", "up", "up", "l", "j")
        assert desk.pointer.cursor == (32, 31)
        await desk.press("shift+right", "K", "H", "shift+down", "J")
        assert desk.pointer.cursor == (32, 39)
        await desk.press(*["L"] * 9)
        assert desk.pointer.cursor == (63, 39)
        assert "63,39" in desk.words


async def test_a_pair_by_keys_is_dragged_until_it_is_reached():
    async with editing() as desk:
        assert "Enter for a handle" in desk.words
        await desk.press("up", "up", "enter")
        assert desk.pointer.pending == (32, 30)
        assert "target" in desk.words
        await desk.press("enter")
        assert desk.pairs == [], "a target on its handle would be no drag"
        await desk.press("K", "enter")
        assert desk.pairs == [((32, 30), (32, 22))]
        await desk.press("space")
        await desk.rest()
        assert desk.session.status.outcome is Outcome.REACHED
        assert "reached" in desk.words and "Enter for a handle" not in desk.words


async def test_escape_takes_the_half_made_pair_back():
    async with editing() as desk:
        await desk.press("enter", "K", "escape")
        assert desk.pointer.pending is None and desk.pairs == []
        await desk.press("enter", "L", "enter")
        assert desk.pairs == [((32, 24), (40, 24))], "Enter begins anew where the crosshair is"


async def test_tab_walks_the_points_enter_picks_up_and_x_deletes():
    async with editing() as desk:
        await desk.press("enter", "K", "enter", "L", "enter", "L", "enter")
        assert desk.pairs == [((32, 32), (32, 24)), ((40, 24), (48, 24))]
        await desk.press("tab")
        assert desk.pointer.cursor == (32, 32), "the crosshair jumps there"
        await desk.press("tab", "tab", "shift+tab")
        assert desk.pointer.cursor == (32, 24)
        await desk.press("enter", "h", "enter")
        assert desk.pairs[0] == ((32, 32), (31, 24))
        await desk.press("tab", "enter", "J", "escape")
        assert desk.pointer.cursor == (40, 24), "Escape leaves the point where it was"
        await desk.press("x")
        assert desk.pairs == [((32, 32), (31, 24))]
        await desk.press("x")
        assert len(desk.pairs) == 1, "nothing is selected any more"


async def test_g_types_coordinates():
    async with editing() as desk:
        await desk.press("g")
        await desk.type("10,20:10,12")
        assert desk.pairs == [((10, 20), (10, 12))]
        await desk.press("j", "g")
        await desk.type("5,6")
        assert desk.pointer.cursor == (5, 6)
        await desk.press("tab", "g")
        await desk.type("11,21")
        assert desk.pairs == [((11, 21), (10, 12))], "with a point selected it is that point"
        await desk.press("g")
        await desk.type("99,3")
        assert "outside" in str(desk.app.screen.query_one(".problem").render())
        await desk.press("escape")
        assert desk.app.screen is desk.screen


async def test_space_pauses_and_goes_on_s_steps_c_stops():
    async with editing(
        SpotEngine(delay=0.05), params=PARAMETERS.with_values(learning_rate=0.001)
    ) as desk:
        await desk.press("g")
        await desk.type("32,60:32,2")
        await desk.press("space")
        await desk.until(lambda: len(desk.session.frames) > 3)
        await desk.press("space")
        assert desk.state is State.PAUSED
        await desk.rest()
        done = len(desk.session.frames)
        await desk.press("s")
        await desk.until(lambda: len(desk.session.frames) == done + 1, "one step")
        await desk.until(lambda: desk.state is State.PAUSED)
        await desk.rest()
        await desk.press("space")
        assert desk.state is State.RUNNING
        await desk.press("c")
        assert desk.session.status.outcome is Outcome.STOPPED


async def test_undo_redo_walk_through_points_and_runs():
    async with editing() as desk:
        await desk.press("enter", "K", "enter", "space")
        await desk.rest()
        end = desk.session.document.latent
        await desk.press("u")
        assert desk.pairs == [((32, 32), (32, 24))] and "undone: drag" in desk.words
        await desk.press("u")
        assert desk.pairs == []
        await desk.press("u")
        assert "nothing to undo" in desk.words
        await desk.press("ctrl+r", "ctrl+r")
        assert desk.session.document.latent is end


async def test_scrubbing_walks_the_frames():
    async with editing() as desk:
        await desk.press("enter", "K", "K", "enter", "space")
        await desk.rest()
        frames = desk.session.frames
        await desk.press("comma", "comma")
        assert desk.session.document.latent.ws is frames[-3].ws
        await desk.press("full_stop")
        assert desk.session.document.latent.ws is frames[-2].ws
        assert f"step {len(frames) - 2} of {len(frames) - 1}" in desk.words
        await desk.press(*["comma"] * (len(frames) + 3))
        assert desk.session.document.latent.ws is frames[0].ws


async def test_seeds_and_step_size():
    async with editing() as desk:
        await desk.press("n")
        await desk.until(lambda: desk.origin.seed == 4, "seed 4")
        await desk.press("p")
        await desk.until(lambda: desk.origin.seed == 3, "seed 3")
        await desk.press("p", "p")
        await desk.until(lambda: desk.origin.seed == 1, "both are counted")
        await desk.press("right_square_bracket")
        assert desk.session.document.parameters.learning_rate == 0.004
        await desk.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert desk.session.document.parameters.learning_rate == 0.0005


async def test_q_asks_only_where_an_edit_would_stay_behind():
    async with editing() as desk:
        await desk.press("q")
        await desk.pilot.pause()
        assert desk.app.return_code == 0
    async with editing() as desk:
        await desk.press("enter", "K", "enter", "space")
        await desk.rest()
        await desk.press("q")
        await desk.until(lambda: isinstance(desk.app.screen, ConfirmDialog), "the question")
        await desk.press("n")
        await desk.until(lambda: desk.app.screen is desk.screen, "the editor")
        assert desk.app.return_code is None
        await desk.press("q")
        await desk.until(lambda: isinstance(desk.app.screen, ConfirmDialog), "the question")
        await desk.press("enter")
        await desk.until(lambda: desk.app.return_code == 0, "the end")


async def test_every_key_has_a_description_a_tooltip_and_an_id_and_is_in_the_help():
    bindings = [
        *(key.binding for key in KEYS),
        *(b for b in EditorApp.BINDINGS if isinstance(b, Binding)),
    ]
    assert all(binding.description and binding.tooltip and binding.id for binding in bindings)
    assert len({binding.id for binding in bindings}) == len(bindings)
    async with editing(size=(100, 60)) as desk:
        await desk.press("question_mark")
        await desk.pilot.pause()
        assert isinstance(desk.app.screen, HelpDialog)
        table = desk.app.screen.table()
        keys = [str(cell) for cell in table.columns[0].cells]
        words = [str(cell) for cell in table.columns[1].cells]
        for key in KEYS:
            assert f"  {' '.join(key.names)}" in keys and key.help in words
        await desk.press("escape")
        assert desk.app.screen is desk.screen


async def test_the_footer_shows_the_keys_of_the_moment():
    async with editing(size=(160, 50)) as desk:

        def shown() -> set[str]:
            return {
                b.binding.description for b in desk.screen.active_bindings.values() if b.enabled
            }

        assert "handle" in shown() and not {"run", "delete", "pause", "scrub"} & shown()
        await desk.press("enter")
        await desk.pilot.pause()
        assert {"target", "cancel"} <= shown() and "handle" not in shown()
        await desk.press("K", "enter")
        await desk.pilot.pause()
        assert {"run", "handle"} <= shown() and "delete" not in shown()
        await desk.press("tab")
        await desk.pilot.pause()
        assert {"run", "pick up", "delete"} <= shown()


async def test_the_palette_offers_what_makes_sense_now():
    async with editing(save_session=lambda session, path: "") as desk:

        def titles() -> list[str]:
            return [offer.title for offer in offers(desk.screen)]

        assert "Open a seed by its number" in titles()
        assert "Save the session" in titles() and "Clear the mask" not in titles()
        run = KEY_BY_ID["run"].help
        assert run not in titles()
        await desk.press("enter", "K", "enter")
        assert run in titles()
        await desk.press("ctrl+p")
        await desk.pilot.pause()
        assert type(desk.app.screen).__name__ == "CommandPalette"
        await desk.press(*"step size")
        await desk.pilot.pause(0.3)
        await desk.press("escape", "escape")


async def test_the_palette_finds_words_and_no_scattered_letters():
    async with editing() as desk:

        def found(query: str) -> list[str]:
            return [offer.title for offer in offers(desk.screen) if matched(query, offer)]

        assert len(found("param")) > 5 and all(title.startswith("Set") for title in found("param"))
        assert found("anchor") == ["Set anchor α (now 0)"]
        assert "Open a random seed" in found("seed random") and not found("seed xyz")


async def test_a_parameter_from_the_palette():
    async with editing() as desk:
        await desk.screen.perform(lambda screen: screen.prompts.parameter("steps"))
        await desk.pilot.pause()
        await desk.type("zero")
        assert "not a number" in str(desk.app.screen.query_one(".problem").render())
        await desk.press(*["backspace"] * 4)
        await desk.type("0")
        assert "expected 1" in str(desk.app.screen.query_one(".problem").render())
        await desk.press("backspace")
        await desk.type("17")
        assert desk.session.document.parameters.steps == 17


def test_nothing_but_help_and_the_end_before_there_is_a_session():
    early = {key.id for key in KEYS if key.allowed(KeyContext())}
    assert early == {"help", "commands", "quit"}
