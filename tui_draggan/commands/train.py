"""`tui-draggan train`: options to a configuration, and the run."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_draggan.commands.arguments import (
    Range,
    add_data,
    add_device,
    add_screen,
    check_ranges,
)
from tui_draggan.commands.progress import progress
from tui_draggan.commands.settings import read_settings, screen_options
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_folder, check_readable, check_writable
from tui_draggan.interrupts import import_torch
from tui_draggan.paths import typed_path
from tui_draggan.run_folder import RunFolder
from tui_draggan.size import Size
from tui_draggan.standard_streams import say
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.training.config import CRITTERS, TrainingConfig

if TYPE_CHECKING:
    import torch

    from tui_draggan.training.data import PictureData
    from tui_draggan.training.networks import TrainedNetworks

RESOLUTIONS = (64, 128, 256, 512)
LOSSES = ("logistic", "hinge", "least-squares", "wasserstein-gp", "relativistic")
"""`training.losses.LOSSES`, which is slow to import."""
SAME = ("data", "classes", "generator", "discriminator_channels", "batch", "seed", "paired_kimg")
"""What a resumed run must have in common with the run as it was started."""
RANGES = (
    Range("--batch", 1),
    Range("--accumulate", 1),
    Range("--workers", 0),
    Range("--threads", 1),
    Range("--seed", 0),
    Range("--kimg", 0, without_low=True),
    Range("--learning-rate", 0, without_low=True),
    Range("--n-critic", 1),
    Range("--gamma", 0),
    Range("--style-mixing", 0, 1),
    Range("--path-weight", 0),
    Range("--channel-base", 1),
    Range("--channel-max", 1),
    Range("--paired-kimg", 0),
    Range("--log-kimg", 0, without_low=True),
    Range("--samples-kimg", 0, without_low=True),
    Range("--snapshot-kimg", 0, without_low=True),
    Range("--keep", 1),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Trains a StyleGAN2 on a folder of pictures, or on critters, drawn by formula. The same "
        "command again resumes a run that was stopped or killed. With --watch: shows a run in the "
        "terminal."
    )
    add = parser.add_argument
    add_data(parser, "the pictures")
    add("--resolution", type=int, choices=RESOLUTIONS, default=128, help="default: 128")
    add("--out", type=typed_path, metavar="RUN", help="the run's folder; a run in it is resumed")
    add("--watch", type=typed_path, metavar="RUN", help="show a run in the terminal, train nothing")
    add("--kimg", type=float, metavar="K", help="length, in thousands of pictures seen")
    add("--batch", type=int, default=16, metavar="N", help="over all processes (default: 16)")
    add("--accumulate", type=int, default=1, metavar="N", help="parts of a batch (default: 1)")
    add_device(parser)
    add("--precision", choices=("auto", "bf16", "fp32"), default="auto", help="default: auto")
    add("--compile", action="store_true", help="use torch.compile, which needs a C compiler")
    add("--workers", type=int, default=1, metavar="N", help="processes that load (default: 1)")
    add("--threads", type=int, metavar="N", help="of torch, on the CPU")
    add("--seed", type=int, default=1, metavar="N", help="default: 1")
    add("--from", dest="begin_with", type=typed_path, metavar="FILE", help="weights to start from")

    add = parser.add_argument_group("objectives").add_argument
    add("--loss", choices=LOSSES, default="logistic", help="default: logistic")
    add("--learning-rate", "--lr", type=float, metavar="X", help="of G and D (default: 0.0025)")
    add("--n-critic", type=int, default=1, metavar="N", help="D steps per G step (default: 1)")
    add("--gamma", type=float, metavar="γ", help="weight of R1, R2 or the gradient penalty")
    add("--style-mixing", type=float, default=0.9, metavar="P", help="probability (default: 0.9)")
    add("--path-weight", type=float, default=2.0, metavar="X", help="of path length (default: 2)")
    add("--augment", default="ada", metavar="ada|none|P", help="of what D sees (default: ada)")
    add("--mirror", action="store_true", help="flip half of the pictures")

    add = parser.add_argument_group("networks, for folders").add_argument
    add("--channel-base", type=int, metavar="N", help="default: 16384, or 32768 above 256 px")
    add("--channel-max", type=int, default=512, metavar="N", help="default: 512")

    add = parser.add_argument_group("critters").add_argument
    add("--paired-kimg", type=float, metavar="K", help="length of the first stage (default: 164)")

    add = parser.add_argument_group("output").add_argument
    add("--log-kimg", type=float, default=1.0, metavar="K", help="between lines (default: 1)")
    add("--samples-kimg", type=float, default=10.0, metavar="K", help="between grids (default: 10)")
    add(
        "--snapshot-kimg", type=float, default=10.0, metavar="K", help="between saves (default: 10)"
    )
    add("--keep", type=int, default=3, metavar="N", help="snapshots that are kept (default: 3)")

    add_screen(parser.add_argument_group("screen, for --watch"))


def run(options: argparse.Namespace) -> int:
    """Trains, or shows a run. Raises UsageError, OutputError."""
    if options.watch is not None:
        from tui_draggan.tui.watch import watch

        return watch(options.watch, *screen_options(options, read_settings()))
    _check_options(options)
    first = os.environ.get("RANK", "0") == "0"
    with progress(shown=first) as report:
        report("starting torch")
        import_torch()
    import torch

    # Numbers near zero cost a hundred times as much as others on CPUs.
    torch.set_flush_denormal(True)
    try:
        return _train(options)
    finally:
        torch.set_flush_denormal(False)


def _train(options: argparse.Namespace) -> int:
    import torch

    from tui_draggan.training.devices import choose_device
    from tui_draggan.training.distributed import local_device, world_of_torchrun
    from tui_draggan.training.loop import train
    from tui_draggan.training.networks import read_networks

    device = local_device(choose_device(options.device))
    if options.threads:
        torch.set_num_threads(options.threads)
    with world_of_torchrun(device) as world:
        begin_with = None if options.begin_with is None else read_networks(options.begin_with)
        if world.first:
            _check_free(options.out)
        data = None if options.data == CRITTERS else _prepared(options, shown=world.first)
        before = _started_with(options.out)
        bf16 = _bf16(options.precision, device, before)
        config = _config(options, data, bf16, begin_with)
        _make_folder(options.out)
        _check_same(options.out, before, config)
        state = train(
            options.out, config, data=data, device=device, world=world, begin_with=begin_with
        )
        if world.first:
            done = state.step * config.batch / 1000
            path = RunFolder(options.out).network
            say(f"{done:g} kimg; next: tui-draggan import {path} --name NAME")
    return 0


def _config(
    options: argparse.Namespace,
    data: PictureData | None,
    bf16: bool,
    begin_with: TrainedNetworks | None,
) -> TrainingConfig:
    """What the options describe; data: None for critters. Raises UsageError."""
    from tui_draggan.training.critters import SPECIES
    from tui_draggan.training.critters.regression import critters_generator

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
        if generator.size != Size.square(resolution) or generator.c_dim != len(classes):
            raise UsageError(
                f"{options.begin_with} has {generator.size} px and {generator.c_dim} "
                f"classes; expected {resolution} px and {len(classes)} classes"
            )
        if generator.alpha:
            raise UsageError(f"{options.begin_with} makes pictures with alpha; training does not")
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


def _check_options(options: argparse.Namespace) -> None:
    """Raises UsageError for what cannot be, before anything is imported, read or made."""
    if options.data is None or options.out is None:
        raise UsageError("train needs --data and --out (or --watch RUN)")
    check_ranges(options, RANGES)
    parts = int(os.environ.get("WORLD_SIZE", 1)) * options.accumulate
    if options.batch % parts:
        raise UsageError(
            f"--batch {options.batch} does not divide by {parts} (processes × --accumulate); "
            f"use a multiple of {parts}"
        )
    if options.augment not in ("ada", "none"):
        try:
            probability = float(options.augment)
        except ValueError:
            probability = -1.0
        if not 0 <= probability <= 1:
            raise UsageError(f"--augment is {options.augment}; expected ada, none, or 0 to 1")
    if os.path.isfile(options.out):  # noqa: PTH113 - no error for what may not be looked at
        raise UsageError(f"{options.out} is a file; --out expects a folder")
    check_folder(options.out)
    if options.begin_with is not None:
        check_readable(options.begin_with, "a generator's weights (.pt)")


def _check_free(folder: Path) -> None:
    """Raises UsageError, before long work, where another process trains the run in the folder."""
    run = RunFolder(folder)
    if run.config.exists():
        with run.locked():
            pass


def _check_same(folder: Path, before: dict[str, Any] | None, config: TrainingConfig) -> None:
    """Raises UsageError where the run in the folder has other networks or data."""
    if before is None:
        return
    now = json.loads(json.dumps(config.to_dict()))
    for name in SAME:
        if before.get(name) != now[name]:
            raise UsageError(
                f"the run in {folder} was started with another {name.replace('_', ' ')}; use the "
                "options it was started with, or another --out"
            )


def _make_folder(path: Path) -> None:
    """Raises OutputError where it cannot be made, or nothing can be written in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be created: {error.strerror}") from None
    check_writable(RunFolder(path).network)


