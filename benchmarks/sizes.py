"""What a model takes: on disk, and in memory while it is imported and while it is dragged.

    python -m benchmarks.sizes [--sizes 256,512,1024] [--engine ort-training] [--network T]

Checkpoints with random weights go through the program's own commands: `import`, and `drag`, which
draws the picture, does ten steps and draws it again. Memory is the most that the process held.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tui_draggan.folders import size_on_disk

BASE = {256: 16384, 512: 32768, 1024: 32768}
"""StyleGAN2's usual channel_base."""
CHECKPOINT = """
import sys, torch
from safetensors.torch import save_file
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator
config = GeneratorConfig.from_channel_base(int(sys.argv[1]), int(sys.argv[2]))
save_file(Generator(config).state_dict(), sys.argv[3])
"""
ALIAS_FREE = """
import sys, torch
from safetensors.torch import save_file
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
radial = dict(channel_base=65536, channel_max=1024, kernel=1, radial=True)
options = radial if sys.argv[2] == "R" else {}
config = AliasFreeConfig.from_schedule(int(sys.argv[1]), **options)
save_file(AliasFreeGenerator(config).state_dict(), sys.argv[3])
"""
"""StyleGAN3's T or R, as published."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--engine", default="ort-training")
    parser.add_argument("--network", choices=("StyleGAN2", "T", "R"), default="StyleGAN2")
    options = parser.parse_args()
    print("| picture | checkpoint | model and optimised graphs | import | drag |")
    print("| --- | --- | --- | --- | --- |")
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as work:
            print(row(size, Path(work), options.engine, options.network), flush=True)


def row(size: int, work: Path, engine: str, network: str) -> str:
    checkpoint = work / "random.safetensors"
    made = [CHECKPOINT, str(size), str(BASE[size])]
    if network != "StyleGAN2":
        made = [ALIAS_FREE, str(size), network]
    run(["-c", *made, str(checkpoint)], work)
    program = ["-m", "tui_draggan"]
    reading, peak = run([*program, "import", str(checkpoint), "--name", "random"], work)
    pair = f"{size // 2},{size // 2}:{size // 4},{size // 4}"
    edit = ["drag", "--model", "random", "--engine", engine, "--device", "cpu", "--point", pair]
    _, dragging = run([*program, *edit, "--steps", "10", "--out", str(work / "out.png")], work)
    data = work / "tui-draggan"
    model, graphs = size_on_disk(data / "models" / "random"), size_on_disk(data / "optimised")
    return (
        f"| {size} px | {checkpoint.stat().st_size / 1e6:.0f} MB "
        f"| {model / 1e6:.0f} MB and {graphs / 1e6:.0f} MB "
        f"| {peak / 1e6:.0f} MB, {reading:.0f} s | {dragging / 1e6:.0f} MB |"
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
