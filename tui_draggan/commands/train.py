"""`tui-draggan train`: options to a configuration, and the run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_writable
from tui_draggan.paths import typed_path
from tui_draggan.run_folder import RunFolder
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.training.config import CRITTERS, TrainingConfig
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.critters.regression import critters_generator
from tui_draggan.training.data import PictureData, Survey, in_words, prepare, survey
from tui_draggan.training.devices import bf16_pays, choose_device
from tui_draggan.training.distributed import local_device, world_of_torchrun
from tui_draggan.training.loop import train
from tui_draggan.training.networks import TrainedNetworks, read_networks

SAME = ("data", "classes", "generator", "discriminator_channels", "batch", "seed", "paired_kimg")
"""What a run that goes on must have as it was begun."""


def run(options: argparse.Namespace) -> int:
    # Numbers near zero cost a hundred times as much as others on processors.
    torch.set_flush_denormal(True)
    try:
        return _run(options)
    finally:
        torch.set_flush_denormal(False)


def _run(options: argparse.Namespace) -> int:
    if options.data is None or options.out is None:
        raise UsageError("train needs --data and --out (or --watch RUN)")
    if options.out.exists() and not options.out.is_dir():
        raise UsageError(f"{options.out} is a file; --out wants a folder")
    device = local_device(choose_device(options.device))
    if options.threads:
        torch.set_num_threads(options.threads)
    with world_of_torchrun(device) as world:
        data = None
        if options.data != CRITTERS:
            found = survey(typed_path(options.data), options.classes)
            if world.first:
                print(found.words)
            data = _prepared(found, options.resolution, shown=world.first)
        if data is not None and world.first:
            _say_skipped(data)
        begin_with = None if options.begin_with is None else read_networks(options.begin_with)
        before = _begun_with(options.out)
        bf16 = _bf16(options.precision, device, before)
        config = _config(options, data, bf16, begin_with)
        _check(config, world.size)
        _make_folder(options.out)
        _check_same(options.out, before, config)
        state = train(
            options.out, config, data=data, device=device, world=world, begin_with=begin_with
        )
        if world.first:
            done = state.step * config.batch / 1000
            path = RunFolder(options.out).network
            print(f"{done:g} kimg; next: tui-draggan export {path} MODEL")
    return 0


def _config(
    options: argparse.Namespace,
    data: PictureData | None,
    bf16: bool,
    begin_with: TrainedNetworks | None,
) -> TrainingConfig:
    resolution = options.resolution
    if data is None:
        generator = critters_generator(resolution)
        classes: tuple[str, ...] = SPECIES
        paired = 164.0 if options.paired_kimg is None else options.paired_kimg
        kimg = paired if options.kimg is None else options.kimg
        rates = (0.0005, 0.002)
    else:
        classes = data.classes
        base = options.channel_base or (16384 if resolution <= 256 else 32768)
        generator = GeneratorConfig.from_channel_base(
            resolution, base, options.channel_max, c_dim=len(classes)
        )
        paired = 0.0
        kimg = 5000.0 if options.kimg is None else options.kimg
        rates = (0.0025, 0.0025)
    if begin_with is not None:
        generator = begin_with.generator.config
        if generator.resolution != resolution or generator.c_dim != len(classes):
            raise UsageError(
                f"{options.begin_with} makes pictures of {generator.resolution} px in "
                f"{generator.c_dim} classes; asked for are {resolution} px, {len(classes)} classes"
            )
    if options.learning_rate is not None:
        rates = (options.learning_rate, options.learning_rate)
    return TrainingConfig(
        data=options.data if data is None else str(typed_path(options.data).resolve()),
        generator=generator,
        discriminator_channels=_discriminator_channels(generator, begin_with),
        kimg=kimg,
        classes=classes,
        batch=options.batch,
        accumulate=options.accumulate,
        seed=options.seed,
        mirror=options.mirror,
        workers=options.workers,
        bf16=bf16,
        compiled=options.compile,
        loss=options.loss,
        generator_lr=rates[0],
        discriminator_lr=rates[1],
        n_critic=options.n_critic,
        gamma=options.gamma,
        penalty_interval=1 if options.loss == "wasserstein-gp" else 16,
        style_mixing=options.style_mixing,
        path_weight=options.path_weight,
        # Drawn critters never run out, so their discriminator learns nothing by heart.
        augment="none" if data is None and options.augment == "ada" else options.augment,
        paired_kimg=paired,
        log_kimg=options.log_kimg,
        samples_kimg=options.samples_kimg,
        snapshot_kimg=options.snapshot_kimg,
        snapshots_kept=options.keep,
    )


def _discriminator_channels(
    generator: GeneratorConfig, begin_with: TrainedNetworks | None
) -> tuple[int, ...]:
    if begin_with is not None and begin_with.discriminator is not None:
        return begin_with.discriminator.channels
    return generator.channels


def _check(config: TrainingConfig, processes: int) -> None:
    """Raises UsageError for numbers that cannot be."""
    for name, value in (
        ("--batch", config.batch),
        ("--accumulate", config.accumulate),
        ("--n-critic", config.n_critic),
        ("--keep", config.snapshots_kept),
    ):
        if value < 1:
            raise UsageError(f"{name} is {value}; expected at least 1")
    parts = processes * config.accumulate
    if config.batch % parts:
        raise UsageError(
            f"--batch {config.batch} cannot be divided among {processes} processes times "
            f"--accumulate {config.accumulate}; take a multiple of {parts}"
        )
    for name, length in (
        ("--kimg", config.kimg),
        ("--log-kimg", config.log_kimg),
        ("--samples-kimg", config.samples_kimg),
        ("--snapshot-kimg", config.snapshot_kimg),
    ):
        if not length > 0:
            raise UsageError(f"{name} is {length:g}; expected more than 0")
    if config.augment not in ("ada", "none"):
        try:
            probability = float(config.augment)
        except ValueError:
            probability = -1.0
        if not 0 <= probability <= 1:
            raise UsageError(f"--augment is {config.augment}; expected ada, none, or 0 to 1")


def _check_same(folder: Path, before: dict[str, Any] | None, config: TrainingConfig) -> None:
    """Raises UsageError where the run in the folder is of other networks or data."""
    if before is None:
        return
    now = json.loads(json.dumps(config.to_dict()))
    for name in SAME:
        if before.get(name) != now[name]:
            raise UsageError(
                f"the run in {folder} was begun with another {name.replace('_', ' ')}; give the "
                "options it was begun with, or another --out"
            )


def _make_folder(path: Path) -> None:
    """Raises OutputError where it cannot be, or nothing can be written in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}") from None
    check_writable(RunFolder(path).network)


def _bf16(precision: str, device: torch.device, before: dict[str, Any] | None) -> bool:
    """auto: as the run was begun, else what is faster on this device."""
    if precision != "auto":
        return precision == "bf16"
    if before is not None:
        return bool(before.get("bf16"))
    return bf16_pays(device)


def _begun_with(folder: Path) -> dict[str, Any] | None:
    """The configuration of the run in a folder, None where none has a snapshot yet."""
    run = RunFolder(folder)
    if not run.list_snapshots():
        return None
    try:
        values: dict[str, Any] = json.loads(run.config.read_text())
    except (OSError, json.JSONDecodeError):
        return None
    return values


def _prepared(found: Survey, resolution: int, shown: bool) -> PictureData:
    """The folder's pictures; a bar on the terminal while they are read for the first time."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as bar:
        task = bar.add_task(f"reading {found.path.name}", total=None)
        return prepare(
            found,
            resolution,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _say_skipped(data: PictureData) -> None:
    for line in in_words(data.skipped):
        print(line)
    if data.warning:
        print(data.warning)
    classes = f", classes {', '.join(data.classes)}" if data.classes else ""
    print(f"{len(data.pictures)} pictures{classes}")