def _bf16(precision: str, device: torch.device, before: dict[str, Any] | None) -> bool:
    """auto: as the run was started, else what is faster on this device."""
    from tui_draggan.training.devices import bf16_pays

    if precision != "auto":
        return precision == "bf16"
    if before is not None:
        return bool(before.get("bf16"))
    return bf16_pays(device)


def _started_with(folder: Path) -> dict[str, Any] | None:
    """The configuration of the run in a folder, None where it has no snapshot yet."""
    run = RunFolder(folder)
    if not run.list_snapshots():
        return None
    try:
        values: dict[str, Any] = json.loads(run.config.read_text())
    except (OSError, json.JSONDecodeError):
        return None
    return values


def _prepared(options: argparse.Namespace, shown: bool) -> PictureData:
    """The pictures, and what is to be said of them. Raises UsageError, OutputError."""
    from tui_draggan.training.data import prepare, survey

    surveyed = survey(typed_path(options.data), options.classes)
    if shown:
        say(surveyed.words)
    with progress(shown=shown) as report:
        reading = partial(report, f"reading {surveyed.path.name}")
        data = prepare(surveyed, Size.square(options.resolution), progress=reading)
    if shown:
        _describe(data)
    return data


def _describe(data: PictureData) -> None:
    from tui_draggan.training.data import in_words

    say(*in_words(data.skipped))
    if data.warning:
        say(data.warning)
    classes = f", classes {', '.join(data.classes)}" if data.classes else ""
    say(f"{len(data.pictures)} pictures{classes}")
