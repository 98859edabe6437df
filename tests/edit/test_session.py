"""The session's promises, on an engine with a known answer."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tui_draggan.arrays import Floats, averaged
from tui_draggan.commands.results import write_run
from tui_draggan.edit.document import Document, Frame, Picture, State
from tui_draggan.edit.latent import Latent, Photo, Seed, latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.engines.base import StepRequest, StepResult
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session
from tui_draggan.testing.waiting import LIMIT, wait_until

PARAMS = DragParams(learning_rate=0.002, steps=40, r1=1, r2=2)


def make(engine: SpotEngine | None = None, params: DragParams = PARAMS) -> Session:
    return spot_session(engine, params)


def finish(session: Session, limit: int = 500) -> list[Frame]:
    frames: list[Frame] = []
    for _ in range(limit):
        if not session.wait_for_work(0):
            return frames
        event = session.work()
        if isinstance(event, Frame):
            frames.append(event)
    raise AssertionError("the session never came to rest")


def state_of(session: Session) -> State:
    return session.status.state


def test_a_run_reaches_its_target_and_says_so() -> None:
    session = make()
    session.add_pair((30, 30), (30, 20))
    assert state_of(session) is State.READY
    session.start()
    frames = finish(session)
    assert state_of(session) is State.DONE
    assert session.status.outcome is Outcome.REACHED
    assert [frame.iteration for frame in frames] == list(range(len(frames)))
    assert frames[0].handles[1] == (30, 30), "step 0 shows the start"
    assert session.document.pairs[0].distance <= 1
    assert session.document.latent.ws is frames[-1].ws, "what is shown is what is kept"
    assert session.document.latent.edited


def test_limits_and_stuck() -> None:
    session = make(params=PARAMS.with_values(steps=3))
    session.add_pair((30, 30), (30, 0))
    session.start()
    assert finish(session)[-1].iteration == 3
    assert session.status.outcome is Outcome.STEP_LIMIT

    session = make(params=PARAMS.with_values(learning_rate=1e-6, patience=5))
    session.add_pair((30, 30), (30, 0))
    session.start()
    assert finish(session)[-1].iteration == 5
    assert session.status.outcome is Outcome.STUCK


def test_undo_and_redo_walk_over_points_and_runs() -> None:
    session = make()
    first = session.document.latent.ws
    session.add_pair((30, 30), (30, 20))
    session.start()
    finish(session)
    last = session.document.latent.ws
    assert session.undo() == "drag"
    assert session.document.latent.ws is first and session.document.pairs[0].handle == (30, 30)
    assert isinstance(session.work(), Picture), "the old picture is shown again"
    assert session.undo() == "add point" and state_of(session) is State.EMPTY
    assert session.undo() is None
    assert session.redo() == "add point" and session.redo() == "drag"
    assert session.document.latent.ws is last
    assert session.redo() is None


def test_adding_and_moving_while_running_keeps_the_other_templates() -> None:
    engine = SpotEngine()
    session = make(engine)
    one = session.add_pair((30, 30), (30, 10))
    session.start()
    for _ in range(4):
        session.work()
    template = session.document.pair(one).template
    two = session.add_pair((10, 10), (12, 10))
    session.move_target(one, (30, 15))
    session.work()
    assert state_of(session) is State.RUNNING
    assert session.document.pair(one).template is template
    assert session.document.pair(two).template is not None
    assert engine.calls.count("begin") == 1, "the run goes on, its moments are kept"
    session.move_handle(one, (29, 29))
    assert session.document.pair(one).template is None, "a handle elsewhere has another feature"
    session.delete_pair(one)
    session.delete_pair(two)
    assert state_of(session) is State.EMPTY


def test_pause_resumes_the_same_run_and_stop_ends_it() -> None:
    engine = SpotEngine()
    session = make(engine)
    session.add_pair((30, 30), (30, 10))
    session.start()
    for _ in range(3):
        session.work()
    session.pause()
    assert state_of(session) is State.PAUSED
    session.start()
    session.work()
    assert engine.calls.count("begin") == 1
    session.stop()
    assert session.status.outcome is Outcome.STOPPED
    session.start()
    session.work()
    assert engine.calls.count("begin") == 2, "a new run has new moments"


def test_one_step_moves_once_then_pauses() -> None:
    session = make()
    session.add_pair((30, 30), (30, 10))
    session.start(steps=1)
    frames = finish(session)
    assert [frame.iteration for frame in frames] == [0, 1]
    assert state_of(session) is State.PAUSED
    session.start(steps=1)
    assert [frame.iteration for frame in finish(session)] == [2]


def test_a_result_that_comes_after_undo_is_dropped() -> None:
    class Undoing(SpotEngine):
        def step(self, request: StepRequest) -> StepResult:
            result = super().step(request)
            session.undo()
            return result

    session = make(Undoing())
    session.add_pair((30, 30), (30, 10))
    before = session.document.latent.ws
    session.start()
    finish(session)
    assert session.document.latent.ws is before


def test_a_loss_that_is_not_finite_keeps_the_last_good_picture() -> None:
    session = make(SpotEngine(fail_at=3))
    session.add_pair((30, 30), (30, 10))
    session.start()
    frames = finish(session)
    assert session.status.outcome is Outcome.FAILED
    assert "last good" in session.status.message
    assert session.document.latent.ws is frames[-1].ws
    assert np.isfinite(session.document.latent.ws).all()


def test_scrubbing_goes_to_any_step_and_back() -> None:
    session = make()
    session.add_pair((30, 30), (30, 20))
    session.start()
    frames = finish(session)
    for step in (4, 3, 2):
        session.goto(step)
    assert session.document.pairs[0].handle == frames[2].handles[1]
    assert session.undo() == "go to a step", "the whole walk is one change"
    assert session.document.latent.ws is frames[-1].ws


def test_a_new_seed_clears_the_points_and_undo_brings_them_back() -> None:
    session = make()
    session.add_pair((30, 30), (30, 20))
    session.open_seed(9)
    finish(session)
    assert session.document.latent.origin == Seed(9, 0.7) and session.document.pairs == ()
    assert session.undo() == "seed 9"
    assert session.document.latent.origin == Seed(3, 0.7) and len(session.document.pairs) == 1


def test_a_class_is_opened_kept_and_undone() -> None:
    engine = ZooEngine()
    session = make(engine)
    assert session.document.latent.origin == Seed(3, 0.7, 0), "the first class where none is given"
    session.open_seed(label=3)
    finish(session)
    latent = session.document.latent
    assert latent.origin == Seed(3, 0.7, 3)
    np.testing.assert_array_equal(latent.ws, latent_from_seed(engine, 3, 0.7, 3).ws)
    session.open_seed(4)
    session.open_seed(psi=0.5)
    finish(session)
    latent = session.document.latent
    assert latent.origin == Seed(4, 0.5, 3), "what was not said stays"
    session.open_seed(psi=0.2)
    finish(session)
    assert [session.undo() for _ in range(3)] == ["truncation ψ 0.2", "seed 4", "class rabbit"]
    assert session.document.latent.origin == Seed(3, 0.7, 0)
    session.open_seed(9)
    assert session.snapshot().origin == Seed(9, 0.7, 0), "known before it is there"
    with pytest.raises(UsageError, match="no class 5 in zoo; available: cat"):
        latent_from_seed(engine, 3, 0.7, 5)


def test_truncation_follows_the_formula() -> None:
    engine = SpotEngine()
    z = np.random.RandomState(5).randn(INFO.z_dim).astype(np.float32)
    expected = engine.w_avg + 0.3 * (engine.map(z) - engine.w_avg)
    latent = latent_from_seed(engine, 5, 0.3)
    np.testing.assert_allclose(latent.ws, np.tile(expected, (INFO.num_ws, 1)), rtol=1e-6)


def test_bad_input_is_refused_at_the_door() -> None:
    session = make()
    with pytest.raises(UsageError, match="nothing to drag"):
        session.start()
    with pytest.raises(UsageError, match="handle 64,3 lies outside"):
        session.add_pair((64, 3), (1, 1))
    with pytest.raises(UsageError, match="target 3,-1 lies outside"):
        session.add_pair((3, 3), (3, -1))
    broken = np.full((INFO.num_ws, INFO.w_dim), np.nan, np.float32)
    with pytest.raises(UsageError, match="not finite"):
        Session(SpotEngine(), Document(Latent(broken, Seed(3))))
    with pytest.raises(UsageError, match=r"\(2, 2\)"):
        Session(SpotEngine(), Document(Latent(np.zeros((2, 2), np.float32), Seed(3))))


def test_an_engine_that_gives_up_ends_the_run_and_is_not_asked_again_and_again() -> None:
    class Broken(SpotEngine):
        def features(self, ws: Floats, points: Floats) -> Floats:
            raise EngineError("out of memory")

    session = make(Broken())
    session.work()
    session.add_pair((30, 30), (30, 20))
    with pytest.raises(EngineError):
        session.work()
    assert not session.wait_for_work(0)
    session.start()
    session.work()
    assert session.status.outcome is Outcome.FAILED
    assert "out of memory" in session.status.message


def test_w_needs_equal_rows() -> None:
    session = make(params=PARAMS.with_values(space="w"))
    ws = session.document.latent.ws.copy()
    ws[2] += 1
    document = replace(session.document, latent=Latent(ws, Seed(3)))
    session = Session(SpotEngine(), document)
    session.add_pair((3, 3), (5, 5))
    with pytest.raises(UsageError, match="rows differ"):
        session.start()


def test_the_steps_of_a_run_belong_to_its_document() -> None:
    session = make()
    session.add_pair((30, 30), (30, 20))
    session.start()
    frames = finish(session)
    session.open_seed(9)
    finish(session)
    assert session.frames == (), "another picture has no steps yet"
    with pytest.raises(UsageError, match="no step 0"):
        session.goto(0)
    session.undo()
    assert session.frames == tuple(frames), "with the picture its steps come back"
    session.undo()
    assert session.frames == ()
    session.redo()
    assert session.frames == tuple(frames)


def test_a_stored_document_opens_as_it_was_with_nothing_to_undo() -> None:
    first = make()
    first.add_pair((30, 30), (30, 20))
    finish(first)
    again = Session(SpotEngine(), first.document)
    assert again.status.state is State.READY and again.undo() is None
    assert again.add_pair((1, 1), (2, 2)) == 2, "ids go on"


def test_changing_a_parameter_is_an_edit_of_the_document() -> None:
    session = make()
    session.add_pair((30, 30), (30, 10))
    session.start(steps=2)
    finish(session)
    ws = session.document.latent.ws
    for rate in (0.004, 0.008):
        session.set_parameters(session.document.parameters.with_values(learning_rate=rate))
    assert session.document.parameters.learning_rate == 0.008
    assert state_of(session) is State.PAUSED, "the run goes on"
    assert session.undo() == "step size"
    assert session.document.parameters == PARAMS and session.document.latent.ws is ws
    with pytest.raises(UsageError, match=r"rows is 11; w\+ of this model has 10"):
        session.set_parameters(PARAMS.with_values(rows=11))
    assert session.redo() == "step size" and session.document.parameters.learning_rate == 0.008


def test_a_parameter_acts_at_the_next_step() -> None:
    class Noting(SpotEngine):
        def step(self, request: StepRequest) -> StepResult:
            rates.append(request.learning_rate)
            return super().step(request)

    rates: list[float] = []
    session = make(Noting())
    session.add_pair((30, 30), (30, 5))
    for frame in session.run():
        if frame.iteration == 2:
            session.set_parameters(session.document.parameters.with_values(learning_rate=0.003))
        if frame.iteration == 4:
            session.undo()
    assert rates == [0.002] * 3 + [0.003] * 2
    assert session.document.parameters.learning_rate == 0.002
    assert state_of(session) is State.READY, "undo ends the run"


def test_a_mask_that_does_not_fit_is_refused() -> None:
    session = make()
    for mask in (np.ones((32, 32), bool), np.zeros((64, 64), bool)):
        with pytest.raises(UsageError, match="the mask"):
            session.set_mask(mask)
        with pytest.raises(UsageError, match="the mask"):
            Session(SpotEngine(), replace(session.document, mask=mask))
    assert session.undo() is None


def test_a_photograph_is_edited_like_any_picture_and_left_for_a_seed() -> None:
    photo = Photo("cat.jpg", "ab" * 32)
    latent = replace(make().document.latent, origin=photo)
    session = Session(SpotEngine(), Document(latent, parameters=PARAMS))
    session.add_pair((30, 30), (30, 20))
    session.start()
    finish(session)
    assert session.document.latent.origin == photo and session.document.latent.edited
    session.open_seed(psi=0.5)
    assert session.snapshot().origin == Seed(0, 0.5)
    finish(session)
    assert session.undo() == "seed 0" and session.document.latent.origin == photo


def test_a_run_that_another_session_displaced_on_its_engine_ends_and_says_so() -> None:
    engine = SpotEngine()
    one, other = make(engine), make(engine)
    for session in (one, other):
        session.add_pair((30, 30), (30, 10))
        session.start()
    for session in (one, one, one, other, other):
        session.work()
    assert len(one.frames) == 2 and len(other.frames) == 1
    finish(one)
    assert one.status.outcome is Outcome.FAILED and "another run" in one.status.message
    assert one.document.latent.ws is one.frames[-1].ws
    finish(other)
    assert other.status.outcome is Outcome.REACHED
    one.start()
    finish(one)
    assert one.status.message == ADVICE[Outcome.REACHED]


def test_every_snapshot_is_of_one_moment() -> None:
    """A person's thread and a worker change all there is while snapshots are taken."""
    session = make(SpotEngine(), PARAMS.with_values(steps=25))
    ended = threading.Event()
    problems: list[BaseException] = []

    def guarded(loop: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not ended.is_set():
                    loop()
            except BaseException as error:
                problems.append(error)

        return run

    def work() -> None:
        if session.wait_for_work(0.01):
            session.work()

    random = np.random.default_rng(3)

    def edit() -> None:
        x, y, choice = (int(value) for value in random.integers(0, 64, 3))
        pairs, frames = session.document.pairs, session.frames
        with suppress(UsageError):  # what is gone, or not allowed while it runs
            match choice % 16:
                case 0 | 1:
                    session.add_pair((x, y), (y, x))
                case 2 if pairs:
                    session.delete_pair(pairs[0].id)
                case 3 if pairs:
                    session.move_target(pairs[0].id, (x, y))
                case 4 if pairs:
                    session.move_handle(pairs[0].id, (x, y))
                case 5:
                    session.open_seed(x)
                case 6:
                    values = session.document.parameters.with_values(r1=1 + x % 5)
                    session.set_parameters(values)
                case 7:
                    session.undo()
                case 8:
                    session.redo()
                case 9 if frames:
                    session.goto(x % len(frames))
                case 10:
                    session.pause()
                case 11:
                    session.stop()
                case _:
                    session.start()
        time.sleep(0.001)  # some steps until the next

    threads = [threading.Thread(target=guarded(loop)) for loop in (work, edit)]
    for thread in threads:
        thread.start()
    states: Counter[State] = Counter()

    def enough() -> bool:
        for _ in range(100):
            snapshot = session.snapshot()
            states[snapshot.status.state] += 1
            check_one_moment(snapshot)
            time.sleep(0)
        return bool(problems) or (sum(states.values()) >= 3000 and set(states) == set(State))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        wait_until(enough, lambda: f"all states; seen were {states}")
    finally:
        sys.setswitchinterval(interval)
        ended.set()
        for thread in threads:
            thread.join(LIMIT)
    assert not problems, problems


def check_one_moment(snapshot: Snapshot) -> None:
    """What holds between the parts of every snapshot."""
    document, status, frames = snapshot.document, snapshot.status, snapshot.frames
    assert [frame.iteration for frame in frames] == list(range(len(frames)))
    assert bool(document.pairs) == (status.state is not State.EMPTY)
    assert (status.outcome is not None) == (status.state is State.DONE)
    if snapshot.shown is not None:
        frame = frames[snapshot.shown]
        assert frame is snapshot.frame and frame.ws is document.latent.ws
    if status.state in (State.RUNNING, State.PAUSED) and frames:
        assert snapshot.shown == len(frames) - 1, "a run is at its newest step"
        assert status.iteration == frames[-1].iteration
        assert snapshot.picture is frames[-1].image
    assert len({pair.id for pair in document.pairs}) == len(document.pairs)


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
