"""A program on a pseudo-terminal, for scripts that time what comes out of it."""

from __future__ import annotations

import os
import select
import time

from tui_draggan.testing.fake_terminal import start_on

_TAIL = 300
"""Bytes of the output that an error shows."""


class TerminalProgram:
    """Started at once, in the repository's folder; `end` ends it."""

    def __init__(self, command: list[str], columns: int = 100, rows: int = 30) -> None:
        self._terminal, self._process = start_on(command, columns, rows)

    def send(self, data: bytes) -> None:
        os.write(self._terminal, data)

    def read_until(self, wanted: bytes, count: int = 1, seconds: float = 60.0) -> bytes:
        """Read the output until `wanted` has come so many times; all that was read. Raises
        TimeoutError."""
        seen, tail, end = 0, b"", time.monotonic() + seconds
        pieces = []
        while seen < count:
            wait = end - time.monotonic()
            if wait <= 0 or not select.select([self._terminal], [], [], wait)[0]:
                raise TimeoutError(f"{wanted!r} did not come within {seconds:g} s after {tail!r}")
            # What is wanted may come in two reads: the end of one is looked at with the next.
            kept = tail[len(tail) - len(wanted) + 1 :] if len(wanted) > 1 else b""
            output = os.read(self._terminal, 65536)
            seen += (kept + output).count(wanted)
            tail = (tail + output)[-_TAIL:]
            pieces.append(output)
        return b"".join(pieces)

    def drain(self, seconds: float) -> int:
        """Read the output for a while; the number of bytes."""
        end, count = time.monotonic() + seconds, 0
        while (wait := end - time.monotonic()) > 0:
            if select.select([self._terminal], [], [], wait)[0]:
                count += len(os.read(self._terminal, 65536))
        return count

    def end(self) -> None:
        """SIGTERM, and read on: a terminal that nobody reads blocks who writes to it."""
        self._process.terminate()
        while self._process.poll() is None:
            if select.select([self._terminal], [], [], 0.05)[0]:
                try:
                    os.read(self._terminal, 65536)
                except OSError:
                    break
        self._process.wait()
        os.close(self._terminal)
