"""A terminal that answers as it is told: late, wrongly, in pieces, or not at all.

A pseudo-terminal, with a thread at its other end that reads what the program writes and answers
the questions in it. It draws nothing: what is to be seen is looked for in the output.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui_draggan.testing.waiting import LIMIT, wait_until

ROOT = Path(__file__).parents[2]
"""Folder from which programs are run: the repository, where this is its package."""
FOREIGN = ("TMUX", "STY", "NO_COLOR", "COLUMNS", "LINES", "TEXTUAL_DRIVER", "TEXTUAL_COLOR_SYSTEM")
"""Variables that say something about another terminal."""
ALT_SCREEN_LEFT, CURSOR_SHOWN = b"\x1b[?1049l", b"\x1b[?25h"

ATTRIBUTES, CELL, KITTY = b"\x1b[c", b"\x1b[16t", b"\x1b_Gi=31,"
"""Questions: what it can do (DA1), pixels of a cell, kitty's protocol."""
COLOURS = b"\x1bP$qm"
"""Question what background is set: whether it has all 24 bits."""
RESIZES, RESIZES_ON = b"\x1b[?2048$p", b"\x1b[?2048h"
"""Question whether it tells its size by itself, and the request to."""
READY = b"\x1b[5n"
"""Question whether all before it has been drawn."""
MOUSE_PIXELS = b"\x1b[?1016$p"
"""Question whether it reports the mouse in pixels."""

SIP = 256
"""Bytes that a slow terminal reads at once."""

Answers = Mapping[bytes, Sequence[tuple[float, bytes]]]
"""Question → what is said, each so many seconds after it was asked."""


def start_on(
    command: Sequence[str],
    columns: int,
    rows: int,
    pixels: tuple[int, int] = (0, 0),
    environment: Mapping[str, str] | None = None,
) -> tuple[int, subprocess.Popen[bytes]]:
    """A program on a pseudo-terminal of that size, and the terminal's end of it; `python` is the
    one that runs this."""
    clean = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    terminal, program_side = pty.openpty()
    set_size(terminal, columns, rows, pixels)
    process = subprocess.Popen(
        [sys.executable if word == "python" else word for word in command],
        stdin=program_side,
        stdout=program_side,
        stderr=program_side,
        cwd=ROOT,
        env={**clean, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that it hears of its size
    )
    os.close(program_side)
    return terminal, process


def set_size(terminal: int, columns: int, rows: int, pixels: tuple[int, int] = (0, 0)) -> None:
    """Cells and pixels of a pseudo-terminal, as the kernel tells them to the program."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))


class FakeTerminal:
    """A program in such a terminal; `close` ends it."""

    def __init__(
        self,
        *command: str,
        answers: Answers | None = None,
        size: tuple[int, int] = (100, 30),
        pixels: tuple[int, int] = (0, 0),
        speed: float = 0.0,
        **environment: str,
    ) -> None:
        """speed: bytes that it reads a second; 0: as many as come."""
        self._speed = speed
        self._terminal, self._process = start_on(command, *size, pixels, environment)
        self._before = termios.tcgetattr(self._terminal)
        self._answers = answers or {}
        self._due: list[tuple[float, int, bytes]] = []
        self._asked = 0
        self.output = b""
        """All that the program has written."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, data: bytes) -> None:
        """Keys, mouse reports, or answers to what was not asked."""
        os.write(self._terminal, data)

    def resize(self, columns: int, rows: int, pixels: tuple[int, int] = (0, 0)) -> None:
        set_size(self._terminal, columns, rows, pixels)

    def wait_for(self, wanted: str | bytes, after: int = 0) -> int:
        """Until that is written after so many bytes; the number of bytes that are written then.

        Text must stand in one row; its colours do not matter.
        """

        def there() -> bool:
            output = self.output[after:]
            if isinstance(wanted, bytes):
                return wanted in output
            return wanted.encode() in re.sub(rb"\x1b\[[\d;]*m", b"", output)

        wait_until(
            lambda: there() or not self._reader.is_alive(),
            lambda: f"{wanted!r} after {self.output[after:][-1500:]!r}",
        )
        assert there(), f"{wanted!r} not in {self.output[after:][-3000:]!r}"
        return len(self.output)

    def ended(self) -> tuple[int, str]:
        """Waits for the end; exit status, and what was said after the screen was left."""
        status = self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        said = self.output.rpartition(CURSOR_SHOWN)[2].decode(errors="replace")
        return status, re.sub(r"\x1b(?:\[[ -?]*[@-~]|_[^\x1b]*\x1b\\)", "", said)

    def wait_until_answered(self) -> None:
        """Until something has been asked and all answers to it are given."""
        wait_until(lambda: self._asked and not self._due, "an answer")

    @property
    def is_sane(self) -> bool:
        """Whether the alternate screen is left, the cursor shows, and lines are edited."""
        left = self.output.rfind(ALT_SCREEN_LEFT) > self.output.rfind(b"\x1b[?1049h")
        shown = self.output.rfind(CURSOR_SHOWN) > self.output.rfind(b"\x1b[?25l")
        return left and shown and termios.tcgetattr(self._terminal)[:4] == self._before[:4]

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Kills the program where it still runs."""
        self._process.kill()
        self._process.wait()
        self._reader.join(LIMIT)
        os.close(self._terminal)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the program has ended
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else 0.2
                if select.select([self._terminal], [], [], max(0.0, wait))[0]:
                    data = os.read(self._terminal, 65536 if not self._speed else SIP)
                    if self._speed:
                        time.sleep(len(data) / self._speed)
                    self._take(data)
                while self._due and self._due[0][0] <= time.monotonic():
                    os.write(self._terminal, heapq.heappop(self._due)[2])

    def _take(self, data: bytes) -> None:
        seen = len(self.output)
        self.output += data
        for question, answers in self._answers.items():
            # A question may come in two reads.
            news = self.output[max(0, seen - len(question) + 1) :]
            for _ in range(news.count(question)):
                for delay, answer in answers:
                    self._asked += 1
                    heapq.heappush(self._due, (time.monotonic() + delay, self._asked, answer))
