"""Start to first picture: from the start of the process to the first half blocks on a terminal.

    python -m benchmarks.startup [--repeat 7] [--python OTHER/bin/python ...]

Every program is started on a pseudo-terminal of 100×30; the clock stops when 400 half blocks of the
picture have come out, and for `--help` when the usage has. `--python` adds other environments, one
without torch, say.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from benchmarks.terminal import TerminalProgram

HALF_BLOCK = "▀".encode()
ENOUGH = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--python", action="append", default=[], help="another environment")
    options = parser.parse_args()
    print(f"{'what':34} {'torch installed':16} {'median s':>9} {'worst s':>9}")
    for python in [sys.executable, *options.python]:
        torch = "yes" if has_torch(python) else "no"
        program = [python, "-m", "tui_draggan"]
        cases = {
            "--help": ([*program, "--help"], b"usage", 1),
            "editor, first picture": (program, HALF_BLOCK, ENOUGH),
        }
        for name, (command, wanted, count) in cases.items():
            times = [seconds(command, wanted, count) for _ in range(options.repeat)]
            median, worst = statistics.median(times), max(times)
            print(f"{name:34} {torch:16} {median:9.2f} {worst:9.2f}")


def seconds(command: list[str], wanted: bytes, count: int) -> float:
    """Until `wanted` has been printed `count` times; the process is then ended."""
    started = time.perf_counter()
    program = TerminalProgram(command)
    try:
        program.read_until(wanted, count)
        return time.perf_counter() - started
    finally:
        program.end()


def has_torch(python: str) -> bool:
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)"
    return subprocess.run([python, "-c", probe], check=False).returncode == 0


if __name__ == "__main__":
    main()
