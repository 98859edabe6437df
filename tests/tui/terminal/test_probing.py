"""What a terminal tells of itself: a pseudo-terminal with somebody at its other end."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Iterator

import pytest

from tui_draggan.tui.terminal import probing
from tui_draggan.tui.terminal.replies import CellSize


@pytest.fixture
def follower(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pseudo-terminal as standard output, without a keyboard."""
    leader, follower = pty.openpty()
    with os.fdopen(os.dup(follower), "w") as stream, open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, "__stdout__", stream)
        monkeypatch.setattr(sys, "__stdin__", nothing)
        yield follower
    os.close(leader)
    os.close(follower)


@pytest.mark.parametrize(
    ("window", "cell"),
    [
        ((30, 100, 900, 540), CellSize(9, 18)),
        ((30, 100, 0, 0), None),
        ((0, 0, 900, 540), None),
        ((30, 100, 50, 540), None),
        ((30, 100, 100, 30), None),
        ((30, 100, 65535, 65535), None),
    ],
)
def test_a_cells_size_is_the_windows_share(
    follower: int, window: tuple[int, int, int, int], cell: CellSize | None
) -> None:
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", *window))
    assert probing.cell_of_window() == cell


def test_where_nobody_answers_nothing_is_known(follower: int) -> None:
    assert probing.widths("✛") is None
