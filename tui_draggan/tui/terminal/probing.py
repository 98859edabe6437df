"""What a terminal is asked by a program without a screen, which waits for the answer."""

from __future__ import annotations

import os
import re
import select
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tui_draggan.tui.terminal.replies import (
    Answer,
    Attributes,
    CellSize,
    Reply,
    Sieve,
    believed_cell,
    parse,
)

PATIENCE = 0.5
"""Seconds a terminal, perhaps far away, gets to answer."""


def widths(signs: str) -> list[int] | None:
    """Cells each sign takes; None where there is no terminal or it does not answer."""
    try:
        with _raw_terminal() as tty:
            try:
                return _widths(tty, signs)
            finally:
                os.write(tty, b"\r\x1b[K")
    except (OSError, ValueError, ImportError):
        return None


def _widths(tty: int, signs: str) -> list[int] | None:
    found = []
    for sign in signs:
        os.write(tty, f"\r{sign}\x1b[6n".encode())
        answer = _answer(tty, rb"\x1b\[\d+;(\d+)R", PATIENCE)  # the cursor's row and column
        if answer is None:
            return None
        found.append(int(answer[1]) - 1)
    return found


def cell_of_window() -> CellSize | None:
    """Pixels of a cell by the kernel, which many terminals tell none: None then, and where what
    they tell cannot be."""
    import fcntl
    import termios

    try:
        assert sys.__stdout__ is not None
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return None
    rows, columns, width, height = struct.unpack("HHHH", answer)
    return believed_cell(width // columns, height // rows) if rows and columns else None


def answers(questions: str) -> list[Reply]:
    """What the terminal answers, up to its attributes, which must be the last question."""
    replies: list[Reply] = []
    if not questions:
        return replies
    try:
        with _raw_terminal() as tty:
            os.write(tty, questions.encode())
            sieve = Sieve()
            while select.select([tty], [], [], PATIENCE)[0]:
                text = os.read(tty, 4096).decode(errors="replace")
                pieces = sieve.feed(text, time.monotonic())
                replies += [parse(piece.text) for piece in pieces if isinstance(piece, Answer)]
                if not text or any(isinstance(reply, Attributes) for reply in replies):
                    break
    except (OSError, ValueError, ImportError):
        pass
    return replies


def _answer(tty: int, pattern: bytes, patience: float) -> re.Match[bytes] | None:
    """What the terminal says in that form; None where so many seconds pass in silence."""
    answer = b""
    while select.select([tty], [], [], patience)[0]:
        answer += os.read(tty, 64)
        found = re.search(pattern, answer)
        if found:
            return found
    return None


@contextmanager
def _raw_terminal() -> Iterator[int]:
    """The terminal without echo or line editing; afterwards as it was."""
    import termios
    import tty as modes

    if not (sys.__stdin__ and sys.__stdin__.isatty()):
        raise OSError("standard input is not a terminal")
    tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    try:
        before = termios.tcgetattr(tty)
        try:
            modes.setcbreak(tty)
            yield tty
        finally:
            termios.tcsetattr(tty, termios.TCSADRAIN, before)
    finally:
        os.close(tty)
