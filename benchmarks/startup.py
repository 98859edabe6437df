"""Start to first picture: from the start of the process to the first half blocks on a terminal.

    python benchmarks/startup.py [--repeat 7] [--python OTHER/bin/python ...]

Every program is started in a pseudo-terminal of 100×30; the clock stops when 400 half blocks of the
picture have come out. `--python` adds other environments, one without torch, say.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time

HALF_CELL = "▀".encode()
ENOUGH = 400


def seconds(command: list[str], wanted: bytes, count: int, limit: float = 60) -> float:
    """Until `wanted` has been printed `count` times; the process is then ended."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)
    seen, output = 0, b""
    try:
        while seen < count:
            if time.perf_counter() - started > limit:
                raise TimeoutError(f"no picture within {limit} s; the terminal has {output!r}")
            if select.select([leader], [], [], 0.1)[0]:
                output = os.read(leader, 65536)
                seen += output.count(wanted)
        return time.perf_counter() - started
    finally:
        process.terminate()
        while process.poll() is None:  # a terminal nobody reads blocks who writes to it
            if select.select([leader], [], [], 0.05)[0]:
                try:
                    os.read(leader, 65536)
                except OSError:
                    break
        process.wait()
        os.close(leader)


def has_torch(python: str) -> bool:
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)"
    return subprocess.run([python, "-c", probe], check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--python", action="append", default=[], help="another environment")
    options = parser.parse_args()
    print(f"{'what':34} {'torch installed':16} {'median s':>9} {'worst s':>9}")
    for python in [sys.executable, *options.python]:
        torch = "yes" if has_torch(python) else "no"
        program = [python, "-m", "tui_draggan"]
        cases = {
            "--help": ([*program, "--help"], b"usage", 1),
            "editor, first picture": (program, HALF_CELL, ENOUGH),
        }
        for name, (command, wanted, count) in cases.items():
            times = [seconds(command, wanted, count) for _ in range(options.repeat)]
            median, worst = statistics.median(times), max(times)
            print(f"{name:34} {torch:16} {median:9.2f} {worst:9.2f}")


if __name__ == "__main__":
    main()
