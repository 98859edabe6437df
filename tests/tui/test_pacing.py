"""When the screen is drawn, by a clock of the test's own."""

from __future__ import annotations

import pytest

from tui_draggan.tui.pacing import FRAMES_PER_SECOND, HELD_BACK, KEYS_FIRST, Pacing, StepRate

FRAME = 1 / FRAMES_PER_SECOND


def drawn(pacing: Pacing, now: float, cost: float = 0.0) -> None:
    pacing.note_start(now)
    pacing.note_end(now + cost)


def test_the_first_picture_is_drawn_at_once() -> None:
    assert Pacing().wait(0.0, 2000) == 0


def test_no_more_pictures_than_the_eye_sees() -> None:
    pacing = Pacing()
    drawn(pacing, 10.0)
    assert pacing.wait(10.0, 0) == pytest.approx(FRAME)
    assert pacing.wait(10.0 + FRAME / 2, 0) == pytest.approx(FRAME / 2)
    assert pacing.wait(10.0 + 1.01 * FRAME, 0) == 0


def test_what_is_dear_to_draw_is_drawn_seldom() -> None:
    pacing = Pacing()
    drawn(pacing, 10.0, cost=0.06)
    assert pacing.wait(10.0, 0) == pytest.approx(0.5), "12 % of the time"
    drawn(pacing, 10.0, cost=30.0)
    assert pacing.wait(10.0, 0) < 2, "one accident does not stop the pictures"


def test_large_pictures_are_sent_seldom() -> None:
    pacing = Pacing()
    drawn(pacing, 10.0)
    assert pacing.wait(10.0, 6000) == pytest.approx(0.1)


def test_a_moving_crosshair_goes_first_but_not_for_ever() -> None:
    pacing = Pacing()
    drawn(pacing, 10.0)
    pacing.note_move(10.03)
    assert pacing.wait(10.03, 0) == pytest.approx(KEYS_FIRST)
    now, drew = 10.0, 0
    while now < 12:  # a key every 30 ms
        now += 0.03
        pacing.note_move(now)
        if pacing.wait(now, 0) == 0:
            drawn(pacing, now)
            drew += 1
    assert drew == pytest.approx(2 / ((1 + HELD_BACK) * FRAME), abs=2)


def test_nothing_is_added_to_what_the_terminal_has_not_taken() -> None:
    pacing = Pacing()
    drawn(pacing, 10.0)
    assert pacing.wait(11.0, 0, backlog=0) == 0
    assert pacing.wait(11.0, 0, backlog=3) == pytest.approx(FRAME), "and looks again then"


def test_a_rate_over_the_last_seconds() -> None:
    rate = StepRate(seconds=2.0)
    assert rate.note(0.0, 0) == 0
    assert rate.note(1.0, 10) == pytest.approx(10)
    for second in range(2, 6):
        rate.note(float(second), 10 + 40 * (second - 1))
    assert rate.note(6.0, 210) == pytest.approx(40), "what was slow is forgotten"
    assert rate.note(7.0, 0) == 0, "another run"
    rate.forget()
    assert rate.note(8.0, 100) == 0
