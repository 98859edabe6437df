"""The gallery by keys and mouse, over the editor on the engine with a known answer."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.latent import Seed, latent_from_seed
from tui_draggan.edit.marks import Mark
from tui_draggan.edit.orders import Deliver
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine
from tui_draggan.tui.gallery.page import Page
from tui_draggan.tui.gallery.screen import GalleryScreen
from tui_draggan.tui.services import EditorOptions, SnapshotPicture
from tui_draggan.tui.widgets.readout import Readout

pytestmark = pytest.mark.slow


def gallery(editor: EditorPilot) -> GalleryScreen:
    screen = editor.app.screen
    assert isinstance(screen, GalleryScreen)
    return screen


def title(editor: EditorPilot) -> str:
    return gallery(editor).query_one("#title", Readout).text


def drawn(editor: EditorPilot) -> bool:
    """Whether all pictures of the page are there."""
    return "drawing" not in gallery(editor).query_one("#status", Readout).text


def labels(editor: EditorPilot) -> list[str]:
    """The lines below the thumbnails, in words."""
    page = gallery(editor).query_one(Page)
    grid = gallery(editor).browsing.grid
    lines = [page.render_line(row * grid.pitch + grid.height) for row in range(grid.rows)]
    return [word for line in lines for word in line.text.split()]


@asynccontextmanager
async def browsing(engine: SpotEngine | None = None) -> AsyncIterator[EditorPilot]:
    """With the gallery open and all its pictures there."""
    async with editing(engine, size=(120, 36)) as editor:
        await editor.press("G")
        await editor.until(lambda: drawn(editor), "the thumbnails")
        yield editor


async def test_it_shows_the_seeds_around_the_one_that_is_open() -> None:
    engine = SpotEngine()
    async with browsing(engine) as editor:
        assert labels(editor) == [str(seed) for seed in range(15)]
        assert "seeds" in title(editor) and "spot · 64 px" in title(editor)
        assert gallery(editor).browsing.item.subject == Seed(3, 0.7)
        count = engine.calls.count("render")
        await editor.press("pagedown")
        await editor.until(lambda: drawn(editor), "the next page")
        assert labels(editor)[0] == "15"
        await editor.press("pageup")
        await editor.pilot.pause()
        assert drawn(editor), "they are kept"
        await editor.until(lambda: not editor.session.wait_for_work(0), "what comes after")
        assert engine.calls.count("render") <= count + 45, "none is made twice"


async def test_enter_opens_a_picture_and_undo_returns() -> None:
    async with browsing() as editor:
        before = editor.session.document.latent
        await editor.press("right", "down", "right_square_bracket", "enter")
        await editor.until(lambda: editor.app.screen is editor.screen, "the editor")
        await editor.until(lambda: editor.origin == Seed(9, 0.8), "the picture")
        assert "seed 9" in editor.words
        await editor.press("u")
        assert editor.session.document.latent is before


async def test_an_edit_that_would_be_left_behind_is_asked_about() -> None:
    async with editing(size=(120, 36)) as editor:
        await editor.drag((30, 30), (40, 30))
        await editor.press("space")
        await editor.rest()
        edited = editor.session.document.latent
        await editor.press("G", "right", "enter")
        await editor.until(lambda: editor.app.screen.is_modal, "the question")
        await editor.press("n")
        assert editor.session.document.latent is edited
        await editor.press("G", "right", "enter")
        await editor.until(lambda: editor.app.screen.is_modal, "the question")
        await editor.press("y")
        await editor.until(lambda: editor.origin == Seed(4, 0.7), "the picture")


async def test_escape_leaves_everything_as_it_was_and_keys_work_again() -> None:
    async with browsing() as editor:
        before = editor.session.document
        await editor.press("right", "escape", "right")
        assert editor.app.screen is editor.screen and editor.session.document is before
        assert editor.pointer.cursor == (33, 32)
        await editor.until(lambda: not editor.session.wait_for_work(0), "rest")


async def test_psi_and_class_are_live() -> None:
    async with browsing(ZooEngine()) as editor:
        await editor.press("right_square_bracket", "right_square_bracket", "c")
        await editor.until(lambda: drawn(editor), "the thumbnails")
        assert "ψ 0.90" in title(editor) and "dog" in title(editor)
        assert gallery(editor).browsing.item.subject == Seed(3, 0.9, 1)
        await editor.press("tab")
        await editor.until(lambda: drawn(editor), "the classes")
        assert labels(editor) == ["cat", "dog", "bear", "rabbit", "fox"]
        await editor.press("tab", "C", "b", "e", "a", "enter")
        await editor.pilot.pause()
        assert "bear" in title(editor)


async def test_marked_pictures_are_there_at_the_next_visit() -> None:
    async with browsing() as editor:
        await editor.press("m", "right", "right", "m", "escape", "G")
        assert labels(editor)[3:8] == ["★", "3", "4", "★", "5"]
        await editor.press("shift+tab")
        assert labels(editor) == ["★", "seed", "3", "★", "seed", "5"]
        await editor.press("right", "enter")
        await editor.until(lambda: editor.origin == Seed(5, 0.7), "the picture")


async def test_two_marked_pictures_are_mixed_and_the_mix_has_a_slider() -> None:
    async with browsing() as editor:
        await editor.press("m", "right", "m", "x")
        await editor.until(lambda: drawn(editor), "the way")
        assert labels(editor)[:3] == ["0%", "5%", "10%"]
        await editor.press("right", "right", "enter")
        await editor.until(lambda: editor.session.document.sliders.settings, "the mix")
        first, second = (latent_from_seed(SpotEngine(), seed, 0.7).ws for seed in (3, 4))
        ws = editor.session.document.latent.ws
        np.testing.assert_allclose(ws, 0.9 * first + 0.1 * second, atol=1e-6)
        assert editor.session.document.sliders.settings[0].name == "to seed 4"
        await editor.press("u")
        assert not editor.session.document.sliders.settings


async def test_the_snapshots_of_a_run_are_shown_newest_first_and_opened() -> None:
    engine, asked, opened = SpotEngine(), list[SnapshotPicture](), list[SnapshotPicture]()
    files = [Path("runs/mine/snapshots") / f"{step:08d}.pt" for step in (30, 20, 10)]

    class Run:
        def files(self) -> list[Path]:
            return files

        def want(
            self, pictures: Sequence[SnapshotPicture], deliver: Deliver[SnapshotPicture]
        ) -> None:
            asked[:] = pictures
            for number, picture in enumerate(pictures, 1):
                deliver(picture, np.full((64, 64, 3), 10 * number, np.uint8))

    def open_snapshot(picture: SnapshotPicture) -> EditorOptions:
        opened.append(picture)
        raise UsageError("read, but not opened")

    async with editing(
        engine, size=(120, 36), weights=files[0], run=Run(), open_snapshot=open_snapshot
    ) as editor:
        await editor.press("G", "tab")
        await editor.until(lambda: drawn(editor), "the snapshots")
        assert labels(editor) == ["step", "30", "step", "20", "step", "10"]
        assert asked == [SnapshotPicture(file, Seed(3, 0.7)) for file in files[1:]]
        await editor.press("right_square_bracket")
        await editor.until(lambda: drawn(editor), "with another ψ")
        assert asked[0].seed == Seed(3, 0.8)
        await editor.press("right", "m", "enter")
        await editor.until(lambda: editor.notes, "what opening says")
        assert opened == [SnapshotPicture(files[1], Seed(3, 0.8))]
        assert editor.notes == ["usage: read, but not opened"], "and nothing was marked"


async def test_marks_are_kept_and_a_marked_step_opens_again() -> None:
    kept: list[Mark] = []

    def keep(marks: Sequence[Mark]) -> None:
        kept[:] = marks

    async with editing(size=(120, 36), keep_marks=keep) as editor:
        await editor.drag((30, 30), (40, 30))
        await editor.press("space")
        await editor.rest()
        step = editor.session.frames[1].ws
        await editor.press("G", "m", "tab", "right", "m", "escape")
        assert [mark.label for mark in kept] == ["seed 3", "step 1"]
    async with editing(size=(120, 36), marks=lambda: kept, keep_marks=keep) as editor:
        await editor.press("G", "shift+tab", "right", "enter")
        await editor.until(lambda: editor.session.document.latent.ws is step, "the step")
        await editor.press("G", "shift+tab", "m")
        assert [mark.label for mark in kept] == ["step 1"], "the first one is chosen"


async def test_marks_that_cannot_be_read_or_kept_are_said_and_the_gallery_goes_on() -> None:
    def broken(*_: object) -> list[Mark]:
        raise UsageError("marks: damaged")

    async with editing(size=(120, 36), marks=broken, keep_marks=broken) as editor:
        await editor.press("G", "m", "right")
        assert editor.notes == ["usage: marks: damaged"] * 2
        assert gallery(editor).browsing.place == 4 and len(gallery(editor).browsing.marks) == 1


async def test_a_seed_is_typed_and_wrong_ones_are_refused() -> None:
    async with browsing() as editor:
        await editor.press("g")
        await editor.type("4711")
        assert gallery(editor).browsing.place == 4711 and "4711" in labels(editor)
        await editor.press("g")
        await editor.type("-3")
        assert not isinstance(editor.app.screen, GalleryScreen)
        await editor.press("escape")
        assert gallery(editor).browsing.place == 4711


async def test_the_mouse_chooses_and_opens() -> None:
    async with browsing() as editor:
        page, grid = gallery(editor).query_one(Page), gallery(editor).browsing.grid
        place = grid.left(2) + 3, grid.pitch + 2
        await editor.pilot.click(page, offset=place)
        assert gallery(editor).browsing.place == 7
        await editor.pilot.click(page, offset=(0, 0))
        assert gallery(editor).browsing.place == 7, "nothing is there"
        await editor.pilot.click(page, offset=place, times=2)
        await editor.until(lambda: editor.origin == Seed(7, 0.7), "the picture")


async def test_steps_of_the_run_are_shown_and_opened() -> None:
    async with editing(size=(120, 36)) as editor:
        await editor.drag((30, 30), (40, 30))
        await editor.press("space")
        await editor.rest()
        await editor.press("G", "tab")
        await editor.until(lambda: drawn(editor), "the steps")
        assert labels(editor)[:4] == ["step", "0", "step", "1"]
        await editor.press("right", "enter")
        await editor.until(lambda: editor.session.snapshot().shown == 1, "the step")


async def test_keys_are_answered_while_pictures_are_made() -> None:
    gate = threading.Event()

    class Slow(SpotEngine):
        def render(self, ws: Floats) -> Bytes:
            if "render" in self.calls:
                gate.wait(20)
            return super().render(ws)

    async with editing(Slow(), size=(120, 36)) as editor:
        try:
            await editor.press("G", "right", "down", "right_square_bracket")
            assert gallery(editor).browsing.item.subject == Seed(9, 0.8)
            assert not drawn(editor)
            await editor.press("escape", "right")
            assert editor.pointer.cursor == (33, 32)
        finally:
            gate.set()


async def test_where_the_engine_fails_it_says_so_and_the_gallery_stays() -> None:
    class Broken(SpotEngine):
        def render(self, ws: Floats) -> Bytes:
            if self.calls.count("render") >= 3:
                raise EngineError("out of memory")
            return super().render(ws)

    async with editing(Broken(), size=(120, 36)) as editor:
        await editor.press("G")
        await editor.until(lambda: editor.notes, "an error")
        assert "out of memory" in editor.notes[0]
        await editor.press("right")
        assert gallery(editor).browsing.place == 4


async def test_every_size_and_theme_is_drawn() -> None:
    async with browsing() as editor:
        for size in ((80, 24), (30, 10), (20, 5), (200, 60)):
            await editor.pilot.resize_terminal(*size)
            await editor.pilot.pause()
            page = gallery(editor).query_one(Page)
            assert 3 in gallery(editor).browsing.page
            strips = [page.render_line(y) for y in range(page.size.height)]
            assert all(strip.cell_length == page.size.width for strip in strips)
        editor.app.theme = "textual-light"
        await editor.pilot.pause()
        assert "3" in labels(editor)


async def test_help_lists_its_keys_and_quit_asks_like_the_editor() -> None:
    async with browsing() as editor:
        await editor.press("question_mark")
        assert editor.app.screen.query("#box").first().border_title == "keys"
        await editor.press("escape")
        assert isinstance(editor.app.screen, GalleryScreen)
        await editor.press("q")
        await editor.until(lambda: not editor.app.is_running, "the end")


def test_the_thumbnail_is_the_picture() -> None:
    """What is kept for a seed is what the engine draws for it: nothing is mixed up on the way."""
    engine = SpotEngine()
    session_pictures: dict[object, Bytes] = {}
    from tui_draggan.testing.spot_engine import spot_session

    session = spot_session(engine)
    while session.wait_for_work(0):
        session.work()
    session.want([Seed(8, 0.7)], session_pictures.__setitem__)
    session.work()
    session.open_seed(8)
    session.work()
    assert session.picture is not None
    np.testing.assert_array_equal(session_pictures[Seed(8, 0.7)], session.picture)
