"""What a terminal is asked: how wide it draws a sign, how many pixels a cell has."""

from __future__ import annotations

import os
import re
import select
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5
"""Seconds a terminal, perhaps far away, gets to say where its cursor is."""
QUICK = 0.1
"""Seconds it gets to tell its cells' size, while somebody waits for the first picture."""
VT340_CELL = (10, 20)
"""Cells in pixels where a terminal does not tell: those sixels were made for."""


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


def cell_size() -> tuple[int, int]:
    """Width and height of a cell in pixels, 1 at least: by the kernel, else by the terminal's own
    word, else VT340_CELL."""
    try:
        return _cell_size_of_window() or _cell_size_by_report() or VT340_CELL
    except (OSError, ValueError, ImportError):
        return VT340_CELL


def _cell_size_of_window() -> tuple[int, int] | None:
    """None where the kernel does not know the window's pixels: many terminals tell it none."""
    import fcntl
    import termios

    assert sys.__stdout__ is not None
    answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))
    rows, columns, width, height = struct.unpack("HHHH", answer)
    if not (rows and columns and width >= columns and height >= rows):
        return None
    return width // columns, height // rows


def _cell_size_by_report() -> tuple[int, int] | None:
    """xterm's report: CSI 6 ; height ; width t."""
    with _raw_terminal() as tty:
        os.write(tty, b"\x1b[16t")
        answer = _answer(tty, rb"\x1b\[6;([1-9]\d*);([1-9]\d*)t", QUICK)
    return None if answer is None else (int(answer[2]), int(answer[1]))


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
