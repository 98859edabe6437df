"""What a drag costs on the line: bytes that the program writes, for a step that is
shown and for a key.

    python -m benchmarks.bytes [--size 160x50]

The real program on a pseudo-terminal, half blocks in 24-bit colours: the cat of seed 6 grows an
ear, then the crosshair goes up by ten pixels.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys

from benchmarks.terminal import TerminalProgram

PAIR = b"27,27:30,8"
KEYS = 10
UP = b"\x1b[A"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", default="160x50")
    columns, rows = map(int, parser.parse_args().size.split("x"))
    program = TerminalProgram(
        [sys.executable, "-m", "tui_draggan", "--seed", "6", "--graphics", "half"], columns, rows
    )
    try:
        program.read_until(b"Enter for a handle")
        program.drain(2.0)
        program.send(b"g")
        program.drain(0.5)
        program.send(PAIR + b"\r")
        program.drain(1.0)
        program.send(b" ")
        output = program.read_until(b"reached")
        shown = len({*re.findall(rb"(\d+) / \d+", _plain(output))})
        program.drain(2.0)
        keys = []
        for _ in range(KEYS):
            program.send(UP)
            keys.append(program.drain(0.5))
    finally:
        program.end()
    print(
        f"{columns}×{rows}: {len(output) / shown / 1000:.0f} kB a step that is shown ({shown}), "
        f"{statistics.median(keys) / 1000:.1f} kB an arrow key (most {max(keys) / 1000:.1f})"
    )


def _plain(output: bytes) -> bytes:
    return re.sub(rb"\x1b\[[\d;]*m", b"", output)


if __name__ == "__main__":
    main()
