"""Trains the small bundled generator on critters, in two stages in one process.

Stage 1 (paired): z → its drawn critter, by regression; shapes and colours, and a W in which the
renderer's parameters can be told apart. Stage 2 (adversarial): StyleGAN2's game for sharpness,
with a part of the paired loss so that shapes hold.

Every random choice is a function of the seed and the step, so a resumed run repeats an
uninterrupted one to the bit. `python -m tui_draggan.training.loop --help`
"""

import argparse
import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.pairs import batch_indices, draw_pairs, open_pairs
from tui_draggan.training.report import LOG, Log, held_out, passes, write_samples
from tui_draggan.training.state import TrainingState, save_generator
from tui_draggan.training.steps import train_step

SNAPSHOT = "snapshot.pt"
GENERATOR = "generator.pt"
STAGE1 = "stage1.pt"


def train(folder: Path, config: TrainingConfig, stop_after: int | None = None) -> TrainingState:
    """Run both stages in ``folder``, from its snapshot where there is one.

    Writes snapshot.pt (to resume), generator.pt ({"config", "state", "kimg"} of the averaged
    generator), stage1.pt (the same, as stage 1 left it), log.jsonl and samples/*.png. SIGTERM and
    SIGINT end the run after the current step, with a snapshot; so does ``stop_after`` steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = TrainingState(config)
    if (folder / SNAPSHOT).exists():
        state.load(folder / SNAPSHOT)
    pairs = open_pairs(folder, config.pairs, config.generator.resolution, config.seed)
    samples = draw_pairs(64, config.generator.resolution, config.seed + 1).batch(np.arange(64))
    log = Log(folder / LOG, config)
    last_step = config.total_steps
    if stop_after is not None:
        last_step = min(last_step, state.step + stop_after)
    saved = time.monotonic()
    with _StopSignals() as stop:
        while state.step < last_step and not stop.asked:
            indices = batch_indices(len(pairs), config.batch, state.step, config.seed)
            values = train_step(state, pairs.batch(indices), config)
            log.add(state.step, values)
            if passes(state.step, config.samples_kimg, config.batch):
                write_samples(folder, state, samples, config)
                log.note(state.step, held_out=held_out(state, samples, config))
            if state.step == config.paired_steps:
                save_generator(state, config, folder / STAGE1)
            if time.monotonic() - saved > config.snapshot_seconds:
                saved = time.monotonic()
                state.save(folder / SNAPSHOT)
                save_generator(state, config, folder / GENERATOR)
    state.save(folder / SNAPSHOT)
    save_generator(state, config, folder / GENERATOR)
    return state


class _StopSignals:
    """While entered, SIGTERM and SIGINT only set ``asked``."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_StopSignals":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True


def main(arguments: list[str] | None = None) -> None:
    defaults = TrainingConfig()
    parser = argparse.ArgumentParser(description="Train the small generator of critters.")
    parser.add_argument("folder", type=Path, help="where the run lives; resumed if it has begun")
    parser.add_argument("--paired-kimg", type=float, default=defaults.paired_kimg)
    parser.add_argument("--adversarial-kimg", type=float, default=defaults.adversarial_kimg)
    parser.add_argument("--adversarial-share", type=float, default=defaults.adversarial_share)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    config = TrainingConfig(
        paired_kimg=options.paired_kimg,
        adversarial_kimg=options.adversarial_kimg,
        adversarial_share=options.adversarial_share,
    )
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "pid").write_text(f"{os.getpid()}\n")
    (options.folder / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    train(options.folder, config)


if __name__ == "__main__":
    main()
