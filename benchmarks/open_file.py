"""`tui-draggan FILE`: from the start of the process to the first picture, and the second time.

    python -m benchmarks.open_file [--sizes 512,1024] [--repeat 3] [--network T]

Checkpoints have random weights. The first time, pictures come from the weights while the model is
exported; what that takes stands beside. The second time the model is there. The clock stops as in
`benchmarks.startup`; each first time has an empty cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.random_checkpoint import NETWORKS
from benchmarks.startup import ENOUGH, HALF_BLOCK
from benchmarks.terminal import TerminalProgram
from tui_draggan import paths
from tui_draggan.bundle import MANIFEST

LOOK = 15.0
"""Seconds that the first editor stays after that: in it, what the next start needs is tried."""
EXPORT = 300.0
"""Seconds that an export may take."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="512,1024")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--network", choices=NETWORKS, default="StyleGAN2")
    options = parser.parse_args()
    print("| picture | first picture, s | model there, s | second time, s |")
    print("| --- | --- | --- | --- |")
    for size in map(int, options.sizes.split(",")):
        rows = [times(size, options.network) for _ in range(options.repeat)]
        medians = (f"{statistics.median(column):.2f}" for column in zip(*rows, strict=True))
        print(f"| {size} px | {' | '.join(medians)} |", flush=True)


def times(size: int, network: str) -> tuple[float, float, float]:
    """Seconds to the first picture, to the model, and to the first picture the second time."""
    with tempfile.TemporaryDirectory() as work:
        for kind in ("DATA", "STATE", "CACHE", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(work, kind.lower()))
        file = Path(work, "random.pt")
        words = ["benchmarks.random_checkpoint", network, str(size), str(file)]
        subprocess.run([sys.executable, "-m", *words], check=True)
        program = [sys.executable, "-m", "tui_draggan", str(file)]
        began = time.perf_counter()
        first = TerminalProgram(program)
        first.read_until(HALF_BLOCK, ENOUGH)
        picture = time.perf_counter() - began
        while not list(paths.opened_models().glob(f"*/{MANIFEST}")):
            first.drain(0.05)
            if time.perf_counter() - began > EXPORT:
                raise TimeoutError(f"no model of {size} px in {EXPORT:.0f} s")
        model = time.perf_counter() - began
        while _exporting(work):  # graphs are optimised
            first.drain(0.05)
        first.drain(LOOK)
        first.end()
        began = time.perf_counter()
        second = TerminalProgram(program)
        second.read_until(HALF_BLOCK, ENOUGH)
        again = time.perf_counter() - began
        second.end()
        return picture, model, again


def _exporting(work: str) -> bool:
    """Whether the process that writes the model is still at it."""
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            if b"opened_files.exporting" in words and work.encode() in words:
                return True
    return False


if __name__ == "__main__":
    main()
