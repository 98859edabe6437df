"""Asks the terminal how wide it draws a sign: by writing it and asking where the cursor is."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5
"""Seconds a terminal, perhaps far away, gets to answer."""


def widths(signs: str) -> list[int] | None:
    """Cells each sign takes; None where there is no terminal or it does not answer."""
    try:
        with _raw_terminal() as tty:
            found = []
            for sign in signs:
                os.write(tty, f"\r{sign}\x1b[6n".encode())
                column = _column(tty)
                if column is None:
                    return None
                found.append(column - 1)
            return found
    except (OSError, ValueError, ImportError):
        return None


def _column(tty: int) -> int | None:
    """The cursor's column, 1 at the left, from the report CSI row ; column R."""
    answer = b""
    while select.select([tty], [], [], PATIENCE)[0]:
        answer += os.read(tty, 64)
        report = re.search(rb"\x1b\[\d+;(\d+)R", answer)
        if report:
            return int(report[1])
    return None


@contextmanager
def _raw_terminal() -> Iterator[int]:
    """The terminal without echo or line editing; afterwards as it was, on an empty line."""
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
            os.write(tty, b"\r\x1b[K")
            termios.tcsetattr(tty, termios.TCSADRAIN, before)
    finally:
        os.close(tty)
