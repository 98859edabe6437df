"""How long a key takes while a drag runs: from its bytes going in to its effect coming out.

    python -m benchmarks.keys [--engine model] [--keys 200] [--size 160x50]

The real program runs on a pseudo-terminal. The clock starts when the bytes of an arrow key are
written and stops when the crosshair's new coordinates have been read from the program's output;
only the terminal's own drawing is not in it. Prints median, 95th percentile and maximum.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from benchmarks.terminal import TerminalProgram

PROGRAMS = {
    "spot": ["-m", "tui_draggan.testing.spot_editor", "--endless"],
    "model": ["-m", "tui_draggan", "--steps", "100000", "--patience", "100000", "--tolerance", "0"],
}
LEFT, RIGHT = b"\x1b[D", b"\x1b[C"
TURN = 20
"""Keys in one direction, then as many in the other."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engine", choices=sorted(PROGRAMS), default="spot")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--size", default="100x30")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between keys")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    program = TerminalProgram([sys.executable, *PROGRAMS[options.engine]], columns, rows)
    try:
        rate = start_drag(program)
        times = press_keys(program, options.keys, options.pause)
    finally:
        program.end()
    percentiles = statistics.quantiles(times, n=20)
    print(
        f"{options.engine} {options.size}: {len(times)} keys while it runs, median "
        f"{statistics.median(times):.1f} ms, p95 {percentiles[-1]:.1f} ms, max {max(times):.1f} ms "
        f"({rate:.0f} kB/s of output)"
    )


def start_drag(program: TerminalProgram) -> float:
    """Set points and start; kilobytes that the program then writes a second."""
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
    return program.drain(1.5) / 1.5 / 1000


def press_keys(program: TerminalProgram, keys: int, pause: float) -> list[float]:
    """Milliseconds of each key."""
    times, x = [], 20
    for number in range(keys):
        right = number // TURN % 2 == 0
        x += 1 if right else -1
        start = time.perf_counter()
        program.send(RIGHT if right else LEFT)
        program.read_until(b"m%d,60 " % x)
        times.append(1000 * (time.perf_counter() - start))
        program.drain(pause)
    return times


if __name__ == "__main__":
    main()
