"""Another model, another class: chosen from a list, in the running editor."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from textual.widgets import OptionList, Static

from tui_draggan.edit.document import State
from tui_draggan.edit.session import Session
from tui_draggan.errors import BundleError, EngineError
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


@dataclass
class Shelf:
    """Models to open: `zoo` is well, `slow` waits for `go`, `torn` fails, `gone` is refused."""

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
        return EditorOptions(self.services(name), name, 64)

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
            models=self.models,
            open_model=self.open_model,
        )


def editing_with(shelf: Shelf):
    return editing(models=shelf.models, open_model=shelf.open_model)


async def choose(desk: EditorPilot, key: str, text: str) -> None:
    await desk.press(key)
    await desk.until(lambda: isinstance(desk.app.screen, ChoiceDialog), "the list")
    await desk.type(text)


async def at(desk: EditorPilot, model: str) -> EditorPilot:
    """The desk when another model's screen has taken its place."""

    def there() -> bool:
        screen = desk.app.screen
        return (
            isinstance(screen, EditorScreen)
            and screen is not desk.screen
            and screen.is_open
            and screen.options.model == model
        )

    await desk.until(there, f"{model}'s screen")
    other = EditorPilot(desk.pilot, desk.app, desk.app.screen, desk.notes)
    await other.until(lambda: other.screen.context.open, "its keys")
    return other


def title(desk: EditorPilot) -> str:
    return desk.screen.query_one(TitleBar).text


async def test_another_model_takes_the_screen_and_the_old_thread_ends():
    shelf = Shelf()
    async with editing_with(shelf) as desk:
        first = desk.app.threads[0]
        await choose(desk, "o", "zo")
        zoo = await at(desk, "zoo")
        assert "zoo · 64 px" in title(zoo) and "class cat" in title(zoo)
        first.join(5)
        assert not first.is_alive() and zoo.app.threads[-1].is_alive()
        await zoo.press("enter", "K", "enter", "space")
        await zoo.rest()
        assert zoo.session.frames, "it drags"
        assert not desk.screen.is_open, "the old screen holds nothing any more"

        thread = zoo.app.threads[-1]
        zoo.session.open_seed(5)  # back at an unedited latent: nothing to ask about
        await zoo.until(lambda: zoo.origin.seed == 5)
        await choose(zoo, "o", "spot")
        await at(zoo, "spot")
        thread.join(5)
        assert shelf.closed == ["zoo"]


async def test_the_list_marks_the_open_one_and_says_why_one_cannot_be_chosen():
    async with editing_with(Shelf()) as desk:
        assert "Open another model" in [offer.title for offer in offers(desk.screen)]
        await desk.press("o")
        dialog = desk.app.screen
        lines = dialog.query_one(OptionList)
        assert lines.highlighted == 1, "the current one"
        assert str(lines.get_option("spot").prompt).startswith("●")
        await desk.type("bad")
        assert desk.app.screen is dialog
        assert "synthesis.onnx is missing" in str(dialog.query_one(".problem", Static).render())
        await desk.press(*["backspace"] * 3, *"nothing")
        await desk.pilot.pause()
        assert "nothing of that name" in str(dialog.query_one(".problem", Static).render())
        await desk.press("enter", "escape")
        await desk.until(lambda: desk.app.screen is desk.screen, "the editor")


async def test_what_cannot_be_opened_is_told_and_the_edit_goes_on():
    async with editing_with(Shelf()) as desk:
        await desk.press("enter", "K", "enter")
        for name, told in (("gone", "model: gone was removed"), ("torn", "engine: out of memory")):
            await choose(desk, "o", name)
            await desk.until(lambda told=told: told in " ".join(desk.notes), told)
            await desk.until(lambda: desk.app.screen is desk.screen, "the editor")
        assert len(desk.pairs) == 1
        await desk.press("space")
        await desk.rest()
        assert desk.session.frames


async def test_escape_while_it_opens_stays_with_the_old_one():
    shelf = Shelf()
    async with editing_with(shelf) as desk:
        await choose(desk, "o", "slow")
        await desk.until(lambda: isinstance(desk.app.screen, OpeningDialog), "the waiting")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.screen, "the editor")
        shelf.go.set()
        await desk.until(lambda: shelf.closed == ["slow"], "the end of what was opening")
        assert desk.app.screen is desk.screen and desk.session.picture is not None


async def test_an_unsaved_edit_is_asked_about_before_another_model():
    async with editing_with(Shelf()) as desk:
        await desk.press("enter", "K", "enter", "space")
        await desk.rest()
        await choose(desk, "o", "zoo")
        await desk.until(lambda: isinstance(desk.app.screen, ConfirmDialog), "the question")
        await desk.press("n")
        await desk.until(lambda: desk.app.screen is desk.screen, "the editor")
        await choose(desk, "o", "zoo")
        await desk.until(lambda: isinstance(desk.app.screen, ConfirmDialog), "the question")
        await desk.press("enter")
        await at(desk, "zoo")


async def test_no_other_model_while_it_runs_nor_without_a_way_there():
    engine = SpotEngine(delay=0.3)
    shelf = Shelf()
    async with editing(engine, models=shelf.models, open_model=shelf.open_model) as desk:
        await desk.press("enter", "K", "enter", "space")
        await desk.press("o")
        assert desk.app.screen is desk.screen
        await desk.press("c")
        await desk.rest()
    async with editing() as desk:
        await desk.press("o", "C")
        assert desk.app.screen is desk.screen
        assert "Open another model" not in [offer.title for offer in offers(desk.screen)]
        assert not any("class" in offer.title for offer in offers(desk.screen))


async def test_the_class_that_is_open_leaves_the_points():
    async with editing(ZooEngine()) as desk:
        await desk.press("enter", "K", "enter", "C")
        await desk.pilot.pause()
        await desk.press("enter")
        await desk.pilot.pause(0.2)
        assert len(desk.session.document.pairs) == 1


async def test_a_class_from_the_list_and_back():
    async with editing(ZooEngine()) as desk:
        latent = desk.session.document.latent
        assert desk.origin.label == 0 and "seed 3   class cat" in title(desk)
        assert "Set class (now cat)" in [offer.title for offer in offers(desk.screen)]
        await choose(desk, "C", "rab")
        await desk.until(lambda: desk.origin.label == 3, "the rabbit")
        await desk.until(lambda: "class rabbit" in title(desk), "its name")
        assert desk.origin.seed == 3
        await desk.press("n")
        await desk.until(lambda: desk.origin.seed == 4, "seed 4")
        assert desk.origin.label == 3, "the next seed keeps the class"
        await desk.press("u", "u")
        assert desk.session.document.latent is latent and "undone: class rabbit" in desk.words
        await desk.press("n")
        await desk.until(lambda: desk.origin.seed == 4, "seed 4")
        assert desk.origin.label == 0
        assert desk.state is State.EMPTY


async def test_arrows_pages_and_numbers_find_a_class():
    class Thousand(ZooEngine):
        info = replace(INFO, name="thousand", classes=tuple(map(str, range(1000))))

    async with editing(Thousand(), size=(80, 24)) as desk:
        await desk.press("C", "down", "down", "enter")
        await desk.until(lambda: desk.origin.label == 2, "the second below")
        await desk.press("C", "pagedown", "up")
        lines = desk.app.screen.query_one(OptionList)
        await desk.until(lambda: (lines.highlighted or 0) > 3, "a page on")
        assert desk.app.screen.region.contains_region(lines.region)
        await desk.type("99")
        await desk.until(lambda: desk.origin.label == 99, "the very number")
