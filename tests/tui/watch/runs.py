"""Folders like those that training leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16
COLUMNS, ROWS = 8, 4


def write_config(folder: Path, **values: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"resolution": SIDE, "data": "/somewhere/kittens", "batch": 16, "kimg": 100.0}
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def write_lines(folder: Path, *lines: dict[str, object]) -> None:
    """Adds them to the log."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def line(kimg: float, **values: object) -> dict[str, object]:
    return {"step": round(kimg * 62.5), "kimg": kimg, "seconds": 30 * kimg, **values}


def colour_of(kimg: int) -> tuple[int, int, int]:
    return (kimg * 37 % 200 + 40, kimg * 91 % 200 + 40, kimg * 53 % 200 + 40)


def write_grid(folder: Path, kimg: int, shape: tuple[int, int] = (ROWS, COLUMNS)) -> None:
    """All its samples in the colour of `kimg`, but the first, which is white."""
    image = np.full((shape[0] * SIDE, shape[1] * SIDE, 3), colour_of(kimg), np.uint8)
    image[:SIDE, :SIDE] = 255
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / "samples" / f"{kimg:06d}.png")


def whole_run(folder: Path, kimg: int = 40) -> Path:
    """A run of 100 kimg that is at `kimg`, with a grid every ten."""
    write_config(folder)
    for done in range(1, kimg + 1):
        values = {"d": 1 + 1 / done, "g": 2 - 1 / done, "p": done / 400, "seconds_per_kimg": 30.0}
        write_lines(folder, line(done, **values))
        if done % 10 == 0:
            write_lines(folder, line(done, metric=1 / done))
            write_grid(folder, done)
    return folder
