"""Pivotal tuning as a run of the session, on the engine with a known answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.edit.sessions import finish, make, state_of
from tui_draggan.edit.document import State
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.journal_lines import recover
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.tuning import TunedModel, TuningProblem, tuned
from tui_draggan.engines.base import Pivot
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session

BRIGHTER = 12
"""Grey levels by which the photograph is brighter than the model's picture."""


def problem(session: Session, folder: Path, steps: int = 20) -> TuningProblem:
    ws = session.document.latent.ws
    pixels = (SpotEngine().render(ws)[:, :, :3].astype(int) + BRIGHTER).clip(0, 255)
    return TuningProblem(pixels.astype(np.uint8), TunedModel(folder / "own", "own", "x"), steps)


def test_a_run_tunes_the_model_writes_it_and_leaves_the_latent(tmp_path: Path) -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    number = session.add_pair((20, 20), (24, 20))
    before = session.document.latent
    session.tune(problem(session, tmp_path))
    frames = finish(session)
    status = session.status
    assert (status.state, status.outcome) == (State.DONE, Outcome.TUNED)
    assert status.message == ADVICE[Outcome.TUNED]
    assert [frame.iteration for frame in frames] == list(range(21))
    assert frames[-1].loss < 0.2 * frames[0].loss
    assert session.document.latent is before and session.document.pair(number)
    assert session.picture is not None
    np.testing.assert_array_equal(session.picture, engine.render(before.ws))
    session.goto(3)
    finish(session)
    assert session.document.latent is before, "no step is another picture of the model"
    assert (tmp_path / "own").read_text() == f"own x {BRIGHTER}"
    assert engine.calls.count("begin_tuning") == engine.calls.count("save_tuned") == 1


def test_the_run_shows_the_tuned_picture_and_rest_the_models_own(tmp_path: Path) -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    finish(session)
    own = engine.render(session.document.latent.ws)
    session.tune(problem(session, tmp_path))
    for _ in range(10):
        session.work()
    snapshot = session.snapshot()
    assert snapshot.picture is not None and snapshot.picture_is_current
    assert snapshot.picture.astype(int).mean() > own.mean() + 5
    session.stop()
    finish(session)
    np.testing.assert_array_equal(session.snapshot().picture, own)


def test_a_killed_tuning_leaves_the_latent_unedited(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "spot")
    session = spot_session(SpotEngine(), recorder=journal.record)
    session.tune(problem(session, tmp_path))
    for _ in range(6):
        session.work()
    latent = recover(journal.path, INFO).document.latent
    assert not latent.edited
    np.testing.assert_array_equal(latent.ws, session.document.latent.ws)
    journal.close()


def test_it_pauses_goes_on_and_stops_like_any_run(tmp_path: Path) -> None:
    session = make()
    session.tune(problem(session, tmp_path))
    for _ in range(3):
        session.work()
    session.pause()
    assert state_of(session) is State.PAUSED and not list(tmp_path.iterdir())
    at = session.status.iteration
    session.start(steps=1)
    finish(session)
    assert session.status.iteration == at + 1
    session.stop()
    assert session.status.outcome is Outcome.STOPPED and not list(tmp_path.iterdir())
    assert session.undo() == "tuning"


def test_what_cannot_be_written_ends_the_run_and_keeps_the_picture(tmp_path: Path) -> None:
    class FullDisk(SpotEngine):
        def save_tuned(
            self, path: Path, name: str, description: str, replace: bool = False
        ) -> None:
            raise OutputError(f"{path} cannot be written: No space left on device")

    session = spot_session(FullDisk())
    session.tune(problem(session, tmp_path))
    finish(session)
    assert session.status.outcome is Outcome.FAILED
    assert "No space left on device" in session.status.message


def test_another_size_is_refused_before_anything_changes(tmp_path: Path) -> None:
    session = make()
    before = session.document
    small = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(UsageError, match="prepared as"):
        session.tune(TuningProblem(small, TunedModel(tmp_path / "own", "own", "")))
    assert session.document is before and state_of(session) is State.EMPTY


@pytest.mark.parametrize("steps", [0, -3, 10**9])
def test_steps_out_of_range_are_refused(steps: int, tmp_path: Path) -> None:
    session = make()
    with pytest.raises(UsageError, match="expected 1 to"):
        problem(session, tmp_path, steps)


def test_without_a_session_several_photographs_are_tuned_to(tmp_path: Path) -> None:
    engine = SpotEngine()
    ws = np.zeros((engine.info.num_ws, engine.info.w_dim), np.float32)
    pivots = []
    for place, more in ((0.3, 6), (0.7, 12)):
        ws = ws.copy()
        ws[:, :2] = place
        pixels = (engine.render(ws)[:, :, :3].astype(int) + more).clip(0, 255).astype(np.uint8)
        pivots.append(Pivot(ws, pixels))
    told: list[tuple[int, int]] = []
    found = tuned(
        engine, pivots, 8, TunedModel(tmp_path / "own", "own", ""), lambda *now: told.append(now)
    )
    assert told == [(done, 8) for done in range(9)]
    assert len(found.images) == 2
    assert (tmp_path / "own").read_text().split()[-1] in ("8", "9", "10")  # the mean is 9
