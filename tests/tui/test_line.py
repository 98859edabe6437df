"""How fast the terminal is, by lines of known speed."""

from __future__ import annotations

import pytest

from tui_draggan.tui.line import PATIENCE, PROMPT, Line


class Wire:
    """A line that carries so many bytes a second, and takes a while there and back."""

    def __init__(self, line: Line, rate: float, delay: float) -> None:
        self.line, self.rate, self.delay = line, rate, delay
        self.now, self.written, self._free = 0.0, 0, 0.0
        self._coming: list[float] = []
        self._mark(False)
        self.wait(1.5 * delay)  # a model takes longer to open

    def send(self, count: int) -> None:
        self._mark(False)
        self.written += count
        self._free = max(self._free, self.now) + count / self.rate
        self._mark(True)

    def _mark(self, is_end: bool) -> None:
        if self.line.wants_mark():
            self.line.put(self.written, self.now, is_end)
            self._coming.append(max(self._free, self.now) + self.delay)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        while self._coming and self._coming[0] <= self.now:
            self.line.answered(self._coming.pop(0))

    @property
    def behind(self) -> float:
        """Seconds until all that was sent has arrived."""
        return max(0.0, self._free - self.now)


def draw(wire: Wire, seconds: float, size: int) -> tuple[int, float]:
    """Pictures of such a size, cut to the room there is, as often as the line lets; how many, and
    the longest that a key would have waited behind them in the second half."""
    pictures, longest, end = 0, 0.0, wire.now + seconds
    while wire.now < end:
        wire.wait(1 / 30)
        if not wire.line.is_busy(wire.now):
            room = wire.line.room
            wire.send(size if room is None else min(size, room))
            pictures += 1
        if wire.now > end - seconds / 2:
            longest = max(longest, wire.behind)
    return pictures, longest


@pytest.mark.parametrize("delay", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("rate", [10e3, 20e3, 100e3, 300e3])
def test_a_key_never_waits_long_behind_a_picture(rate: float, delay: float) -> None:
    line = Line()
    wire = Wire(line, rate, delay)
    pictures, longest = draw(wire, 60.0, 100_000)
    assert line.is_slow
    assert longest < 3 * PROMPT, (line.room, longest)
    assert pictures > 60 / (6 * (PROMPT + delay)) / 2, "and still there are pictures"


@pytest.mark.parametrize("delay", [0.001, 0.05, 0.3])
def test_a_fast_line_is_not_held_back(delay: float) -> None:
    line = Line()
    wire = Wire(line, 50e6, delay)
    pictures, _ = draw(wire, 20.0, 100_000)
    assert not line.is_slow and line.room is None
    assert pictures > 0.9 * 20 * 30


def test_a_line_that_becomes_fast_again_is_known_to_be() -> None:
    line = Line()
    wire = Wire(line, 20e3, 0.02)
    draw(wire, 20.0, 100_000)
    assert line.is_slow
    wire.rate = 50e6
    draw(wire, 20.0, 100_000)
    assert not line.is_slow


def test_a_longer_way_is_no_slower_line_for_ever() -> None:
    line = Line()
    wire = Wire(line, 50e6, 0.01)
    draw(wire, 5.0, 50_000)
    wire.delay = 0.2
    draw(wire, 60.0, 50_000)
    assert line.room is None or line.room > 50_000


def test_who_never_answers_is_asked_once_and_never_waited_for() -> None:
    line = Line()
    line.put(0, 0.0, False)
    assert not line.wants_mark() and not line.is_busy(1.0)
    assert not line.is_busy(PATIENCE + 1) and line.room is None


def test_who_stops_answering_is_waited_for_no_longer() -> None:
    line = Line()
    line.put(0, 0.0, False)
    line.answered(0.01)
    for number in range(10):
        line.put(1000 * number, 1.0, True)
    assert line.is_busy(1.1)
    assert not line.is_busy(1.0 + PATIENCE + 0.1) and not line.wants_mark()


def test_an_answer_nobody_waits_for_says_nothing() -> None:
    line = Line()
    line.answered(3.0)
    assert line.room is None
