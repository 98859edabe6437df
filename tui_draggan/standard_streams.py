"""Standard output and error: signs they cannot show are replaced, and what cannot be written is an
error like any other."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress

from tui_draggan.wording import printable


class Lines(logging.Formatter):
    """What is logged, as a line fit for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def prepare() -> None:
    """Makes both streams fit for any text, and so what is logged where nobody listens.

    Where Python has none, since it was started with the file closed, there is one afterwards that
    cannot be flushed, so that output is not lost in silence and the file's number stays taken.
    """
    if sys.stdout is None:
        sys.stdout = _unwritable()
    if sys.stderr is None:
        sys.stderr = _unwritable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Lines())


def say(*lines: str) -> None:
    """Prints lines, which may hold text from files, paths and variables, at once."""
    for line in lines:
        print(printable(line), flush=True)


def remark(*lines: str) -> None:
    """`say` beside the results: on standard error."""
    for line in lines:
        print(printable(line), file=sys.stderr)


def complain(line: str) -> None:
    """`remark`, as the last word before the process ends: it may be lost."""
    with suppress(OSError):
        remark(line)


def discard() -> None:
    """Forgets what the streams still hold, so that Python does not try to write it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _unwritable() -> io.TextIOWrapper:
    return open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: PTH123
