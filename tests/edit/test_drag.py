"""A step of a drag: what the engine is asked for, and how its answer gets into the document."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.document import Document
from tui_draggan.edit.drag import SLOWEST, DragTask, is_finite, step_request, step_size
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.task import Advance
from tui_draggan.edit.templates import lacks_templates, take_templates
from tui_draggan.engines.base import Problem, StepRequest, StepResult
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import INFO, SpotEngine

F0 = np.zeros(4, np.float32)
PARAMETERS = DragParams(r1=2, r2=5, mask_weight=7.0, learning_rate=0.01, anchor=0.25, rows=3)


def document(*pairs: Pair, parameters: DragParams = PARAMETERS) -> Document:
    ws = np.full((INFO.num_ws, INFO.w_dim), 0.5, np.float32)
    return Document(Latent(ws, Seed(3)), pairs, parameters=parameters)


def result(loss: float = 1.0, gradient: float = 1.0, ws: float = 0.25) -> StepResult:
    latent = np.full((INFO.num_ws, INFO.w_dim), ws, np.float32)
    image = np.zeros((64, 64, 3), np.uint8)
    return StepResult(latent, np.zeros((1, 2), np.float32), image, loss, loss, 0.0, gradient, 5.0)


def test_a_request_holds_points_templates_and_parameters() -> None:
    pairs = [Pair(1, (1, 2), (3, 4), F0), Pair(2, (5, 6), (7, 8), F0 + 1)]
    request = step_request(pairs, PARAMETERS)
    np.testing.assert_array_equal(request.handles, [[1, 2], [5, 6]])
    np.testing.assert_array_equal(request.targets, [[3, 4], [7, 8]])
    np.testing.assert_array_equal(request.templates, [F0, F0 + 1])
    assert (request.r1, request.r2, request.mask_weight) == (2, 5, 0.0)
    assert (request.learning_rate, request.anchor) == (0.01, 0.25)


class Listening(SpotEngine):
    """Notes what a run is begun with."""

    problem: Problem | None = None

    def begin(self, problem: Problem) -> None:
        self.problem = problem


def test_only_mask_mode_loss_asks_the_engine_to_keep_the_rest() -> None:
    pairs, mask = [Pair(1, (1, 2), (3, 4), F0)], np.ones(INFO.size, bool)
    for mode, weight in (("hold", 0.0), ("loss", 7.0)):
        parameters = PARAMETERS.with_values(mask_mode=mode)
        assert step_request(pairs, parameters).mask_weight == weight
        engine = Listening()
        DragTask(engine).begin(replace(document(*pairs, parameters=parameters), mask=mask))
        assert engine.problem is not None
        assert (engine.problem.editable is mask) == (mode == "loss")


def test_steps_of_whitened_spaces_become_smaller_near_the_targets() -> None:
    whitened = PARAMETERS.with_values(space="whitened-w+")
    size = Size(128, 256)
    far, near = Pair(1, (0, 0), (40, 0)), Pair(2, (0, 0), (4, 0))
    pin, there = Pair(3, (9, 9), (9, 9)), Pair(4, (0, 0), (1, 0))
    assert step_size([far], whitened, size) == 0.01
    assert step_size([near], whitened, size) == pytest.approx(0.005)
    assert step_size([near, pin], whitened, size) == pytest.approx(0.005), "a pin has arrived"
    assert step_size([there], whitened, size) == pytest.approx(0.01 * SLOWEST)
    assert step_size([pin], whitened, size) == step_size([near], PARAMETERS, size) == 0.01


def test_finite_means_loss_gradient_and_latent() -> None:
    assert is_finite(result())
    for broken in (float("nan"), float("inf")):
        assert not is_finite(result(loss=broken))
        assert not is_finite(result(gradient=broken))
        assert not is_finite(result(ws=broken))


def test_a_task_says_where_it_cannot_start() -> None:
    task = DragTask(SpotEngine())
    with pytest.raises(UsageError, match="nothing to drag"):
        task.check(document())
    pair = Pair(1, (1, 2), (3, 4))
    shared = document(pair, parameters=PARAMETERS.with_values(space="w"))
    task.check(shared)
    ws = shared.latent.ws.copy()
    ws[2] += 1
    uneven = replace(shared, latent=Latent(ws, Seed(3)))
    with pytest.raises(UsageError, match="rows differ"):
        task.check(uneven)
    task.check(replace(uneven, parameters=PARAMETERS))
    task.check(replace(uneven, parameters=PARAMETERS.with_values(space="w", rows=2)))


def test_a_step_works_on_the_pairs_that_have_templates() -> None:
    engine = SpotEngine()
    task = DragTask(engine)
    bare, ready = Pair(1, (1, 2), (3, 4)), Pair(2, (32, 32), (40, 32), F0)
    task.begin(document(bare, ready))
    assert task.step(document(bare)) is None
    advance = task.step(document(bare, ready))
    assert advance is not None and advance.pairs == (ready,)
    assert advance.handles == ((32, 32),), "whole pixels; the first step moves nothing"


def test_a_step_that_is_not_finite_is_an_error() -> None:
    task = DragTask(SpotEngine(fail_at=0))
    there = document(Pair(2, (32, 32), (40, 32), F0))
    task.begin(there)
    with pytest.raises(EngineError, match="not a finite number"):
        task.step(there)


class FlatEngine(SpotEngine):
    """The features are the same everywhere: nothing moves."""

    def step(self, request: StepRequest) -> StepResult:
        handles = request.handles
        return replace(super().step(request), handles=handles, gradient_norm=0.0)


def test_a_step_without_gradient_ends_the_run_where_a_handle_has_not_arrived() -> None:
    task = DragTask(FlatEngine())
    there = document(Pair(1, (32, 32), (40, 32), F0))
    task.begin(there)
    assert task.step(there) is not None
    assert task.verdict(0, there) is Outcome.NO_GRADIENT
    assert task.step(there) is not None
    task.edited(0)
    assert task.verdict(1, there) is None, "that was for the points as they were before"
    arrived = document(Pair(1, (32, 32), (32, 32), F0))
    assert task.step(arrived) is not None
    assert task.verdict(2, arrived) is Outcome.REACHED
    assert task.verdict(3, there) is None, "a point added since has not been looked at"


def test_a_run_without_gradient_says_so_at_its_first_step() -> None:
    session = Session(FlatEngine(), document(Pair(1, (32, 32), (40, 32))))
    assert len(list(session.run())) == 1
    assert session.status.outcome is Outcome.NO_GRADIENT
    assert "all alike" in session.status.message and "step size" not in session.status.message


def test_a_step_leaves_alone_what_was_edited_while_it_was_computed() -> None:
    one, two, three = (Pair(i, (i, i), (9, 9), F0) for i in (1, 2, 3))
    advance = Advance(result(), (one, two, three), ((11, 1), (12, 2), (13, 3)))
    moved = replace(two, target=(20, 20))
    then = document(one, two, three).with_pair(moved).without_pair(3)
    new = advance.applied(then, 4)
    assert [pair.handle for pair in new.pairs] == [(11, 1), (2, 2)]
    assert new.pair(2) is moved
    assert new.latent.ws is advance.result.ws and new.latent.edited
    assert new.latent.origin == Seed(3)
    assert not advance.applied(then, 0).latent.edited, "step 0 is the start"
    frame = advance.frame(new, 4)
    assert frame.iteration == 4 and frame.ws is new.latent.ws
    assert frame.handles == {1: (11, 1), 2: (2, 2)}
    assert frame.distance == np.mean([pair.distance for pair in new.pairs])


def test_templates_are_taken_for_pairs_that_have_none() -> None:
    engine = SpotEngine()
    bare, ready = Pair(1, (1, 2), (3, 4)), Pair(2, (32, 32), (40, 32), F0)
    there = document(bare, ready)
    assert lacks_templates(there)
    [(asked, filled)] = take_templates(engine, there)
    assert asked is bare and filled.template is not None and filled.handle == bare.handle
    done = there.with_pair(filled)
    assert not lacks_templates(done)
    engine.calls.clear()
    assert list(take_templates(engine, done)) == [] and engine.calls == []
