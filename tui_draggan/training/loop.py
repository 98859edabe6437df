"""Trains the bundled generator on critters, in two stages in one process.

Stage 1 (paired): z and species → the drawn critter, by regression, first at half the resolution;
shapes and colours, a W in which the renderer's parameters can be told apart, and rows of w+ that
know whether they are for shapes or for colours. Stage 2 (adversarial, none unless asked for):
StyleGAN2's game for sharpness, with the paired loss beside it so that shapes hold.

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

import torch

from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.pairs import draw_batch
from tui_draggan.training.report import LOG, Log, held_out, passes, write_samples
from tui_draggan.training.state import TrainingState, save_generator
from tui_draggan.training.steps import train_step

SNAPSHOT = "snapshot.pt"
GENERATOR = "generator.pt"
STAGE1 = "stage1.pt"


def train(
    folder: Path,
    config: TrainingConfig,
    stop_after: int | None = None,
    device: torch.device | str = "cpu",
) -> TrainingState:
    """Run both stages in ``folder``, from its snapshot where there is one.

    Writes snapshot.pt (to resume), generator.pt ({"config", "state", "kimg"} of the averaged
    generator), stage1.pt (the same, as stage 1 left it), log.jsonl and samples/*.png. SIGTERM and
    SIGINT end the run after the current step, with a snapshot; so does ``stop_after`` steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = TrainingState(config, device)
    if (folder / SNAPSHOT).exists():
        state.load(folder / SNAPSHOT)
    log = Log(folder / LOG, config)
    last_step = config.total_steps
    if stop_after is not None:
        last_step = min(last_step, state.step + stop_after)
    saved = time.monotonic()
    with _StopSignals() as stop:
        while state.step < last_step and not stop.asked:
            resolution = config.resolution_at(state.step)
            seed = (config.seed, state.step)
            batch = draw_batch(config.batch, resolution, seed, config.mixed, device)
            values = train_step(state, batch, config)
            log.add(state.step, values)
            if passes(state.step, config.samples_kimg, config.batch):
                # No step has this seed.
                samples = draw_batch(64, resolution, (config.seed, config.total_steps), 0.0, device)
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
    parser = argparse.ArgumentParser(description="Train the generator of critters.")
    parser.add_argument("folder", type=Path, help="where the run lives; resumed if it has begun")
    parser.add_argument("--small-kimg", type=float, default=defaults.small_kimg)
    parser.add_argument("--paired-kimg", type=float, default=defaults.paired_kimg)
    parser.add_argument("--adversarial-kimg", type=float, default=defaults.adversarial_kimg)
    parser.add_argument("--adversarial-share", type=float, default=defaults.adversarial_share)
    parser.add_argument("--batch", type=int, default=defaults.batch)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a compiler")
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    config = TrainingConfig(
        batch=options.batch,
        small_kimg=options.small_kimg,
        paired_kimg=options.paired_kimg,
        adversarial_kimg=options.adversarial_kimg,
        adversarial_share=options.adversarial_share,
        compiled=options.compile,
        bf16=options.bf16,
    )
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "pid").write_text(f"{os.getpid()}\n")
    (options.folder / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    train(options.folder, config, device=options.device)


if __name__ == "__main__":
    main()
