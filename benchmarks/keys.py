"""How long a key takes while a drag runs: from its bytes going in to its effect coming out.

The real program runs on a pseudo-terminal. The clock starts when the bytes of an arrow key are
written and stops when the crosshair's new coordinates have been read from the program's output;
only the terminal's own drawing is not in it.

    python benchmarks/keys.py --engine model --keys 200 --size 160x50
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAMS = {
    "spot": ["-m", "tui_draggan.testing.spot_editor", "--endless"],
    "model": ["-m", "tui_draggan", "--steps", "100000", "--patience", "100000", "--tolerance", "0"],
}
LEFT, RIGHT, DOWN = b"\x1b[D", b"\x1b[C", b"\x1b[B"


class Program:
    """A program on a pseudo-terminal."""

    def __init__(self, arguments: list[str], size: tuple[int, int]) -> None:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            environment.pop("TMUX", None)
            environment["PYTHONPATH"] = str(ROOT)
            os.execve(sys.executable, [sys.executable, *arguments], environment)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def send(self, data: bytes) -> None:
        os.write(self._file, data)

    def read_until(self, wanted: bytes, seconds: float = 20.0) -> None:
        """Reads what it writes until `wanted` has come."""
        tail, end = b"", time.monotonic() + seconds
        while wanted not in tail:
            wait = end - time.monotonic()
            if wait <= 0 or not select.select([self._file], [], [], wait)[0]:
                raise TimeoutError(f"{wanted!r} did not come; the last: {tail[-300:]!r}")
            tail = tail[-64:] + os.read(self._file, 65536)

    def drain(self, seconds: float) -> int:
        """Reads for a while; the number of bytes."""
        end, count = time.monotonic() + seconds, 0
        while (wait := end - time.monotonic()) > 0:
            if select.select([self._file], [], [], wait)[0]:
                count += len(os.read(self._file, 65536))
        return count

    def end(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        try:
            while os.read(self._file, 65536):
                pass
        except OSError:
            pass
        os.waitpid(self.pid, 0)


def measure(program: Program, keys: int, pause: float) -> tuple[list[float], float]:
    """Milliseconds of each key, and kilobytes the program writes a second."""
    program.read_until(b"Enter for a handle")
    program.drain(0.3)
    # Two handles side by side that are to go apart: the picture changes, and none arrives.
    for place in (b"30,30:4,30", b"31,30:60,30", b"20,60"):
        program.send(b"g")
        program.drain(0.5)
        program.send(place + b"\r")
        program.drain(0.5)
    program.send(b" ")
    program.read_until(b"running")
    rate = program.drain(1.5) / 1.5 / 1000
    times, x = [], 20
    for number in range(keys):
        right = number // 20 % 2 == 0
        x += 1 if right else -1
        start = time.perf_counter()
        program.send(RIGHT if right else LEFT)
        program.read_until(b"m%d,60 " % x)
        times.append(1000 * (time.perf_counter() - start))
        program.drain(pause)
    return times, rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--engine", choices=sorted(PROGRAMS), default="spot")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--size", default="100x30")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between keys")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    program = Program(PROGRAMS[options.engine], (columns, rows))
    try:
        times, rate = measure(program, options.keys, options.pause)
    finally:
        program.end()
    cuts = statistics.quantiles(times, n=20)
    print(
        f"{options.engine} {options.size}: {len(times)} keys while it runs, "
        f"median {statistics.median(times):.1f} ms, p95 {cuts[-1]:.1f} ms, max {max(times):.1f} ms "
        f"({rate:.0f} kB/s of output)"
    )


if __name__ == "__main__":
    main()
