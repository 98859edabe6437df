"""The program's own commands on the device: drag, import, train."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import save_file

from benchmarks.gpu_lines.setting import Setting, Told
from tui_draggan.bench.contenders import WEIGHTS
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.cli import main
from tui_draggan.run_folder import RunFolder
from tui_draggan.training.log import read_log

TRAINING_SECONDS = 60
DONE = (0, 3)
"""Statuses of a drag that ran: at its target, or stopped short of it."""
PICTURES = 64
"""Pictures to train on."""


def drag(setting: Setting) -> Told:
    """A headless drag of a model by its folder."""
    size = setting.sizes[0]
    return _drag(setting, str(setting.model(size).path), size, "drag.png")


def import_and_drag(setting: Setting) -> Told:
    """A file of weights, imported, and dragged on the device."""
    size = setting.sizes[0]
    file, folder = setting.work / "weights.safetensors", setting.work / "imported"
    save_file(load_generator(setting.model(size).file(WEIGHTS)).state_dict(), file)
    began = time.perf_counter()
    status = main(["import", str(file), "--out", str(folder)])
    if status:
        return Told(f"import ended with status {status}", passed=False)
    seconds = time.perf_counter() - began
    told = _drag(setting, str(folder), size, "imported.png")
    return Told(f"imported in {seconds:.1f} s; {told.words}", told.passed)


def training(setting: Setting) -> Told:
    """A minute of it, at 256 px in bfloat16 on random pictures."""
    size, batch = (64, 4) if setting.small else (256, 32)
    folder, run = setting.work / "pictures", setting.work / "run"
    _write_pictures(folder, size)
    words = ["train", "--data", str(folder), "--classes", "none", "--resolution", str(size)]
    words += ["--out", str(run), "--batch", str(batch), "--device", setting.device]
    words += ["--samples-kimg", "100000", "--snapshot-kimg", "100000"]
    if setting.small:
        words += ["--kimg", "0.016", "--log-kimg", "0.004", "--channel-base", "256"]
        words += ["--channel-max", "8", "--workers", "0"]
    else:
        words += ["--log-kimg", "0.5", "--precision", "bf16", "--workers", "8"]
        clock = threading.Timer(TRAINING_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
        clock.daemon = True
        clock.start()
    status = main(words)
    lines = [line for line in read_log(RunFolder(run)) if "seconds_per_kimg" in line]
    if status or not lines:
        return Told(f"train ended with status {status}, {len(lines)} lines", passed=False)
    # The first line has the choice of kernels in it.
    pace = float(np.median([line["seconds_per_kimg"] for line in lines[1:] or lines]))
    values = {"seconds_per_kimg": pace, "lines": lines}
    words_told = f"{size} px, batch {batch}: {1 / pace:.3g} kimg/s, {3600 / pace:.4g} kimg an hour"
    return Told(words_told, True, values)


def _drag(setting: Setting, model: str, size: int, name: str) -> Told:
    out = setting.work / name
    kind = "torch" if setting.on_gpu else "ort"
    pair = f"{size // 2},{size // 2}:{size // 4},{size // 4}"
    words = ["drag", "--model", model, "--engine", kind, "--device", setting.device]
    words += ["--point", pair, "--steps", "3" if setting.small else "50", "--out", str(out)]
    began = time.perf_counter()
    status = main(words)
    seconds = time.perf_counter() - began
    if status not in DONE or not out.exists():
        return Told(f"drag ended with status {status}", passed=False)
    with Image.open(out) as picture:
        return Told(f"{picture.width} px picture in {seconds:.1f} s, start included")


def _write_pictures(folder: Path, size: int) -> None:
    """Random colours, smooth enough to be pictures."""
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for index in range(PICTURES):
        small = numbers.integers(0, 256, (8, 8, 3), np.uint8)
        picture = Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)
        picture.save(folder / f"{index:03d}.png")
