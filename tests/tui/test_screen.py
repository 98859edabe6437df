"""What the screen shows, at every size, and what becomes of errors."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Input, Static

from tui_draggan.arrays import Floats
from tui_draggan.edit.document import State
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.session import Session
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.engines.base import StepRequest, StepResult
from tui_draggan.errors import BundleError, EngineError, OutputError
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import INFO, PARAMETERS, SpotEngine, spot_session
from tui_draggan.testing.waiting import LIMIT, pause_until
from tui_draggan.tui.app import EditorApp
from tui_draggan.tui.services import EditorOptions, ExportRequest, Services
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.widgets.bars import TitleBar
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.loss_plot import LossPlot
from tui_draggan.tui.widgets.loupe import Loupe
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.points_panel import PointsPanel
from tui_draggan.tui.widgets.run_panel import RunPanel
from tui_draggan.tui.worker import EngineThread

pytestmark = pytest.mark.slow

SIZES = {(160, 50): "large", (80, 24): "small", (50, 44): "tall", (50, 14): "tiny", (20, 5): "tiny"}

ENDLESS = PARAMETERS.with_values(learning_rate=1e-6, steps=100_000, patience=100_000)
"""Runs until it is told to stop: no step moves anything."""


@pytest.mark.parametrize("size", SIZES)
async def test_each_size_shows_the_panels_it_promises(size: tuple[int, int]) -> None:
    async with editing(size=size) as editor:
        screen = editor.screen
        assert screen.panels.arrangement.value == SIZES[size]
        whole = Region(0, 0, *size)
        panels: list[type[Widget]] = [PicturePanel]
        if SIZES[size] != "tiny":
            panels += [PointsPanel, RunPanel, LossPlot, LossLog, TitleBar]
        for panel in panels:
            region = screen.query_one(panel).region
            assert region.area and whole.contains_region(region), panel
        picture, side = screen.query_one(PicturePanel), screen.query_one("#side")
        if SIZES[size] in ("large", "small"):
            assert picture.region.right <= side.region.x + 1
            assert screen.query_one("#loupe", Loupe).region.area == 0 or SIZES[size] == "large"
        if SIZES[size] == "tall":
            assert picture.region.bottom <= side.region.y
        assert picture.view.drawn.shorter >= min(2 * (size[1] - 6), size[0] - 46)
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        assert "32,24" in editor.words


async def test_resizing_while_it_runs_loses_nothing() -> None:
    async with editing(SpotEngine(delay=0.02), (80, 24), ENDLESS) as editor:

        def more_than(seen: int) -> bool:
            return len(editor.session.frames) > seen

        await editor.press("g")
        await editor.type("4,60:60,60")
        await editor.press("space")
        for size in ((160, 50), (50, 14), (20, 5), (80, 24)):
            seen = len(editor.session.frames)
            await editor.pilot.resize_terminal(*size)
            await editor.until(partial(more_than, seen))
            assert editor.state is State.RUNNING
        assert len(editor.pairs) == 1 and editor.screen.panels.arrangement.value == "small"
        await editor.press("c")
        await editor.rest()
        iterations = [int(line.split()[0]) for line in editor.log]
        assert iterations == list(range(len(editor.session.frames)))


async def test_the_loupe_comes_while_the_cursor_moves_in_small_terminals() -> None:
    async with editing(size=(80, 24)) as editor:
        loupe = editor.screen.query_one("#passing-loupe")
        assert not loupe.visible
        await editor.press("left")
        assert loupe.visible and loupe.region.area == 180
        assert editor.screen.region.contains_region(loupe.region)
        await editor.until(lambda: not loupe.visible, "its going")


async def test_the_log_has_a_line_for_every_step_of_every_run() -> None:
    async with editing() as editor:
        await editor.press("enter", "K", "K", "enter", "space")
        await editor.rest()
        first = len(editor.session.frames)
        await editor.press("g")
        await editor.type("10,50:10,20")
        await editor.press("space")
        await editor.rest()
        assert editor.log[first] == "── run 2 ──"
        for lines in (editor.log[:first], editor.log[first + 1 :]):
            assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
        assert len(editor.log) == first + 1 + len(editor.session.frames)
        log = editor.screen.query_one(LossLog)
        assert log.top == len(editor.log) - log.content_size.height, "it follows the end"
        lines = list(editor.log)
        assert log.here == len(lines) - 1
        await editor.press("u")
        await editor.until(lambda: editor.log == lines[:first], "it follows undo")
        assert log.top <= log.here < log.top + log.content_size.height
        await editor.press("ctrl+r")
        await editor.until(lambda: editor.log == lines, "and redo")
        height = log.content_size.height
        start = log.content_region.y - log.region.y
        await editor.pilot.click(log, offset=(2, start + height - 3))
        frames = editor.session.frames
        await editor.until(lambda: editor.session.document.latent.ws is frames[-3].ws, "its step")
        assert log.here == len(lines) - 3
        await editor.press("n")
        await editor.press("y")
        await editor.until(lambda: editor.log == [], "another picture has no steps yet")


async def test_state_speed_distance_and_plot_are_shown() -> None:
    async with editing(SpotEngine(delay=0.01), (160, 50), ENDLESS) as editor:
        await editor.press("enter", "K", "enter", "space")
        run, plot = editor.screen.query_one(RunPanel), editor.screen.query_one(LossPlot)
        await editor.until(lambda: "it/s" in run.text)
        assert "running" in run.text and "/ 100000" in run.text and "distance" in run.text
        editor.session.set_parameters(ENDLESS.with_values(learning_rate=0.002))
        await editor.rest()
        assert "reached" in run.text and "reached" in editor.screen.query_one(PointsPanel).text
        assert any(0x2800 < ord(char) <= 0x28FF for char in plot.text)


async def test_only_changed_rows_are_repainted() -> None:
    async with editing(size=(160, 50)) as editor:
        panel = editor.screen.query_one(PicturePanel)
        regions: list[Region] = []
        refresh = panel.refresh

        def spy(*places: Region, **more: bool) -> PicturePanel:
            regions.extend(places or [panel.size.region])
            return refresh(*places, **more)

        panel.refresh = spy  # type: ignore[method-assign]
        editor.screen.show_pointer(moved=False)
        assert regions == [], "nothing has changed"
        await editor.press("left")
        crosshair = panel.view.to_dots(31, 32)[1] / 2
        assert regions and sum(region.height for region in regions) <= 12
        assert all(abs(region.y - crosshair) < 8 for region in regions)


async def test_the_cells_show_the_picture() -> None:
    async with editing(size=(160, 50)) as editor:
        panel = editor.screen.query_one(PicturePanel)
        picture = editor.session.picture
        assert picture is not None
        column, row = editor.cell_of(8, 50)
        (segment,) = panel.render_line(row).crop(column, column + 1)
        assert segment.style is not None and segment.style.bgcolor is not None
        shown = segment.style.bgcolor.get_truecolor()
        np.testing.assert_allclose(shown, picture[50, 8], atol=6)


async def test_stuck_says_what_helps() -> None:
    async with editing(params=PARAMETERS.with_values(learning_rate=1e-6, patience=5)) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        assert "stuck" in editor.words and "try a larger step: ]" in editor.words


async def test_a_failing_engine_is_told_and_the_document_kept() -> None:
    class Broken(SpotEngine):
        def features(self, ws: Floats, points: Floats) -> Floats:
            raise EngineError("out of memory")

    async with editing(Broken()) as editor:
        await editor.press("enter", "K", "enter")
        await editor.until(lambda: editor.notes, "the notification")
        assert editor.notes == ["engine: out of memory"]
        assert len(editor.pairs) == 1


async def test_an_unexpected_error_leaves_a_living_screen() -> None:
    class Buggy(SpotEngine):
        def step(self, request: StepRequest) -> StepResult:
            raise RuntimeError("a bug")

    async with editing(Buggy()) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.until(lambda: editor.notes, "the notification")
        assert "RuntimeError" in editor.notes[0] and "a bug" in editor.notes[0]
        await editor.rest()
        await editor.press("u", "u")
        assert editor.pairs == []


async def test_a_loss_that_is_not_finite_is_told() -> None:
    async with editing(SpotEngine(fail_at=3)) as editor:
        await editor.press("enter", "K", "enter", "space")
        await editor.rest()
        assert "failed" in editor.words and "smaller step" in editor.words


async def test_a_session_that_cannot_be_opened_ends_the_editor_with_its_error() -> None:
    def open_session() -> Session:
        raise BundleError("the model is damaged")

    thread = EngineThread(open_session)
    thread.start()
    app = EditorApp(EditorOptions(Services(open_session), "spot", INFO.size), [thread], Terminal())
    async with app.run_test() as pilot:
        await pause_until(pilot, lambda: app.problem is not None, "the problem")
    assert isinstance(app.problem, BundleError) and app.return_code == 2
    thread.join(LIMIT)
    assert not thread.is_alive()


async def test_leaving_while_it_runs_ends_the_thread() -> None:
    engine = SpotEngine(delay=0.02)

    def open_session() -> Session:
        session = spot_session(engine, ENDLESS)
        session.add_pair((30, 30), (30, 2))
        session.start()
        return session

    thread = EngineThread(open_session)
    thread.start()
    app = EditorApp(EditorOptions(Services(open_session), "spot", INFO.size), [thread], Terminal())
    async with app.run_test() as pilot:
        await pause_until(pilot, lambda: engine.calls.count("step") >= 3, "the third step")
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_code == 130
    thread.join(LIMIT)
    assert not thread.is_alive()


async def test_export_offers_a_name_that_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spot-3.png").touch()
    async with editing(export=lambda *_: "") as editor:
        await editor.press("e")
        await editor.pilot.pause()
        assert editor.app.screen.query_one("#answer", Input).value.endswith("spot-3-2.png")


async def test_export_asks_where_and_says_what_became_of_it() -> None:
    asked: list[ExportRequest] = []

    def export(snapshot: Snapshot, request: ExportRequest) -> str:
        asked.append(request)
        if request.path.suffix == ".bmp":
            raise OutputError("no such kind of picture")
        return f"written: {request.path}"

    def check(path: Path) -> None:
        if path.suffix == ".xyz":
            raise OutputError("no ending that is known")

    async with editing(export=export, check_export=check) as editor:
        await editor.press("e")
        await editor.pilot.pause()
        await editor.press("enter")
        await editor.until(lambda: editor.notes, "the notification")
        assert asked[0].path.name == "spot-3.png" and not asked[0].markers
        await editor.press("e")
        await editor.pilot.pause()
        await editor.press("tab", "space", "shift+tab")
        await editor.press(*["backspace"] * 40)
        await editor.type("a.xyz")
        problem = editor.app.screen.query_one(".problem", Static)
        await editor.until(
            lambda: "no ending" in str(problem.content), "the problem, in the dialog"
        )
        await editor.press(*["backspace"] * 3)
        await editor.type("bmp")
        await editor.until(lambda: len(editor.notes) == 2, "the notification")
        assert asked[1].markers and "no such kind" in editor.notes[1]


async def test_themes_change_the_colours() -> None:
    async with editing() as editor:
        for theme in ("textual-light", "nord", "ansi-dark"):
            editor.app.theme = theme
            await editor.pilot.pause()
            assert editor.screen.query_one(TitleBar).text.startswith(" tui-draggan")


async def test_a_fast_engine_is_paced_so_that_the_eye_can_follow() -> None:
    async with editing(pace=20) as editor:
        await editor.press("enter", *["right"] * 8, "enter")
        started = time.monotonic()
        await editor.press("space")
        await editor.until(lambda: editor.state is State.DONE)
        steps = editor.session.status.iteration
        assert time.monotonic() - started >= 0.8 * steps / 20


async def test_what_the_journal_has_to_say_is_shown_once(tmp_path: Path) -> None:
    folder = tmp_path / "file" / "journals"
    folder.parent.write_text("")
    journal = Journal(folder, "spot")
    async with editing(notices=journal.notices) as editor:
        document = editor.session.document
        for _ in range(3):
            journal.record(document, None)
        editor.screen.refresh_all()
        editor.screen.refresh_all()
        await editor.until(lambda: editor.notes)
        [note] = editor.notes
        assert note.startswith("note: the edit is not recorded: ")
        folder.parent.unlink()
        journal.record(document, None)
        editor.screen.refresh_all()
        await editor.until(lambda: len(editor.notes) > 1)
        assert editor.notes[1:] == ["note: the edit is recorded again"]
