"""What a model takes: on disk, in memory while it is imported and while it is dragged, and in time.

    python -m benchmarks.sizes [--sizes 256,512,1024] [--engine ort-training] [--network T]

Checkpoints with random weights go through the program's own commands: `import`, and `drag`, which
draws the picture, does ten steps and draws it again. Memory is the most that the process held; of
the steps' times it is the median.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.random_checkpoint import NETWORKS
from tui_draggan.folders import size_on_disk


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--engine", default="ort-training")
    parser.add_argument("--network", choices=NETWORKS, default="StyleGAN2")
    options = parser.parse_args()
    print("| picture | checkpoint | model and optimised graphs | import | drag | a step |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as work:
            print(row(size, Path(work), options.engine, options.network), flush=True)


def row(size: int, work: Path, engine: str, network: str) -> str:
    checkpoint = work / "random.pt"
    run(["-m", "benchmarks.random_checkpoint", network, str(size), str(checkpoint)], work)
    program = ["-m", "tui_draggan"]
    reading, peak = run([*program, "import", str(checkpoint), "--name", "random"], work)
    pair = f"{size // 2},{size // 2}:{size // 4},{size // 4}"
    edit = ["drag", "--model", "random", "--engine", engine, "--device", "cpu", "--point", pair]
    steps = work / "steps.jsonl"
    written = ["--out", str(work / "out.png"), "--log", str(steps)]
    _, dragging = run([*program, *edit, "--steps", "10", *written], work)
    times = [json.loads(line)["ms"] for line in steps.read_text().splitlines()]
    data = work / "tui-draggan"
    model, graphs = size_on_disk(data / "models" / "random"), size_on_disk(data / "optimised")
    return (
        f"| {size} px | {checkpoint.stat().st_size / 1e6:.0f} MB "
        f"| {model / 1e6:.0f} MB and {graphs / 1e6:.0f} MB "
        f"| {peak / 1e6:.0f} MB, {reading:.0f} s | {dragging / 1e6:.0f} MB "
        f"| {statistics.median(times):.0f} ms |"
    )


def run(arguments: list[str], home: Path) -> tuple[float, int]:
    """Seconds and most bytes held of a Python process with a home of its own."""
    folders = {f"XDG_{kind}_HOME": str(home) for kind in ("DATA", "STATE", "CACHE", "CONFIG")}
    start = time.perf_counter()
    with (home / "said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **folders},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in (0, 3):  # 3: stopped before the target
            said.seek(0)
            sys.exit(f"{' '.join(arguments[:4])} ended with {code}: {said.read()[-500:]}")
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return time.perf_counter() - start, peak


if __name__ == "__main__":
    main()
