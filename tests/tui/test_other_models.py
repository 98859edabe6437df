"""Another model, another class: chosen from a list, in the running editor."""

from __future__ import annotations

import threading
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from tui_draggan.edit.document import State
from tui_draggan.edit.session import Session
from tui_draggan.errors import BundleError, EngineError
from tui_draggan.size import Size
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session
from tui_draggan.testing.waiting import LIMIT
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import ConfirmDialog
from tui_draggan.tui.dialogs.opening import OpeningDialog
from tui_draggan.tui.palette import offers
from tui_draggan.tui.screen import EditorScreen
from tui_draggan.tui.services import Choice, EditorOptions, Services
from tui_draggan.tui.widgets.bars import TitleBar

pytestmark = pytest.mark.slow


@dataclass
class Shelf:
    """Models to open: `zoo` is well, `slow` hangs until it is abandoned (`go`), `torn` fails,
    `gone` is refused."""

    closed: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def models(self) -> list[Choice]:
        return [
            Choice("zoo", "zoo", "64 px · 5 classes"),
            Choice("spot", "spot", "64 px", current=True),
            Choice("slow", "slow", "64 px"),
            Choice("torn", "torn", "64 px"),
            Choice("gone", "gone", "64 px"),
            Choice("bad", "bad", "damaged", problem="synthesis.onnx is missing"),
        ]

    def open_model(self, name: str) -> EditorOptions:
        if name == "gone":
            raise BundleError("gone was removed meanwhile")
        return EditorOptions(self.services(name), name, Size.square(64))

    def services(self, name: str) -> Services:
        def open_session() -> Session:
            if name == "slow":
                self.go.wait(LIMIT)
            if name == "torn":
                raise EngineError("out of memory")
            engine = ZooEngine() if name == "zoo" else SpotEngine()
            return spot_session(engine)

        return Services(
            open_session,
            close=lambda: self.closed.append(name),
            abandon=self.go.set,
            models=self.models,
            open_model=self.open_model,
        )


def editing_with(shelf: Shelf) -> AbstractAsyncContextManager[EditorPilot]:
    return editing(models=shelf.models, open_model=shelf.open_model)


async def choose(editor: EditorPilot, key: str, text: str) -> None:
    await editor.press(key)
    await editor.until(lambda: isinstance(editor.app.screen, ChoiceDialog), "the list")
    await editor.type(text)


async def at(editor: EditorPilot, model: str) -> EditorPilot:
    """The editor with another model's screen."""

    def there() -> bool:
        screen = editor.app.screen
        return (
            isinstance(screen, EditorScreen)
            and screen is not editor.screen
            and screen.is_open
            and screen.options.model == model
        )

    await editor.until(there, f"{model}'s screen")
    screen = editor.app.screen
    assert isinstance(screen, EditorScreen)
    other = EditorPilot(editor.pilot, editor.app, screen, editor.notes)
    await other.until(lambda: other.screen.context.open, "its keys")
    return other


def title(editor: EditorPilot) -> str:
    return editor.screen.query_one(TitleBar).text


async def test_another_model_takes_the_screen_and_the_old_thread_ends() -> None:
    shelf = Shelf()
    async with editing_with(shelf) as editor:
        first = editor.app.threads[0]
        await choose(editor, "o", "zo")
        zoo = await at(editor, "zoo")
        assert "zoo · 64 px" in title(zoo) and "class cat" in title(zoo)
        first.join(LIMIT)
        assert not first.is_alive() and zoo.app.threads[-1].is_alive()
        await zoo.press("enter", "K", "enter", "space")
        await zoo.rest()
        assert zoo.session.frames, "it drags"
        assert not editor.screen.is_open, "the old screen holds nothing any more"

        thread = zoo.app.threads[-1]
        zoo.screen.parts.editor.keep(zoo.session.left, zoo.session.document)  # nothing to ask about
        await choose(zoo, "o", "spot")
        await at(zoo, "spot")
        thread.join(LIMIT)
        assert shelf.closed == ["zoo"]


async def test_the_list_marks_the_open_one_and_says_why_one_cannot_be_chosen() -> None:
    async with editing_with(Shelf()) as editor:
        assert "Open another model" in [offer.title for offer in offers(editor.screen)]
        await editor.press("o")
        dialog = editor.app.screen
        lines = dialog.query_one(OptionList)
        assert lines.highlighted == 1, "the current one"
        assert str(lines.get_option("spot").prompt).startswith("●")
        await editor.type("bad")
        assert editor.app.screen is dialog
        assert "synthesis.onnx is missing" in str(dialog.query_one(".problem", Static).render())
        await editor.press(*["backspace"] * 3, *"nothing")
        await editor.pilot.pause()
        assert "no match" in str(dialog.query_one(".problem", Static).render())
        await editor.press("enter", "escape")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")


