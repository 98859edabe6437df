"""How well what is under a handle still is what was there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.document import State
from tui_draggan.edit.match import FAR, STEPS, Watch, is_lost, matches
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.engines.base import StepRequest, StepResult
from tui_draggan.testing.spot_engine import SpotEngine, spot_session

F0 = np.zeros(4, np.float32)
PAIRS = [Pair(n, (n, n), (9, 9), F0, contrast=0.5) for n in (1, 2, 3)]


def test_a_match_is_what_is_left_of_the_contrast() -> None:
    found = matches(PAIRS, np.array([0.0, 0.1, 2.0], np.float32))
    assert found == {1: 1.0, 2: pytest.approx(1 - 0.1 / (FAR * 0.5)), 3: 0.0}
    assert matches(PAIRS, None) == {}, "a model whose graphs do not tell"
    assert matches([replace(PAIRS[0], contrast=None)], np.zeros(1, np.float32)) == {}
    assert [is_lost(share) for share in (None, 0.0, 0.01, 1.0)] == [False, True, False, False]


def test_a_point_is_told_to_be_lost_once_and_after_a_while() -> None:
    watch, one = Watch(), PAIRS[:1]
    watch.look(one, {1: 1.0})
    alarms = []
    for _ in range(STEPS + 2):
        watch.look(one, {1: 0.0})
        alarms.append(watch.alarm())
    assert alarms == [False] * (STEPS - 1) + [True, False, False]
    watch.look(one, {1: 0.5})
    assert not watch.alarm() and not watch.lost
    for _ in range(STEPS):
        watch.look(one, {1: 0.0})
    assert watch.alarm(), "lost again"


def test_what_a_run_begins_with_is_known_and_one_among_several_is_held_by_the_others() -> None:
    watch = Watch()
    for _ in range(2 * STEPS):
        watch.look(PAIRS[:1], {1: 0.0})
    assert watch.lost and not watch.alarm()
    watch = Watch()
    watch.look(PAIRS, {1: 1.0, 2: 1.0, 3: 1.0})
    for _ in range(STEPS):
        watch.look(PAIRS, {1: 0.0, 2: 0.9, 3: 0.9})
    assert not watch.lost and not watch.alarm()
    pinned = [PAIRS[0], *(replace(pair, pin=True) for pair in PAIRS[1:])]
    watch.look(pinned, {1: 0.0, 2: 0.9, 3: 0.9})
    assert watch.lost, "pins are not dragged"


class Losing(SpotEngine):
    """From its third step on, what is under the handles is something else."""

    def __init__(self, lasting: int = 1000) -> None:
        super().__init__()
        self.lasting = lasting

    def step(self, request: StepRequest) -> StepResult:
        lost = 3 <= self.calls.count("step") < 3 + self.lasting
        apart = np.full(len(request.handles), 1e6 if lost else 0.0, np.float32)
        return replace(super().step(request), mismatch=apart)


def losing(engine: SpotEngine) -> Session:
    parameters = DragParams(learning_rate=0.001, steps=60, r1=1, r2=2)
    session = spot_session(engine, parameters)
    session.add_pair((32, 32), (41, 32))
    return session


def test_a_run_pauses_where_a_point_is_lost_and_resumes_with_the_same_run() -> None:
    session = losing(Losing())
    frames = list(session.run())
    status = session.status
    assert (status.state, status.outcome) == (State.PAUSED, Outcome.POINT_LOST)
    assert "no longer what was there" in status.message
    assert frames[-1].match == {1: 0.0} and frames[-1].iteration == 2 + STEPS
    more = list(session.run())
    assert more[0].iteration == frames[-1].iteration + 1, "it goes on"
    assert session.status.outcome is Outcome.UNCERTAIN, "the tracker alone says that it arrived"


def test_a_point_that_is_found_again_is_reached() -> None:
    session = losing(Losing(lasting=STEPS - 1))
    list(session.run())
    assert session.status.outcome is Outcome.REACHED
    assert session.frames[-1].match == {1: 1.0}
