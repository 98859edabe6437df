"""The training loop: step after step, and what is kept of them.

Every random choice is a function of the seed and the step, so a run that is killed goes on from its
last snapshot as if it had not been.
"""

from __future__ import annotations

import signal
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.regression import held_out
from tui_draggan.training.data import PictureData
from tui_draggan.training.distributed import World
from tui_draggan.training.metrics.distances import sliced_wasserstein
from tui_draggan.training.report import (
    DivergedError,
    Log,
    passes,
    sample_grid,
    samples,
    save_samples,
    write_config,
)
from tui_draggan.training.snapshots import load_newest, save_snapshot
from tui_draggan.training.sources import Critters, Source, open_source
from tui_draggan.training.state import TrainingState
from tui_draggan.training.steps import train_step


def train(
    folder: Path,
    config: TrainingConfig,
    *,
    data: PictureData | None = None,
    device: torch.device | str = "cpu",
    world: World | None = None,
    begin_with: dict[str, Any] | None = None,
    stop_after: int | None = None,
    console: Console | None = None,
) -> TrainingState:
    """Run in ``folder``, from its newest snapshot where there is one.

    data: the pictures of a folder, None for critters. begin_with: weights of another run, as
    network.pt holds them. SIGTERM and SIGINT end the run after the current step, with a snapshot;
    so does ``stop_after`` steps. Raises DivergedError, with the last good snapshot kept, and
    UsageError where the folder's snapshots are of other networks.
    """
    world = world or World()
    state = TrainingState(config, device, world)
    if begin_with is not None:
        _begin_with(state, begin_with)
    folder.mkdir(parents=True, exist_ok=True)
    load_newest(state, folder)
    source = open_source(config, data, state.device, world)
    last = config.total_steps if stop_after is None else state.step + stop_after
    last = min(last, config.total_steps)
    if not world.first:
        _run(state, source, config, last, None)
        return state
    write_config(folder, config)
    with Log(folder, config, state.step, console or Console(stderr=True)) as log:
        _run(state, source, config, last, _Writer(folder, config, source, log))
    return state


class _Writer:
    """Keeps what a run leaves; in its first process alone."""

    def __init__(self, folder: Path, config: TrainingConfig, source: Source, log: Log) -> None:
        self._folder = folder
        self._config = config
        self._source = source
        self.log = log
        self._saved = -1

    def after(self, state: TrainingState) -> None:
        step, config = state.step, self._config
        if passes(step, config.samples_kimg, config.batch) or step == config.total_steps:
            self.log.flush(step, state.augment_p)
            self._sample(state)
            self.log.resume()
        if passes(step, config.snapshot_kimg, config.batch):
            self.save(state)

    def save(self, state: TrainingState) -> None:
        if state.step == self._saved:
            return
        self.log.flush(state.step, state.augment_p)
        if not state.finite():
            raise DivergedError(
                f"weights became NaN or infinite before step {state.step}; the last snapshot is "
                "kept; try a lower --learning-rate, another --gamma, or --precision fp32"
            )
        save_snapshot(state, self._config, self._folder)
        self._saved = state.step

    def _sample(self, state: TrainingState) -> None:
        config, step = self._config, state.step
        grid = sample_grid(state, config)
        save_samples(self._folder, grid, step * config.batch / 1000)
        self.log.picture(step, grid)
        if isinstance(self._source, Critters) and step <= config.paired_steps:
            pairs = self._source.held_out(64, config.resolution_at(step))
            self.log.note(step, held_out=held_out(state.g_ema, pairs, config))
        if config.resolution_at(step) == config.resolution:
            made = samples(state, config, len(self._real)).clamp(-1, 1)
            self.log.note(step, metric=sliced_wasserstein(made, self._real))

    @cached_property
    def _real(self) -> Tensor:
        return self._source.some(self._config.compared)


def _run(
    state: TrainingState,
    source: Source,
    config: TrainingConfig,
    last: int,
    writer: _Writer | None,
) -> None:
    with _StopSignals() as stop:
        if state.step < last:
            for pictures in source.batches(state.step, last):
                values = train_step(state, pictures, config)
                if writer:
                    writer.log.add(state.step, values, state.augment_p)
                    writer.after(state)
                if state.world.any(stop.asked):
                    break
        if writer:
            writer.save(state)


def _begin_with(state: TrainingState, values: dict[str, Any]) -> None:
    for network in (state.g, state.g_ema):
        network.load_state_dict(values["state"])
    if "discriminator" in values:
        state.d.load_state_dict(values["discriminator"]["state"])


class _StopSignals:
    """While entered, SIGTERM and SIGINT only set ``asked``."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _StopSignals:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True
