"""When a run ends."""

from __future__ import annotations

from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.progress import ADVICE, NOTICEABLE, Outcome, Progress

PARAMETERS = DragParams(steps=100, patience=3)


def test_reached_when_every_handle_is_near_enough() -> None:
    assert Progress().judge(5, [1.0, 0.0], PARAMETERS) is Outcome.REACHED
    assert Progress().judge(5, [1.0, 1.1], PARAMETERS) is None
    assert Progress().judge(5, [2.0] * 6, PARAMETERS) is Outcome.REACHED, "2 px for more than five"
    assert Progress().judge(5, [4.0], PARAMETERS.with_values(tolerance=4.0)) is Outcome.REACHED


def test_the_limit_of_steps_comes_before_stuck() -> None:
    progress = Progress()
    assert progress.judge(99, [9.0], PARAMETERS) is None
    assert progress.judge(100, [9.0], PARAMETERS) is Outcome.STEP_LIMIT


def test_stuck_after_patience_without_noticeable_progress() -> None:
    progress = Progress()
    assert progress.judge(0, [9.0], PARAMETERS) is None
    assert progress.judge(1, [9.0 - NOTICEABLE], PARAMETERS) is None
    for iteration in (2, 3):
        assert progress.judge(iteration, [9.0 - 1.5 * NOTICEABLE], PARAMETERS) is None
    assert progress.judge(4, [9.0 - 1.5 * NOTICEABLE], PARAMETERS) is Outcome.STUCK


def test_a_loss_without_gradient_ends_the_run_at_once_unless_all_have_arrived() -> None:
    assert Progress().judge(0, [9.0], PARAMETERS, pulled=False) is Outcome.NO_GRADIENT
    assert Progress().judge(100, [9.0], PARAMETERS, pulled=False) is Outcome.NO_GRADIENT
    assert Progress().judge(5, [1.0], PARAMETERS, pulled=False) is Outcome.REACHED
    assert "step size" not in ADVICE[Outcome.NO_GRADIENT]


def test_points_changed_by_hand_get_patience_anew() -> None:
    progress = Progress()
    progress.judge(0, [2.5], PARAMETERS)
    progress.restart(2)
    for iteration in (3, 4, 5):
        assert progress.judge(iteration, [30.0], PARAMETERS) is None
    assert progress.judge(6, [30.0], PARAMETERS) is Outcome.STUCK


def test_every_outcome_has_its_advice() -> None:
    assert set(ADVICE) == set(Outcome)
