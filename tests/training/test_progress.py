"""What the line of progress says, and when."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tests.training.tiny import ADVERSARIAL
from tui_draggan.training import progress as module
from tui_draggan.training.progress import Progress, progress_line

CONFIG = replace(ADVERSARIAL, batch=10, kimg=132.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_the_progress_line_says_what_one_wants_to_know() -> None:
    values = {"kimg": 12.0, "seconds_per_kimg": 30.0, "d": 0.91, "g": 1.2, "p": 0.125, "metric": 9}
    line = progress_line(values, CONFIG)
    assert line == (
        "12 / 132 kimg   30 s/kimg   D 0.91   G 1.2   p 0.125   SWD 9   1 h 00 min left"
    )


def test_without_a_terminal_there_is_a_line_a_minute_before_the_log_has_one(clock: Clock) -> None:
    out = io.StringIO()
    with Progress(CONFIG, Console(file=out)) as progress:
        progress.starting("building the networks")
        for step in range(1, 101):
            clock.now += 1.5
            progress.step(step)
    lines = out.getvalue().splitlines()
    # 1.5 s a step of 10 pictures are 150 s a thousand.
    assert lines == [
        "building the networks …",
        "0.4 / 132 kimg   150 s/kimg   5 h 29 min left",
        "0.8 / 132 kimg   150 s/kimg   5 h 28 min left",
    ]


def test_the_log_s_values_are_kept_between_its_lines(clock: Clock) -> None:
    out = io.StringIO()
    with Progress(CONFIG, Console(file=out)) as progress:
        progress.step(400)
        progress.show({"kimg": 4.0, "seconds_per_kimg": 150.0, "d": 0.9})
        clock.now += 61
        progress.step(440)
    assert out.getvalue().splitlines() == [
        "4 / 132 kimg   150 s/kimg   D 0.9   5 h 20 min left",
        "4.4 / 132 kimg   150 s/kimg   D 0.9   5 h 19 min left",
    ]


def test_on_a_terminal_the_line_follows_every_half_second(clock: Clock) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with Progress(CONFIG, console) as progress:
        progress.starting("compiling")
        for step in range(1, 21):
            clock.now += 0.1
            progress.step(step)
    written = out.getvalue()
    assert "compiling …" in written
    assert written.count("/ 132 kimg") in (4, 5), "every half second, and when it goes away"
    assert "0.18 / 132 kimg   10 s/kimg" in written
