"""The training loop: step after step, and what is kept of them.

Every random choice is a function of the seed and the step, so a run that was killed resumes from
its last snapshot as if it had not been.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from tui_draggan.files import unwritable
from tui_draggan.run_folder import RunFolder
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters.regression import held_out_loss
from tui_draggan.training.data import PictureData
from tui_draggan.training.distributed import World
from tui_draggan.training.log import DivergedError, Log, completes, write_config
from tui_draggan.training.metrics.distances import sliced_wasserstein
from tui_draggan.training.networks import TrainedNetworks, load_newest, save_snapshot
from tui_draggan.training.progress import Progress
from tui_draggan.training.samples import sample_grid, samples, save_grid
from tui_draggan.training.sources import CritterSource, Source, open_source
from tui_draggan.training.state import TrainingState
from tui_draggan.training.steps import Values, train_step

HELD_OUT = 64
"""Pairs by which the paired stage is judged."""


def train(
    folder: Path,
    config: TrainingConfig,
    *,
    data: PictureData | None = None,
    device: torch.device | str = "cpu",
    world: World | None = None,
    begin_with: TrainedNetworks | None = None,
    stop_after: int | None = None,
    console: Console | None = None,
) -> TrainingState:
    """Train in `folder`, from its newest snapshot where there is one.

    data: the pictures of a folder, None for critters. begin_with: weights of another run. SIGTERM
    and SIGINT end the training after the current step, with a snapshot; so does `stop_after`
    steps. Raises DivergedError, with the last good snapshot kept, OutputError where the disk
    refuses what is to be kept, and UsageError where the folder's snapshots are of other networks or
    another process trains in it.
    """
    world = world or World()
    run = RunFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not world.first:
        state, source, last = _started(run, config, data, device, world, begin_with, stop_after)
        _steps(state, source, config, world, last, None)
        return state
    with run.locked(), Progress(config, console or Console(stderr=True)) as progress:
        progress.starting("building the networks")
        state, source, last = _started(run, config, data, device, world, begin_with, stop_after)
        recorder = _Recorder(run, config, source, state.step, progress)
        progress.starting("compiling, which takes minutes" if config.compiled else "first steps")
        try:
            _steps(state, source, config, world, last, recorder)
        finally:
            recorder.close()
    return state


def _started(
    run: RunFolder,
    config: TrainingConfig,
    data: PictureData | None,
    device: torch.device | str,
    world: World,
    begin_with: TrainedNetworks | None,
    stop_after: int | None,
) -> tuple[TrainingState, Source, int]:
    """Where the run stands, its pictures, and the step at which it ends."""
    state = TrainingState(config, device)
    if begin_with is not None:
        _copy_weights(begin_with, state)
    load_newest(state, run)
    source = open_source(config, data, state.device, world)
    last = config.total_steps if stop_after is None else state.step + stop_after
    return state, source, min(last, config.total_steps)


def _steps(
    state: TrainingState,
    source: Source,
    config: TrainingConfig,
    world: World,
    last: int,
    recorder: _Recorder | None,
) -> None:
    """Steps until `last`, or until a signal asks for an end in any process."""
    with _StopSignals() as stop:
        if state.step < last:
            for batch in source.batches(state.step, last):
                values = train_step(state, batch, config, world)
                if recorder:
                    recorder.after_step(state, values)
                if world.any(stop.asked):
                    break
        if recorder:
            recorder.save(state)


class _Recorder:
    """Writes what a run keeps, and says how far it is; in the first process alone.

    Raises OutputError where the disk refuses it.
    """

    def __init__(
        self,
        folder: RunFolder,
        config: TrainingConfig,
        source: Source,
        step: int,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._config = config
        self._source = source
        self._progress = progress
        with self._writing():
            write_config(folder, config)
            self._log = Log(folder, config, step)
        self._saved = -1

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self._folder.path, error) from error

    def close(self) -> None:
        with suppress(OSError):  # a full disk has been said before
            self._log.close()

    def after_step(self, state: TrainingState, values: Values) -> None:
        with self._writing():
            self._after_step(state, values)

    def _after_step(self, state: TrainingState, values: Values) -> None:
        step, config = state.step, self._config
        self._progress.step(step)
        if self._log.add(step, values, state.augment_p):
            self._progress.show(self._log.last)
        if completes(step, config.samples_kimg, config.batch) or step == config.total_steps:
            self._log.flush(step, state.augment_p)
            self._sample(state)
            self._log.skip_time()
            self._progress.show(self._log.last)
        if completes(step, config.snapshot_kimg, config.batch):
            self.save(state)

    def save(self, state: TrainingState) -> None:
        """A snapshot, if there is none of this step. Raises DivergedError instead of one with
        broken weights."""
        if state.step == self._saved:
            return
        with self._writing():
            self._log.flush(state.step, state.augment_p)
            if not state.finite():
                raise DivergedError("weights", state.step)
            save_snapshot(state, self._config, self._folder)
        self._saved = state.step

    def _sample(self, state: TrainingState) -> None:
        """A grid of samples, and how far they are from real pictures."""
        config, step = self._config, state.step
        grid = sample_grid(state, config)
        save_grid(self._folder, grid, step * config.batch / 1000)
        self._log.picture(step, grid)
        if isinstance(self._source, CritterSource) and step <= config.paired_steps:
            pairs = self._source.held_out(HELD_OUT, config.resolution_at(step))
            self._log.note(step, held_out=held_out_loss(state.g_ema, pairs, config))
        if config.resolution_at(step) == config.resolution:
            made = samples(state, config, len(self._references)).clamp(-1, 1)
            self._log.note(step, metric=sliced_wasserstein(made, self._references))

    @cached_property
    def _references(self) -> Tensor:
        return self._source.references(self._config.compared)


def _copy_weights(networks: TrainedNetworks, state: TrainingState) -> None:
    for generator in (state.g, state.g_ema):
        generator.load_state_dict(networks.generator.state_dict())
    if networks.discriminator is not None:
        state.d.load_state_dict(networks.discriminator.state_dict())


class _StopSignals:
    """While entered, SIGTERM and SIGINT only set `asked`."""

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

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
