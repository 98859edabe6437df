"""Sliders: what they do to the latent, and what becomes of them when other things change."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from tests.edit.spot_edits import assert_same
from tui_draggan.directions.direction import MOST, Direction
from tui_draggan.edit.document import Frame, State
from tui_draggan.edit.session import Session
from tui_draggan.edit.sliders import Slider, Sliders, named_rows, parse_slider, rows_in_words
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session

ROWS = INFO.num_ws - 1


def direction(name: str, *values: float) -> Direction:
    return Direction(name, np.array([values], np.float32))


RIGHT = direction("right", 0.1, 0, 0, 0)
DOWN = direction("down", 0, 0.07, 0, 0)
BOTH = direction("both", 0.03, -0.05, 0.2, 0)


def work(session: Session) -> list[Frame]:
    frames = []
    while session.wait_for_work(0):
        done = session.work()
        if isinstance(done, Frame):
            frames.append(done)
    return frames


@pytest.fixture
def session() -> Session:
    session = spot_session()
    work(session)
    return session


def test_a_slider_adds_its_direction_to_its_rows(session: Session) -> None:
    before = session.document.latent.ws
    session.slide(RIGHT, 2.0, (2, 4))
    added = session.document.latent.ws - before
    np.testing.assert_allclose(added[2:5, 0], 0.2, rtol=1e-5)
    added[2:5, 0] = 0
    assert not added.any()
    assert session.document.latent.edited


def test_the_spot_goes_where_the_slider_says(session: Session) -> None:
    before = session.picture
    session.slide(RIGHT, 1.5)
    work(session)
    after = session.picture
    assert before is not None and after is not None
    places = [int(picture[..., 0].max(axis=0).argmax()) for picture in (before, after)]
    assert places[1] - places[0] == pytest.approx(0.15 * INFO.size.width, abs=1)


def test_nought_changes_nothing_and_back_is_the_identity(session: Session) -> None:
    before = session.document.latent
    session.slide(RIGHT, 0.0)
    assert session.document.latent is before
    rng = np.random.default_rng(0)
    for value in rng.uniform(-MOST, MOST, 50):
        session.slide(RIGHT, float(value))
        session.slide(BOTH, float(-value) / 2, (0, 3))
    assert session.document.latent.edited
    session.slide(RIGHT, 0.0)
    session.slide(BOTH, 0.0)
    assert session.document.latent is before, "to the bit, and not called edited"


def test_the_order_of_sliders_does_not_matter(session: Session) -> None:
    latents = []
    for order in permutations((Slider(RIGHT, 1.3, (0, ROWS)), Slider(DOWN, -2.7, (1, 5)),
                               Slider(BOTH, 0.4, (0, ROWS)))):  # fmt: skip
        sliders = Sliders()
        for one in order:
            sliders = sliders.having(one)
        latents.append(session.document.with_sliders(sliders).latent.ws)
    for latent in latents[1:]:
        np.testing.assert_array_equal(latent, latents[0])


def test_off_and_on_again(session: Session) -> None:
    before = session.document.latent.ws
    session.slide(RIGHT, 1.0)
    moved = session.document.latent.ws
    session.set_sliders(session.document.sliders.switched())
    np.testing.assert_array_equal(session.document.latent.ws, before)
    assert session.document.sliders.settings[0].value == 1.0
    session.set_sliders(session.document.sliders.switched())
    np.testing.assert_array_equal(session.document.latent.ws, moved)
    session.set_sliders(Sliders())
    assert session.document.latent.ws is before and not session.document.sliders.settings


def test_moving_one_slider_on_and_on_is_one_change(session: Session) -> None:
    before = session.document.latent
    for value in (0.1, 0.2, 0.3):
        session.slide(RIGHT, value)
    session.slide(DOWN, 1.0)
    assert session.undo() == "slider down"
    assert session.document.sliders.of("down") is None
    assert session.undo() == "slider right"
    assert session.document.latent is before and session.undo() is None
    assert session.redo() == "slider right"
    slider = session.document.sliders.of("right")
    assert slider is not None and slider.value == 0.3


def test_a_drag_goes_on_from_the_moved_picture_and_sliders_from_the_dragged(
    session: Session,
) -> None:
    start = session.document.latent.ws
    session.slide(RIGHT, 1.0)
    session.add_pair((30, 30), (30, 20))
    session.start()
    frames = work(session)
    np.testing.assert_allclose(frames[0].ws, start + np.float32(0.1) * np.eye(4)[0], rtol=1e-6)
    dragged = session.document.latent.ws
    session.slide(RIGHT, 0.0)
    np.testing.assert_allclose(session.document.latent.ws - dragged, [[-0.1, 0, 0, 0]] * 10,
                               atol=1e-6)  # fmt: skip
    assert session.status.state is State.READY and not session.frames
    session.undo()
    assert session.document.latent.ws is dragged and len(session.frames) == len(frames)


def test_handles_take_their_features_anew(session: Session) -> None:
    pair = session.add_pair((30, 30), (30, 20))
    work(session)
    session.slide(RIGHT, 1.0)
    assert session.document.pair(pair).template is None
    work(session)
    template = session.document.pair(pair).template
    assert template is not None
    ws, place = session.document.latent.ws, np.array([[30, 30]], np.float32)
    np.testing.assert_array_equal(template, SpotEngine().features(ws, place)[0])


def test_a_slider_ends_the_run(session: Session) -> None:
    session.add_pair((30, 30), (30, 10))
    session.start()
    session.work()
    session.slide(RIGHT, 0.5)
    assert session.status.state is State.READY


def test_another_seed_is_without_sliders(session: Session) -> None:
    session.slide(RIGHT, 1.0)
    session.open_seed(seed=9)
    work(session)
    assert not session.document.sliders.settings and not session.document.latent.edited


def test_a_session_file_brings_them_back(session: Session, tmp_path: Path) -> None:
    session.slide(RIGHT, 1.25, (1, 3))
    session.slide(BOTH, -0.5)
    session.set_sliders(session.document.sliders.switched())
    session.set_sliders(session.document.sliders.switched())
    save_session(tmp_path / "edit.json", session.document, INFO.name)
    loaded = load_session(tmp_path / "edit.json", INFO)
    assert_same(loaded, session.document)
    for ours, theirs in zip(
        session.document.sliders.settings, loaded.sliders.settings, strict=True
    ):
        assert (ours.name, ours.value, ours.rows) == (theirs.name, theirs.value, theirs.rows)
        np.testing.assert_array_equal(ours.direction.vector, theirs.direction.vector)
    np.testing.assert_allclose(
        loaded.without_sliders.ws, session.document.without_sliders.ws, atol=1e-6
    )


@pytest.mark.parametrize("value", [MOST + 0.1, -MOST - 0.1, float("nan"), float("inf")])
def test_values_out_of_range_are_refused(session: Session, value: float) -> None:
    with pytest.raises(UsageError, match=r"the slider right is .*; expected −10 to 10 σ"):
        session.slide(RIGHT, value)
    assert not session.document.sliders.settings


def test_directions_of_another_model_and_rows_that_are_not_there_are_refused(
    session: Session,
) -> None:
    with pytest.raises(UsageError, match="the direction long is of another model than spot"):
        session.slide(direction("long", 1, 2, 3, 4, 5), 1.0)
    with pytest.raises(UsageError, match=r"row 10 of slider right: w\+ of this model has 10"):
        session.slide(RIGHT, 1.0, (0, 10))
    with pytest.raises(UsageError, match="rows 3 to 2"):
        session.slide(RIGHT, 1.0, (3, 2))


def test_the_position_is_measured_from_the_mean() -> None:
    ws = np.tile(np.array([0.5, 0.2, 0, 0], np.float32), (10, 1))
    assert RIGHT.position(ws) == pytest.approx(5)
    centred = Direction("right", RIGHT.vector, mean=4.0)
    assert centred.position(ws) == pytest.approx(1)


def test_rows_have_names() -> None:
    assert named_rows(INFO) == {"all": (0, 9), "shape": (0, 6), "colour": (7, 9)}
    assert rows_in_words((0, 9), INFO) == "all" and rows_in_words((2, 2), INFO) == "2–2"
    assert parse_slider("−1.5 shape", INFO) == (-1.5, (0, 6))
    assert parse_slider("3 4", INFO) == (3, (4, 4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected −10 to 10"),
        ("x", "'x' is no number"),
        ("11", "'11': expected −10 to 10"),
        ("nan", "'nan': expected"),
        ("1 5-3", "'5-3' names no rows"),
        ("1 0-10", "first-last from 0 to 9"),
        ("1 2 3", "expected −10 to 10"),
        ("1 ²", "names no rows"),
    ],
)
def test_what_is_no_slider_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_slider(text, INFO)
