"""What the editor's lines say, by snapshots made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.document import Document, Frame, State, Status
from tui_draggan.edit.latent import Latent, Photo, Seed
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.engines.base import PICTURES_ONLY
from tui_draggan.testing.spot_engine import INFO
from tui_draggan.tui.pointer import Pointer, PointId
from tui_draggan.tui.words import FIRST_RUN, hint, state_words, title_facts, whole_state

WS = np.zeros((INFO.num_ws, INFO.w_dim), np.float32)
IMAGE = np.zeros((64, 64, 3), np.uint8)
FRAME = Frame(34, WS, {1: (3, 4)}, IMAGE, 0.5, 0.5, 0.0, 7.25, 40.0)
HERE = Pointer((3, 4))


def snapshot(
    state: State = State.READY, outcome: Outcome | None = None, message: str = "", steps: int = 0
) -> Snapshot:
    return Snapshot(
        info=replace(INFO, classes=("cat", "a very long list of names for one and the same dog")),
        engine="spot · cpu",
        document=Document(Latent(WS, Seed(7, 0.7, 0))),
        status=Status(state, 0, outcome, message),
        frames=(FRAME,) * steps,
        shown=None,
        picture=IMAGE,
        origin=Seed(7, 0.7, 0),
    )


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (snapshot(State.EMPTY), "○ no points"),
        (snapshot(State.READY), "● ready"),
        (snapshot(State.RUNNING), "▶ starting"),
        (snapshot(State.RUNNING, steps=1), "▶ running"),
        (snapshot(State.PAUSED, steps=1), "‖ paused"),
        (snapshot(State.DONE, Outcome.REACHED), "✓ reached"),
        (snapshot(State.DONE, Outcome.STEP_LIMIT), "■ step limit"),
        (snapshot(State.DONE, Outcome.STUCK), "■ stuck"),
        (snapshot(State.DONE, Outcome.NO_GRADIENT), "■ no gradient"),
    ],
)
def test_the_state(now: Snapshot, words: str) -> None:
    assert state_words(now) == words


def test_the_title_names_model_picture_and_engine() -> None:
    now = snapshot()
    assert title_facts(now) == ["spot · 64 px", "seed 7", "class cat", "ψ 0.70", "spot · cpu"]
    assert title_facts(now, "other")[0] == "other · 64 px"
    dog = Document(Latent(WS, Seed(7, 0.7, 1)))
    assert title_facts(replace(now, document=dog))[2] == "class a very long list o …"
    photo = Document(Latent(WS, Photo("me.jpg", "0" * 64)))
    assert title_facts(replace(now, document=photo)) == ["spot · 64 px", "me.jpg", "spot · cpu"]


def test_the_hint_is_of_what_is_half_done_then_of_what_was_done_then_of_the_run() -> None:
    done = snapshot(State.DONE, Outcome.STUCK, "no progress")
    point = PointId(1, "target")
    assert "target" in hint(done, replace(HERE, pending=(1, 1)), "seed 8", True)
    assert "drop it" in hint(done, replace(HERE, grabbed=point, selected=point), "seed 8", True)
    assert hint(done, HERE, "seed 8", True) == "seed 8"
    assert hint(done, HERE, "", True) == "stuck · try a larger step: ] · no progress"
    assert hint(snapshot(), replace(HERE, selected=point), "", True).startswith("target selected")
    assert hint(snapshot(), HERE, "", False) == FIRST_RUN
    assert hint(snapshot(), HERE, "", True) == ""
    assert hint(replace(snapshot(), picture=None), HERE, "", False) == "drawing the picture …"
    waiting = replace(snapshot(State.RUNNING), engine=f"{PICTURES_ONLY} · cpu")
    assert "the run begins when it is ready" in hint(waiting, HERE, "", True)


def test_a_reached_run_needs_no_advice() -> None:
    done = snapshot(State.DONE, Outcome.REACHED, "every handle is within the tolerance")
    assert hint(done, HERE, "", True) == "reached · every handle is within the tolerance"


def test_one_line_says_it_all_in_a_tiny_terminal() -> None:
    assert (
        whole_state(snapshot(State.RUNNING, steps=1), "")
        == "▶ running · 34 / 300 · 7.2 px · ? keys"
    )
    assert whole_state(snapshot(), "seed 8") == "● ready · ? keys · seed 8"
