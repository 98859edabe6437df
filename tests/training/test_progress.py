"""What the line of progress says."""

from __future__ import annotations

from dataclasses import replace

from tests.training.tiny import ADVERSARIAL
from tui_draggan.training.progress import progress_line


def test_the_progress_line_says_what_one_wants_to_know() -> None:
    values = {"kimg": 12.0, "seconds_per_kimg": 30.0, "d": 0.91, "g": 1.2, "p": 0.125, "metric": 9}
    line = progress_line(values, replace(ADVERSARIAL, kimg=132.0))
    assert line == (
        "12.0 / 132 kimg   30.0 s/kimg   D 0.91   G 1.2   p 0.125   SWD 9   1 h 00 min left"
    )
