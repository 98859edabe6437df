"""The gallery in terminals that draw pictures themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_draggan.testing.fake_terminal import ATTRIBUTES, CELL, KITTY, Answers, FakeTerminal
from tui_draggan.testing.waiting import wait_until

pytestmark = pytest.mark.slow

SIXEL: Answers = {ATTRIBUTES: [(0, b"\x1b[?62;4;22c")], CELL: [(0, b"\x1b[6;20;10t")]}
PIXELS: Answers = {
    ATTRIBUTES: [(0, b"\x1b[?62;22c")],
    CELL: [(0, b"\x1b[6;20;10t")],
    KITTY: [(0, b"\x1b_Gi=31;OK\x1b\\")],
}


@pytest.fixture(params=[(SIXEL, b"\x1bP"), (PIXELS, b"\x1b_Ga=T,U=1")], ids=["sixel", "kitty"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FakeTerminal, bytes]]:
    """The editor on the engine with a known answer, and what begins a picture there."""
    answers, begin = request.param
    terminal = FakeTerminal(
        *("python", "-m", "tui_draggan.testing.spot_editor", "--graphics", "auto"),
        answers=answers,
        XDG_STATE_HOME=str(tmp_path),
    )
    yield terminal, begin
    terminal.close()


def test_every_row_is_a_picture_and_the_editors_comes_back(
    opened: tuple[FakeTerminal, bytes],
) -> None:
    terminal, begin = opened
    terminal.wait_for(begin)
    before = len(terminal.output)
    terminal.send(b"G")
    terminal.wait_for("gallery", before)
    wait_until(lambda: terminal.output.count(begin, before) >= 3, "three rows")
    for key in (b"\x1b[C", b"\x1b"):  # another picture is chosen; the editor is back
        before = len(terminal.output)
        terminal.send(key)
        terminal.wait_for(begin, before)
    terminal.send(b"\x03")
    status, said = terminal.ended()
    assert (status, said.strip()) == (130, "") and terminal.is_sane
