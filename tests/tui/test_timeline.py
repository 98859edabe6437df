"""The timeline: every step of every run, by keys and mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from tests.edit.sessions import finish, make
from tui_draggan.edit.session import Session
from tui_draggan.errors import UsageError
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.tui.timeline import Timeline
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.timeline_strip import BEST, HERE, NEAREST, TimelineStrip


def two_runs() -> Session:
    """The spot to the right, then down."""
    session = make()
    session.add_pair((30, 30), (40, 30))
    session.start()
    finish(session)
    session.add_pair((40, 30), (40, 50))
    session.delete_pair(session.document.pairs[0].id)
    session.start()
    finish(session)
    return session


def timeline(session: Session) -> Timeline:
    return Timeline.of(session.snapshot())


def test_all_runs_stand_one_after_the_other_with_their_marks() -> None:
    session = two_runs()
    first, second = session.snapshot().runs
    one = timeline(session)
    assert one.steps == (*first, *second) and one.starts == (0, len(first))
    assert one.place == one.here == len(one.steps) - 1
    assert one.run_of(len(first) - 1) == (0, len(first) - 1)
    assert one.run_of(len(first)) == (1, 0)
    assert one.best is not None and one.nearest is not None
    assert one.steps[one.best].loss == min(frame.loss for frame in one.steps)
    assert one.steps[one.nearest].distance == min(frame.distance for frame in one.steps)


def test_a_step_of_an_earlier_run_is_gone_to_and_no_run_is_lost() -> None:
    session = two_runs()
    first, second = session.snapshot().runs
    end = session.document.latent
    session.goto(2, run=0)
    finish(session)
    snapshot = session.snapshot()
    assert snapshot.document.latent.ws is first[2].ws and snapshot.frames == first
    assert snapshot.shown == 2 and timeline(session).place == 2
    assert len(snapshot.runs) == 2, "the later run is still there"
    session.goto(1, run=1)
    assert timeline(session).place == len(first) + 1
    assert session.undo() == "go to a step"
    assert session.document.latent is end, "all walking is one change"
    with pytest.raises(UsageError, match="no run 3"):
        session.goto(0, run=2)
    with pytest.raises(UsageError, match="no step"):
        session.goto(len(second), run=1)


def test_a_run_that_starts_at_an_earlier_step_is_a_third_one() -> None:
    session = two_runs()
    first, second = session.snapshot().runs
    session.goto(1, run=0)
    session.start()
    finish(session)
    runs = session.snapshot().runs
    assert [run[0] for run in runs] == [first[0], second[0], runs[2][0]]
    np.testing.assert_array_equal(runs[2][0].ws, first[1].ws)
    assert timeline(session).run_of(timeline(session).here)[0] == 2


def test_an_animation_has_the_steps_of_all_runs_wherever_the_picture_stands() -> None:
    session = two_runs()
    whole = session.snapshot().film
    session.goto(1, run=0)
    finish(session)
    assert session.snapshot().film == whole


def test_without_steps_there_is_nothing() -> None:
    one = Timeline((), None)
    assert one.here == -1 and one.best is None and one.nearest is None and one.starts == ()


@asynccontextmanager
async def walking(size: tuple[int, int] = (100, 30)) -> AsyncIterator[EditorPilot]:
    """After two runs, with the timeline open."""
    async with editing(size=size) as editor:
        await editor.drag((30, 30), (40, 30))
        await editor.press("space")
        await editor.rest()
        await editor.press("X")
        await editor.drag((40, 30), (40, 50))
        await editor.press("space")
        await editor.rest()
        await editor.press("t")
        assert editor.screen.parts.timeline.is_open
        yield editor


def place(editor: EditorPilot) -> int:
    found = timeline(editor.session).place
    assert found is not None
    return found


@pytest.mark.slow
async def test_keys_walk_and_the_log_follows() -> None:
    async with walking() as editor:
        log = editor.screen.query_one(LossLog)
        last, starts = place(editor), timeline(editor.session).starts
        await editor.press("left")
        assert place(editor) == last - 1 and log.here == len(log.lines) - 2
        assert f"step {last - 1 - starts[1]} of {last - starts[1]} · loss" in editor.words
        assert "run 2 of 2" in editor.words
        await editor.press("shift+left", "l")
        assert place(editor) == last - 10
        await editor.press("up")
        assert place(editor) == starts[1] - 1 and log.here == starts[1] - 1
        await editor.press("home")
        assert place(editor) == 0 and log.here == 0
        await editor.press("left")
        assert place(editor) == 0
        await editor.press("5")
        assert place(editor) == round((starts[1] - 1) / 2)
        await editor.press("end")
        assert place(editor) == last
        await editor.press("tab")
        assert place(editor) in (timeline(editor.session).best, timeline(editor.session).nearest)
        assert "least" in editor.words
        await editor.press("escape", "right")
        assert not editor.screen.parts.timeline.is_open
        assert editor.pointer.cursor == (41, 50), "the arrows are the crosshair's again"


@pytest.mark.slow
async def test_the_strip_shows_marks_and_a_press_goes_there() -> None:
    async with walking() as editor:
        strip = editor.screen.query_one(TimelineStrip)
        await editor.press("home")
        assert strip.text[1] == HERE and strip.text.count("│") == 1
        assert BEST in strip.text or NEAREST in strip.text
        for x in (40, 1, 98):
            assert await editor.pilot.click(strip, offset=(x, 0)), "nothing lies over it"
            await editor.pilot.pause()
            assert place(editor) == strip.place_at(x)
            assert strip.text.index(HERE) == 1 + strip.column_of(place(editor))
        assert place(editor) == len(timeline(editor.session).steps) - 1


@pytest.mark.slow
async def test_a_step_becomes_the_start_that_is_compared_with() -> None:
    async with walking() as editor:
        await editor.press("home", "right", "right", "enter")
        assert "compares with this step" in editor.words
        await editor.until(lambda: editor.session.snapshot().picture_is_current, "its picture")
        kept = editor.session.picture
        assert kept is not None
        editor.screen.refresh_all()
        await editor.press("end", "b")
        shown = editor.screen.comparison.shown(editor.session.picture, editor.session.info.size, 0)
        assert shown is not None
        np.testing.assert_array_equal(shown, kept)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 36), (100, 30), (50, 44), (50, 14)])
async def test_the_picture_gives_a_row_only_where_there_is_something_to_show(
    size: tuple[int, int],
) -> None:
    async with editing(size=size) as editor:
        strip = editor.screen.query_one(TimelineStrip)
        large, tiny = size == (120, 36), size == (50, 14)
        assert strip.display is large
        await editor.drag((30, 30), (34, 30))
        await editor.press("space")
        await editor.rest()
        await editor.until(lambda: strip.display is not tiny, "the strip")
        await editor.press("n", "y")
        await editor.until(lambda: strip.display is large, "the row is the picture's")
