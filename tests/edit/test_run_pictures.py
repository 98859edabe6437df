"""Pictures of a run: which steps have one, and which are made again when they are wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.edit.sessions import PARAMS, finish, make
from tui_draggan.arrays import averaged
from tui_draggan.commands.results import write_run
from tui_draggan.edit.session import Session
from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import SpotEngine, spot_session
from tui_draggan.testing.waiting import LIMIT, wait_until


def test_pictures_of_a_run_of_long_ago_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_draggan.edit.lifecycle.PICTURES", 0)
    session = spot_session()
    session.add_pair((30, 30), (60, 60))
    first = list(session.run(steps=5, pictures=True))
    session.stop()
    list(session.run(steps=2, pictures=True))
    session.undo()
    assert all(frame.image is None for frame in session.frames)
    with pytest.raises(UsageError, match="no picture of 6 steps"):
        write_run(tmp_path / "run.gif", session.document, session.frames, session.info)
    session.goto(3)
    finish(session)
    assert session.picture is not None and len(session.frames) == len(first)
    np.testing.assert_array_equal(session.picture, first[3].image)
    assert all(frame.image is None for frame in session.frames), "nobody has asked for them"
    with working(session):
        assert session.pictured(every_step=True).frames == session.frames
    for frame, before in zip(session.frames, first, strict=True):
        assert frame.ws is before.ws
        np.testing.assert_array_equal(frame.image, before.image)
    write_run(tmp_path / "run.gif", session.document, session.frames, session.info)


@pytest.mark.parametrize("quickly", [True, False])
def test_a_small_picture_comes_before_the_first_full_one(quickly: bool) -> None:
    """For who waits; any later picture is the full one at once."""
    engine = SpotEngine()
    small = Size.square(32)
    engine.info = replace(engine.info, drag=replace(engine.info.drag, preview=small))
    session = make(engine)
    full = engine.render(session.document.latent.ws)
    engine.calls.clear()
    session.work(quickly=quickly)
    if quickly:
        assert engine.calls == ["preview"]
        np.testing.assert_array_equal(session.picture, averaged(full, small))
        session.work(quickly=quickly)
    assert session.picture is not None and session.picture.shape[:2] == session.info.size
    np.testing.assert_array_equal(session.picture, full)
    session.open_seed(seed=9)
    session.work(quickly=quickly)
    assert engine.calls.count("preview") == quickly and engine.calls[-1] == "render"


def test_a_film_is_of_all_runs_that_led_to_the_picture() -> None:
    session = make()
    session.add_pair((30, 30), (30, 10))
    first = list(session.run(steps=3))
    session.stop()
    second = list(session.run(steps=2))
    session.stop()
    undone = list(session.run(steps=2))
    session.undo()
    with working(session):
        snapshot = session.pictured(every_step=True)
    assert [len(run) for run in snapshot.runs] == [len(first), len(second)]
    assert all(frame.image is not None for run in snapshot.runs for frame in run)
    np.testing.assert_array_equal(second[0].ws, first[-1].ws, "a run starts at the last one's end")
    film = [frame.ws for frame in snapshot.film]
    expected = [frame.ws for frame in (*first, *second[1:])]
    assert len(film) == len(expected)
    np.testing.assert_array_equal(film, expected)
    assert not (film[-1] == undone[-1].ws).all()
    session.open_seed(seed=9)
    finish(session)
    with working(session):
        assert session.pictured(every_step=True).film == ()


def test_a_run_without_pictures_ends_with_the_picture_of_its_last_step() -> None:
    engine = SpotEngine()
    session = make(engine)
    session.add_pair((30, 30), (30, 10))
    frames = list(session.run())
    assert len(frames) > 5 and all(frame.image is None for frame in frames)
    assert engine.calls.count("render") == 2, "the start and the end"
    np.testing.assert_array_equal(session.picture, engine.render(session.document.latent.ws))
    assert session.snapshot().picture_is_current
    with_pictures = make()
    with_pictures.add_pair((30, 30), (30, 10))
    for frame, other in zip(frames, with_pictures.run(pictures=True), strict=True):
        np.testing.assert_array_equal(frame.ws, other.ws)
        assert (frame.loss, frame.handles) == (other.loss, other.handles)


def test_a_running_session_shows_the_last_step_that_was_drawn() -> None:
    session = make()
    session.add_pair((30, 30), (30, 2))
    session.start()
    for picture in (True, True, True, False, False):  # the first is of the start, not a step
        session.work(picture)
    snapshot = session.snapshot()
    assert snapshot.picture is snapshot.frames[-3].image
    assert not snapshot.picture_is_current
    session.work(True)
    snapshot = session.snapshot()
    assert snapshot.picture is snapshot.frames[-1].image and snapshot.picture_is_current


def test_pictures_are_made_when_they_are_wanted_while_a_run_goes_on() -> None:
    engine = SpotEngine(delay=0.002)
    session = make(engine, replace(PARAMS, learning_rate=1e-6, steps=100_000, patience=100_000))
    session.add_pair((30, 30), (30, 2))
    session.start()
    with working(session):
        wait_until(lambda: len(session.frames) > 5, "six steps")
        snapshot = session.pictured()
        assert snapshot.picture_is_current
        expected = engine.render(snapshot.document.latent.ws)
        np.testing.assert_array_equal(snapshot.picture, expected)
        snapshot = session.pictured(every_step=True)
        assert len(snapshot.frames) > 5
        assert all(frame.image is not None for frame in snapshot.frames)
        count = len(snapshot.frames)
        wait_until(lambda: len(session.frames) > count, "another step")
        session.stop()


def test_nobody_waits_for_pictures_that_nobody_will_make() -> None:
    session = make()
    session.leave()
    assert session.pictured(every_step=True).picture is None


@contextmanager
def working(session: Session) -> Iterator[None]:
    """Somebody does the work, as in the editor, and needs no pictures."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            if session.wait_for_work(0.05):
                session.work(picture=False)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        session.wake()
        thread.join(LIMIT)


def test_a_picture_made_again_has_the_size_of_a_step() -> None:
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    assert averaged(image, Size(4, 6)) is image and averaged(image, Size(8, 12)) is image
    small = averaged(image, Size(2, 3))
    assert small.shape == (2, 3, 3)
    np.testing.assert_array_equal(small[1, 2], image[2:, 4:].mean((0, 1)).round())
