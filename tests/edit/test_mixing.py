"""Between two pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.edit.sessions import finish as rest
from tui_draggan.edit.document import Document, State
from tui_draggan.edit.latent import Latent, Seed, latent_from_seed
from tui_draggan.edit.mixing import Mix, called, mixed
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.sliding import STEPS
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session

FIRST, SECOND = (latent_from_seed(SpotEngine(), seed, 0.7) for seed in (3, 8))
ALL = (0, 9)


def mix(at: float, rows: tuple[int, int] = ALL) -> Document:
    return mixed(Document(FIRST), SECOND, at, rows, "to seed 8")


@given(st.floats(0, 1, width=32), st.integers(0, 9), st.integers(0, 9))
def test_rows_lie_on_the_line_between_the_two_and_the_others_stay(
    at: float, one: int, other: int
) -> None:
    start, end = sorted((one, other))
    ws = mix(at, (start, end)).latent.ws
    for row in range(10):
        if start <= row <= end:
            expected = [
                a + at * (b - a) for a, b in zip(FIRST.ws[row], SECOND.ws[row], strict=True)
            ]
            np.testing.assert_allclose(ws[row], expected, atol=1e-6)
        else:
            np.testing.assert_array_equal(ws[row], FIRST.ws[row])


def test_it_is_the_first_picture_with_a_slider_that_leads_back_to_it() -> None:
    halfway = mix(0.5)
    assert halfway.latent.origin == Seed(3, 0.7) and halfway.latent.edited
    (slider,) = halfway.sliders.settings
    assert (slider.name, slider.value, slider.direction.unit.name) == ("to seed 8", 0.5, "×")
    assert halfway.without_sliders is FIRST
    assert mix(0).latent is FIRST


def test_rows_that_differ_lead_to_a_latent_whose_rows_differ() -> None:
    ws = SECOND.ws.copy()
    ws[4] += 1
    other = Latent(ws, Seed(8), edited=True)
    np.testing.assert_allclose(
        mixed(Document(FIRST), other, 1, ALL, "to it").latent.ws, ws, atol=1e-6
    )


def test_latents_of_two_models_do_not_mix_and_nothing_lies_between_one_and_itself() -> None:
    other = Latent(np.zeros((8, 4), np.float32), Seed(1))
    with pytest.raises(ValueError, match="w\\+"):
        mixed(Document(FIRST), other, 0.5, (0, 7), "to seed 1")
    with pytest.raises(UsageError, match=r"between a picture and itself \(seed 3\)"):
        mixed(Document(FIRST), FIRST, 0.5, ALL, "to seed 3")
    with pytest.raises(UsageError, match="row 10"):
        spot_session().mix(Mix(None, Seed(8), "seed 8", 0.0, (0, 10)))


def test_the_slider_is_in_the_session_file(tmp_path: Path) -> None:
    save_session(tmp_path / "a.json", mix(0.25, (2, 5)), "spot")
    document = load_session(tmp_path / "a.json", INFO)
    (slider,) = document.sliders.settings
    assert (slider.name, slider.value, slider.rows) == ("to seed 8", 0.25, (2, 5))
    assert slider.direction.unit.name == "×"
    moved = document.with_sliders(document.sliders.having(slider)).latent.ws
    np.testing.assert_allclose(moved, mix(0.25, (2, 5)).latent.ws, atol=1e-6)


def test_a_seed_is_called_by_its_class_too() -> None:
    assert called(Seed(7), INFO) == "seed 7"
    assert called(Seed(7, 0.7, 1), ZooEngine.info) == "seed 7 · dog"


def test_the_session_adds_a_slider_to_its_picture_or_opens_a_mix() -> None:
    session = spot_session()
    rest(session)
    session.mix(Mix(None, Seed(8, 0.7), "seed 8", 0.0, ALL))
    rest(session)
    assert [one.name for one in session.document.sliders.settings] == ["to seed 8"]
    np.testing.assert_array_equal(session.document.latent.ws, FIRST.ws)
    slider = session.document.sliders.settings[0]
    session.slide(slider.direction, 1.0)
    np.testing.assert_allclose(session.document.latent.ws, SECOND.ws, atol=1e-6)
    assert session.undo() == "slider to seed 8" and not session.document.sliders.settings
    session.mix(Mix(Seed(5, 0.7), Seed(8, 0.7), "seed 8", 0.5, ALL))
    rest(session)
    assert session.document.latent.origin == Seed(5, 0.7)
    half = (latent_from_seed(SpotEngine(), 5, 0.7).ws + SECOND.ws) / 2
    np.testing.assert_allclose(session.document.latent.ws, half, atol=1e-6)
    assert session.undo() == "mix to seed 8"
    assert session.document.latent.origin == Seed(3, 0.7)


def test_a_slider_moves_by_itself_as_a_run_whose_steps_lie_on_the_way() -> None:
    session = spot_session()
    session.add_pair((30, 30), (40, 30))
    rest(session)
    session.mix(Mix(None, Seed(8, 0.7), "seed 8", 1.0, ALL))
    rest(session)
    moved = session.document
    session.animate("to seed 8")
    rest(session)
    frames = session.frames
    assert session.status.state is State.DONE and session.status.outcome is Outcome.ANIMATED
    assert len(frames) == STEPS + 1
    for number, frame in enumerate(frames):
        expected = FIRST.ws + number / STEPS * (SECOND.ws - FIRST.ws)
        np.testing.assert_allclose(frame.ws, expected, atol=1e-6)
    assert not session.document.sliders.moved, "the latent has been moved itself"
    assert len(session.snapshot().film) == STEPS + 1
    templates = [pair.template for pair in session.document.pairs]
    here = SpotEngine().features(session.document.latent.ws, np.array([[30, 30]], np.float32))
    assert templates[0] is not None
    np.testing.assert_allclose(templates[0], here[0], atol=1e-5)
    assert session.undo() == "animation to seed 8"
    np.testing.assert_array_equal(session.document.latent.ws, moved.latent.ws)
    with pytest.raises(UsageError, match="is at 0"):
        session.animate("no such slider")