async def test_what_cannot_be_opened_is_told_and_the_edit_goes_on() -> None:
    async with editing_with(Shelf()) as editor:

        def has_told(words: str) -> bool:
            return words in " ".join(editor.notes)

        await editor.press("enter", "K", "enter")
        for name, told in (("gone", "model: gone was removed"), ("torn", "engine: out of memory")):
            await choose(editor, "o", name)
            await editor.until(partial(has_told, told), told)
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        assert len(editor.pairs) == 1
        await editor.press("space")
        await editor.rest()
        assert editor.session.frames


async def test_escape_while_it_hangs_in_opening_ends_it_and_stays_with_the_old_one() -> None:
    shelf = Shelf()
    async with editing_with(shelf) as editor:
        await choose(editor, "o", "slow")
        await editor.until(lambda: isinstance(editor.app.screen, OpeningDialog), "the waiting")
        await editor.press("escape")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await editor.until(lambda: shelf.closed == ["slow"], "the end of what was opening")
        assert editor.app.screen is editor.screen and editor.session.picture is not None


async def test_an_unsaved_edit_is_asked_about_before_another_model() -> None:
    async with editing_with(Shelf()) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        await choose(editor, "o", "zoo")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.press("n")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await choose(editor, "o", "zoo")
        await editor.until(lambda: isinstance(editor.app.screen, ConfirmDialog), "the question")
        await editor.press("enter")
        await at(editor, "zoo")


async def test_no_other_model_while_it_runs_nor_without_a_way_there() -> None:
    engine = SpotEngine(delay=0.3)
    shelf = Shelf()
    async with editing(engine, models=shelf.models, open_model=shelf.open_model) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.press("o")
        assert editor.app.screen is editor.screen
        await editor.press("c")
        await editor.rest()
    async with editing() as editor:
        await editor.press("o", "C")
        assert editor.app.screen is editor.screen
        assert "Open another model" not in [offer.title for offer in offers(editor.screen)]
        assert not any("Set class" in offer.title for offer in offers(editor.screen))


async def test_the_class_that_is_open_leaves_the_points() -> None:
    async with editing(ZooEngine()) as editor:
        await editor.press("enter", "K", "enter", "C")
        await editor.pilot.pause()
        await editor.press("enter")
        await editor.pilot.pause(0.2)
        assert len(editor.session.document.pairs) == 1


async def test_a_class_from_the_list_and_back() -> None:
    async with editing(ZooEngine()) as editor:
        latent = editor.session.document.latent
        assert editor.origin.label == 0 and "seed 3   class cat" in title(editor)
        assert "Set class (now cat)" in [offer.title for offer in offers(editor.screen)]
        await choose(editor, "C", "rab")
        await editor.until(lambda: editor.origin.label == 3, "the rabbit")
        await editor.until(lambda: "class rabbit" in title(editor), "its name")
        assert editor.origin.seed == 3
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 4, "seed 4")
        assert editor.origin.label == 3, "the next seed keeps the class"
        await editor.press("u", "u")
        assert editor.session.document.latent is latent and "undone: class rabbit" in editor.words
        await editor.press("n")
        await editor.until(lambda: editor.origin.seed == 4, "seed 4")
        assert editor.origin.label == 0
        assert editor.state is State.EMPTY


async def test_arrows_pages_and_numbers_find_a_class() -> None:
    class Thousand(ZooEngine):
        info = replace(INFO, name="thousand", classes=tuple(map(str, range(1000))))

    async with editing(Thousand(), size=(80, 24)) as editor:
        await editor.press("C", "down", "down", "enter")
        await editor.until(lambda: editor.origin.label == 2, "the second below")
        await editor.press("C", "pagedown", "up")
        lines = editor.app.screen.query_one(OptionList)
        await editor.until(lambda: (lines.highlighted or 0) > 3, "a page on")
        assert editor.app.screen.region.contains_region(lines.region)
        await editor.type("99")
        await editor.until(lambda: editor.origin.label == 99, "the very number")


async def test_a_model_is_opened_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    asked: list[str] = []

    def open_model(name: str) -> EditorOptions:
        asked.append(name)
        raise BundleError(f"{name} has no bundle.json")

    def has_asked(times: int) -> bool:
        return len(asked) == times

    models = [Choice(f"{tmp_path}/m2", f"{tmp_path}/m2", "64 px"), Choice("spot", "spot")]
    async with editing(models=lambda: models, open_model=open_model) as editor:
        for count, typed in enumerate((f"{tmp_path}/m", f"{tmp_path}/m2"), 1):
            await editor.press("o")
            await editor.until(lambda: isinstance(editor.app.screen, ChoiceDialog), "the list")
            editor.app.screen.query_one("#answer", Input).value = typed
            await editor.pilot.pause()
            await editor.press("enter")
            await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
            await editor.until(partial(has_asked, count), "the question")
        assert asked == [f"{tmp_path}/m", f"{tmp_path}/m2"]
        await editor.until(lambda: "model: " in " ".join(editor.notes), "the reason")
        await editor.press("o")
        editor.app.screen.query_one("#answer", Input).value = f"{tmp_path}/none\0"
        await editor.press("enter")
        assert "no match" in str(editor.app.screen.query_one(".problem", Static).render())
