"""How long a key takes while a drag runs: from its bytes going in to its effect coming out.

    python -m benchmarks.keys [--engine model] [--keys 200] [--dialogs 20] [--size 160x50]

The real program runs on a pseudo-terminal. The clock starts when the bytes of a key are written and
stops when its effect has been read from the program's output: the crosshair's new coordinates after
an arrow, the text in a dialog after the key that opens it, in the palette the line that is looked
for after a word typed at once. Only the terminal's own drawing is not in it. Prints median, 95th
percentile and maximum.
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
ESCAPE = b"\x1b"
TURN = 20
"""Keys in one direction, then as many in the other."""
DIALOGS: dict[str, tuple[tuple[str, bytes, bytes], ...]] = {
    "palette": (("palette", b":", b"Set step size"), ("undo in it", b"undo", b" the last edit")),
    "help": (("help", b"?", b"Set a handle point here"),),
    "parameters": (("parameters", b"a", b"default "),),
    "coordinates": (("go to", b"g", b"x,y moves"),),
    "export": (("export", b"e", b"with markers"),),
}
"""What is timed of each, in this order: name, bytes in, bytes that come out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engine", choices=sorted(PROGRAMS), default="spot")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--dialogs", type=int, default=20, help="times that each is opened")
    parser.add_argument("--size", default="100x30")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between keys")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    program = TerminalProgram([sys.executable, *PROGRAMS[options.engine]], columns, rows)
    try:
        rate = start_drag(program)
        times = {"arrow": press_keys(program, options.keys, options.pause)}
        times |= open_dialogs(program, options.dialogs)
    finally:
        program.end()
    print(f"{options.engine} {options.size}, while it runs ({rate:.0f} kB/s of output)")
    print(f"{'':12}{'times':>6}{'median':>8}{'p95':>8}{'max':>8} ms")
    for name, row in times.items():
        if len(row) > 1:
            p95 = statistics.quantiles(row, n=20)[-1]
            print(f"{name:12}{len(row):6}{statistics.median(row):8.1f}{p95:8.1f}{max(row):8.1f}")


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
        times.append(answer_time(program, RIGHT if right else LEFT, b"m%d,60 " % x))
        program.drain(pause)
    return times


def open_dialogs(program: TerminalProgram, count: int) -> dict[str, list[float]]:
    """Milliseconds of each, so many times."""
    times: dict[str, list[float]] = {}
    for _ in range(count):
        for steps in DIALOGS.values():
            for name, keys, wanted in steps:
                times.setdefault(name, []).append(answer_time(program, keys, wanted))
                program.drain(0.2)
            program.send(ESCAPE)
            program.drain(0.5)  # a lone Escape is known as one after a while
    return times


def answer_time(program: TerminalProgram, keys: bytes, wanted: bytes) -> float:
    """Milliseconds until that has come out."""
    start = time.perf_counter()
    program.send(keys)
    program.read_until(wanted)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
