"""A photograph's search as a run of the session, on the engine with a known answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.edit.sessions import finish, make, state_of
from tui_draggan.arrays import Bytes
from tui_draggan.edit.document import State
from tui_draggan.edit.inversion import InversionProblem, InversionTask, inverted
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.journal_lines import recover
from tui_draggan.edit.latent import Photo, Seed, class_name
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import UsageError
from tui_draggan.inversion.recipe import recipe_for
from tui_draggan.testing.spot_engine import INFO, SpotEngine, UprightEngine, ZooEngine, spot_session

ORIGIN = Photo("cat.jpg", "0" * 64)
SPOT = np.array([0.62, 0.41], np.float32)
"""Where the photograph has its spot, as shares of the picture."""


def photograph(
    engine: SpotEngine, steps: int = 60, label: int | None = None, spot: np.ndarray = SPOT
) -> InversionProblem:
    ws = np.zeros((INFO.num_ws, INFO.w_dim), np.float32)
    ws[:, :2] = spot
    pixels: Bytes = engine.render(ws)[:, :, :3].copy()
    engine.calls.clear()
    return InversionProblem(pixels, ORIGIN, label, recipe_for("w", steps))


def test_the_spot_is_found() -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    session.invert(photograph(engine))
    frames = finish(session)
    status, latent = session.status, session.document.latent
    assert (status.state, status.outcome) == (State.DONE, Outcome.FOUND)
    assert status.message == ADVICE[Outcome.FOUND]
    assert [frame.iteration for frame in frames] == list(range(61))
    np.testing.assert_allclose(latent.ws[0, :2], SPOT, atol=0.01)
    assert latent.origin == ORIGIN and not latent.edited
    assert frames[-1].motion_loss < 0.05 * frames[0].motion_loss
    for frame in frames:
        assert frame.loss == pytest.approx(frame.motion_loss + frame.mask_loss)
        assert frame.image is not None and (frame.image == engine.render(frame.ws)).all()


def test_the_first_step_shows_the_mean_picture() -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    session.invert(photograph(engine))
    frame = finish(session)[0]
    np.testing.assert_allclose(frame.ws, np.tile(engine.statistics.mean, (INFO.num_ws, 1)))


def test_it_runs_like_a_drag() -> None:
    """Paused, resumed, stepped, stopped, undone as one change, done again."""
    session = make()
    session.add_pair((3, 3), (9, 9))
    finish(session)
    before = session.document
    session.invert(photograph(SpotEngine()))
    for _ in range(4):
        session.work()
    session.pause()
    finish(session)
    assert state_of(session) is State.PAUSED
    seen = session.status.iteration
    session.start(1)
    finish(session)
    assert (state_of(session), session.status.iteration) == (State.PAUSED, seen + 1)
    session.start()
    session.work()
    session.stop()
    finish(session)
    assert session.status.outcome is Outcome.STOPPED
    found = session.document
    assert found.latent.origin == ORIGIN and not found.pairs
    assert session.undo() == "inversion"
    assert session.document.latent is before.latent
    assert [pair.handle for pair in session.document.pairs] == [(3, 3)]
    assert session.redo() == "inversion"
    assert session.document.latent is found.latent


def test_steps_can_be_walked_through() -> None:
    session = make()
    session.invert(photograph(SpotEngine()))
    frames = finish(session)
    session.goto(10)
    assert session.document.latent.ws is frames[10].ws
    assert session.document.latent.origin == ORIGIN


def test_what_was_found_can_be_dragged() -> None:
    session = make()
    session.invert(photograph(SpotEngine()))
    finish(session)
    x, y = np.rint(session.document.latent.ws[0, :2] * 64).astype(int).tolist()
    session.add_pair((x, y), (x + 8, y))
    session.start()
    finish(session)
    assert session.status.outcome is Outcome.REACHED
    assert session.document.latent.edited and session.document.latent.origin == ORIGIN


def test_points_that_are_put_meanwhile_stay_and_taking_them_off_ends_nothing() -> None:
    session = make()
    session.invert(photograph(SpotEngine()))
    for _ in range(5):
        session.work()
    number = session.add_pair((5, 5), (9, 9))
    for _ in range(5):
        session.work()
    assert session.document.pairs and state_of(session) is State.RUNNING
    session.delete_pair(number)
    assert state_of(session) is State.RUNNING
    finish(session)
    assert session.status.outcome is Outcome.FOUND


def test_a_mask_holds_nothing_of_the_picture_before() -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    editable = np.zeros((64, 64), bool)
    editable[:8] = True
    session.set_mask(editable)
    session.invert(photograph(engine))
    finish(session)
    picture = engine.render(session.document.latent.ws)
    assert session.picture is not None and (session.picture == picture).all()


def test_a_new_photograph_ends_the_search_for_the_last_one() -> None:
    session = make()
    session.invert(photograph(SpotEngine()))
    session.work()
    session.invert(photograph(SpotEngine(), spot=np.array([0.4, 0.6])))
    finish(session)
    np.testing.assert_allclose(session.document.latent.ws[0, :2], (0.4, 0.6), atol=0.01)


def test_the_class_is_the_nearest_where_none_is_named(tmp_path: Path) -> None:
    engine = ZooEngine()
    target = photograph(engine, steps=40)
    found = inverted(engine, target)
    assert found.label is not None
    origin = found.document.latent.origin
    assert origin == replace(ORIGIN, label=found.label)
    assert class_name(origin, engine.info) == engine.info.classes[found.label]
    save_session(tmp_path / "found.json", found.document, "zoo")
    assert load_session(tmp_path / "found.json", engine.info).latent.origin == origin
    named = inverted(engine, photograph(engine, steps=40, label=found.label))
    assert named.label == found.label
    assert named.likeness.decibels == pytest.approx(found.likeness.decibels, abs=3)
    assert named.steps == 40 < found.steps


def test_a_photograph_unlike_all_pictures_is_told() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    session = make()
    session.invert(InversionProblem(noise, ORIGIN, recipe=recipe_for("w", 5)))
    finish(session)
    assert session.status.outcome is Outcome.UNLIKE
    assert "far from what the model can draw" in session.status.message


def test_alpha_is_no_obstacle() -> None:
    engine = UprightEngine()
    found = inverted(engine, photograph(engine))
    np.testing.assert_allclose(found.document.latent.ws[0, :2], SPOT, atol=0.02)
    assert found.picture.shape == (64, 32, 4) and found.likeness.decibels > 30


def test_another_size_is_refused_before_anything_changes() -> None:
    session = make()
    before = session.document
    with pytest.raises(UsageError, match=r"prepared as \(32, 32, 3\); spot needs \(64, 64, 3\)"):
        session.invert(InversionProblem(np.zeros((32, 32, 3), np.uint8), ORIGIN))
    assert session.document is before and state_of(session) is State.EMPTY


def test_a_loss_that_is_no_number_ends_at_the_last_good_latent() -> None:
    session = make(SpotEngine(fail_at=6))
    session.invert(photograph(SpotEngine()))
    frames = finish(session)
    assert session.status.outcome is Outcome.FAILED and len(frames) == 6
    assert session.document.latent.ws is frames[-1].ws


def test_the_limit_is_that_of_the_search() -> None:
    session = make()
    assert session.snapshot().limit == session.document.parameters.steps
    session.invert(photograph(SpotEngine(), steps=30))
    session.work()
    assert session.snapshot().limit == 30


def test_a_killed_search_is_resumed_where_it_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "spot")
    session = spot_session(SpotEngine(), recorder=journal.record)
    session.invert(photograph(SpotEngine()))
    for _ in range(9):
        session.work()
    recovered = recover(journal.path, INFO)
    assert recovered.document.latent.origin == ORIGIN and not recovered.damaged
    np.testing.assert_array_equal(recovered.document.latent.ws, session.document.latent.ws)
    journal.close()


def test_what_was_found_is_saved_and_read(tmp_path: Path) -> None:
    found = inverted(SpotEngine(), photograph(SpotEngine()))
    save_session(tmp_path / "found.json", found.document, "spot")
    read = load_session(tmp_path / "found.json", INFO)
    assert read.latent.origin == ORIGIN and not read.latent.edited
    np.testing.assert_array_equal(read.latent.ws, found.document.latent.ws)


def test_a_seed_opens_from_a_photograph() -> None:
    session = make()
    session.invert(photograph(SpotEngine()))
    finish(session)
    session.open_seed(5)
    finish(session)
    origin = session.document.latent.origin
    assert isinstance(origin, Seed) and origin.seed == 5


def test_the_task_says_nothing_before_it_has_looked() -> None:
    engine = SpotEngine()
    task = InversionTask(engine, photograph(engine))
    assert task.likeness is None and task.label is None
