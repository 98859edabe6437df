"""What changes and steps do to document, history and state, without engine, thread or lock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.document import Document, Frame, State
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.lifecycle import Change, LifeCycle
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import ADVICE, Outcome
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import StepResult
from tui_draggan.errors import UsageError

PAIR = Pair(1, (0, 0), (9, 0), np.zeros(4, np.float32))


class Counting:
    """A task whose step i has all of w+ at i, and whose end is set from outside."""

    name = "count"
    needs_points = True

    def __init__(self, refuse: bool = False) -> None:
        self.refuse = refuse
        self.end: Outcome | None = None
        self.edits: list[int] = []

    def limit(self, document: Document) -> int:
        return document.parameters.steps

    def check(self, document: Document) -> None:
        if self.refuse:
            raise UsageError("not now")

    def begin(self, document: Document) -> None:
        """Nothing to prepare."""

    def step(self, document: Document, picture: bool = True) -> Advance:
        ws = document.latent.ws + 1
        image = np.zeros((4, 4, 3), np.uint8)
        result = StepResult(ws, np.zeros((1, 2), np.float32), image, 0.0, 0.0, 0.0, 0.0, 1.0)
        pairs = document.pairs
        return Advance(result, pairs, tuple((pair.handle[0] + 1, 0) for pair in pairs))

    def edited(self, iteration: int) -> None:
        self.edits.append(iteration)

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        return self.end


def make(*pairs: Pair) -> LifeCycle:
    return LifeCycle(Document(Latent(np.zeros((2, 3), np.float32), Seed(0)), pairs))


def step(cycle: LifeCycle, count: int = 1) -> Frame:
    """So many steps of the run that is under way; the last frame."""
    for _ in range(count):
        run = cycle.run
        assert run is not None
        advance = run.task.step(cycle.document)
        assert advance is not None
        assert cycle.accept(run, advance) is not None
    return cycle.frames[-1]


def state_of(cycle: LifeCycle) -> State:
    return cycle.status.state


def task_of(cycle: LifeCycle) -> Counting:
    assert cycle.run is not None and isinstance(cycle.run.task, Counting)
    return cycle.run.task


def test_at_rest_it_is_ready_where_there_are_points() -> None:
    cycle = make()
    assert state_of(cycle) is State.EMPTY
    cycle.edit("add", cycle.document.adding(PAIR))
    assert state_of(cycle) is State.READY
    cycle.edit("delete", cycle.document.without_pair(1))
    assert state_of(cycle) is State.EMPTY


def test_a_run_from_start_to_its_verdict() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    assert cycle.running and cycle.status.iteration == 0
    assert step(cycle).iteration == 0 and not cycle.document.latent.edited
    assert step(cycle).iteration == 1 and cycle.document.latent.edited
    task_of(cycle).end = Outcome.STUCK
    frame = step(cycle)
    assert cycle.run is None and cycle.shown == 2 and cycle.frames[2] is frame
    status = cycle.status
    assert (status.state, status.iteration, status.outcome) == (State.DONE, 2, Outcome.STUCK)
    assert status.message == ADVICE[Outcome.STUCK]


def test_a_task_that_cannot_start_changes_nothing() -> None:
    cycle = make(PAIR)
    with pytest.raises(UsageError, match="not now"):
        cycle.start(lambda: Counting(refuse=True))
    assert state_of(cycle) is State.READY and cycle.undo() is None


def test_pause_keeps_the_run_and_stop_ends_it() -> None:
    cycle = make(PAIR)
    cycle.pause()
    cycle.stop()
    assert state_of(cycle) is State.READY, "nothing to pause or to stop"
    cycle.start(Counting)
    run = cycle.run
    step(cycle, 2)
    cycle.pause()
    assert state_of(cycle) is State.PAUSED and cycle.status.iteration == 1
    cycle.start(Counting)
    assert cycle.run is run
    step(cycle)
    cycle.stop()
    assert cycle.status.outcome is Outcome.STOPPED and len(cycle.frames) == 3
    cycle.start(Counting)
    assert cycle.run is not run and cycle.frames == []


def test_a_step_that_comes_while_paused_is_taken_and_it_stays_paused() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    step(cycle)
    cycle.pause()
    step(cycle)
    assert state_of(cycle) is State.PAUSED and len(cycle.frames) == 2
    assert cycle.status.iteration == 1


def test_so_many_steps_then_it_pauses_and_the_start_does_not_count() -> None:
    cycle = make(PAIR)
    cycle.start(Counting, steps=2)
    step(cycle, 2)
    assert cycle.running
    step(cycle)
    assert state_of(cycle) is State.PAUSED
    cycle.start(Counting, steps=1)
    step(cycle)
    assert state_of(cycle) is State.PAUSED and len(cycle.frames) == 4


def test_a_failure_keeps_the_last_good_step_and_says_why() -> None:
    cycle = make(PAIR)
    cycle.fail("nothing runs")
    assert cycle.status.outcome is None
    cycle.start(Counting)
    frame = step(cycle, 2)
    cycle.fail("out of memory")
    assert cycle.status.outcome is Outcome.FAILED
    assert cycle.status.message == f"out of memory; {ADVICE[Outcome.FAILED]}"
    assert cycle.document.latent.ws is frame.ws


def test_a_step_of_another_run_is_dropped() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    run = cycle.run
    assert run is not None
    advance = run.task.step(cycle.document)
    assert advance is not None
    cycle.undo()
    before = cycle.document
    assert cycle.accept(run, advance) is None
    assert cycle.document is before and cycle.frames == []


def test_an_edit_goes_into_a_run_and_ends_an_ended_one() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    step(cycle, 3)
    moved = replace(cycle.document.pair(1), target=(5, 0))
    cycle.edit("move", cycle.document.with_pair(moved))
    assert cycle.running and task_of(cycle).edits == [2]
    cycle.stop()
    cycle.edit("move", cycle.document.with_pair(PAIR))
    assert state_of(cycle) is State.READY and cycle.status.outcome is None
    cycle.start(Counting)
    cycle.edit("delete", cycle.document.without_pair(1))
    assert cycle.run is None and state_of(cycle) is State.EMPTY, "nothing left to run for"


def test_undo_takes_a_whole_run_back_and_redo_brings_it_with_its_frames() -> None:
    cycle = make(PAIR)
    first = cycle.document
    cycle.start(Counting)
    step(cycle, 3)
    cycle.stop()
    frames = list(cycle.frames)
    assert cycle.undo() == "count" and cycle.document is first
    assert cycle.frames == [] and cycle.shown is None and state_of(cycle) is State.READY
    assert cycle.redo() == "count" and cycle.frames == frames and cycle.shown == 2


def test_runs_of_long_ago_keep_latents_and_lose_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = 4 * 4 * 3
    monkeypatch.setattr("tui_draggan.edit.lifecycle.PICTURES", 7 * picture)
    cycle = make(PAIR)
    for _ in range(4):
        cycle.start(Counting)
        step(cycle, 3)
        cycle.stop()
    missing = []
    latents = []
    for _ in range(4):
        missing.append(sum(frame.image is None for frame in cycle.frames))
        latents.append([float(frame.ws[0, 0]) for frame in cycle.frames])
        cycle.undo()
    assert missing == [0, 0, 0, 3], "the shown run and two more have room"
    assert latents == [[10, 11, 12], [7, 8, 9], [4, 5, 6], [1, 2, 3]]
    cycle.redo()
    lost = cycle.without_picture
    assert lost is cycle.frames[0] and cycle.shown == 2
    cycle.restore(lost, np.zeros((4, 4, 3), np.uint8))
    assert cycle.without_picture is cycle.frames[1] and cycle.frames[0].image is not None
    cycle.restore(lost, np.zeros((4, 4, 3), np.uint8))
    assert cycle.without_picture is cycle.frames[1], "it is not there any more"


def test_walking_through_the_frames_is_one_change() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    step(cycle, 4)
    with pytest.raises(UsageError, match="pause the run"):
        cycle.goto(0)
    cycle.stop()
    last = cycle.document
    for index in (2, 1, 0):
        assert cycle.goto(index) is cycle.frames[index]
        assert cycle.shown == index
        assert cycle.document.pair(1).handle == cycle.frames[index].handles[1]
    with pytest.raises(UsageError, match="no step 4; the run has 4"):
        cycle.goto(4)
    assert cycle.undo() == "go to a step" and cycle.document is last


def test_another_picture_has_no_points_and_keeps_mask_and_parameters() -> None:
    cycle = make(PAIR)
    mask = np.ones((4, 4), bool)
    cycle.edit("mask", replace(cycle.document, mask=mask))
    cycle.set_parameters(cycle.document.parameters.with_values(steps=7))
    old = cycle.document
    cycle.open("seed 1", Latent(np.ones((2, 3), np.float32), Seed(1)))
    assert cycle.document.pairs == () and cycle.document.mask is mask
    assert cycle.document.parameters.steps == 7 and state_of(cycle) is State.EMPTY
    assert cycle.undo() == "seed 1" and cycle.document is old


def test_a_parameter_is_undone_and_changes_in_a_row_are_one() -> None:
    cycle = make(PAIR)
    usual = cycle.document.parameters
    for rate in (0.004, 0.008, 0.016):
        cycle.set_parameters(cycle.document.parameters.with_values(learning_rate=rate))
    cycle.set_parameters(cycle.document.parameters.with_values(r1=5))
    cycle.set_parameters(cycle.document.parameters.with_values(r1=5))
    cycle.set_parameters(cycle.document.parameters.with_values(r1=6, r2=9))
    assert [cycle.undo() for _ in range(4)] == ["parameters", "r1", "step size", None]
    assert cycle.document.parameters == usual
    assert cycle.redo() == "step size" and cycle.document.parameters.learning_rate == 0.016


def test_a_parameter_leaves_run_and_outcome_as_they_are() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    step(cycle, 2)
    cycle.set_parameters(cycle.document.parameters.with_values(learning_rate=0.1))
    assert cycle.running and task_of(cycle).edits == []
    task_of(cycle).end = Outcome.REACHED
    step(cycle)
    cycle.set_parameters(cycle.document.parameters.with_values(learning_rate=0.2))
    assert cycle.status.outcome is Outcome.REACHED


def test_undoing_a_parameter_during_a_run_goes_back_to_where_it_was_changed() -> None:
    cycle = make(PAIR)
    cycle.start(Counting)
    step(cycle, 2)
    then, rate = cycle.document, cycle.document.parameters.learning_rate
    cycle.set_parameters(cycle.document.parameters.with_values(learning_rate=0.1))
    last = step(cycle, 3)
    assert cycle.undo() == "step size"
    assert cycle.run is None and cycle.document is then and cycle.shown == 1
    assert cycle.document.parameters.learning_rate == rate
    assert len(cycle.frames) == 5, "the steps after it can still be walked to"
    assert cycle.redo() == "step size" and cycle.document.latent.ws is last.ws
    assert cycle.document.parameters.learning_rate == 0.1


def test_templates_are_no_change_and_come_too_late_for_what_was_moved() -> None:
    bare = Pair(1, (0, 0), (9, 0))
    cycle = make(bare)
    filled = replace(bare, template=np.ones(4, np.float32))
    cycle.fill([(bare, filled)])
    assert cycle.document.pair(1) is filled and cycle.undo() is None
    moved = replace(filled, handle=(3, 3), template=None)
    cycle.edit("move", cycle.document.with_pair(moved))
    cycle.fill([(filled, replace(filled, template=np.zeros(4, np.float32)))])
    assert cycle.document.pair(1) is moved


def test_every_change_is_recorded_and_steps_with_their_frame() -> None:
    told: list[int | None] = []

    def record(document: Document, frame: Frame | None, _: Change) -> None:
        told.append(None if frame is None else frame.iteration)

    document = Document(Latent(np.zeros((2, 3), np.float32), Seed(0)), (PAIR,))
    cycle = LifeCycle(document, record)
    filled = replace(PAIR, template=np.ones(4, np.float32))
    cycle.fill([(PAIR, filled)])
    cycle.fill([(PAIR, filled)])
    cycle.start(Counting)
    step(cycle, 2)
    cycle.set_parameters(cycle.document.parameters.with_values(steps=9))
    cycle.stop()
    cycle.goto(0)
    cycle.undo()
    assert told == [None, None, None, 0, 1, None, None, None]
