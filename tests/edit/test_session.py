"""The session's promises, on an engine with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.edit.sessions import PARAMS, finish, make, state_of
from tui_draggan.arrays import Floats
from tui_draggan.edit.document import Document, Picture, State
from tui_draggan.edit.latent import Latent, Photo, Seed, latent_from_seed
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.session import Session
from tui_draggan.engines.base import StepRequest, StepResult
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine


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
