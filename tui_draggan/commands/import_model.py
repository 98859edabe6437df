"""`tui-draggan import`: a checkpoint, of another program or of `train`, becomes a model."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import library, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.arguments import add_parameter, given, words
from tui_draggan.commands.models import on_disk
from tui_draggan.commands.progress import progress
from tui_draggan.edit.parameters import RECOMMENDABLE
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_folder, ending_signals, sha256, unwritable
from tui_draggan.interrupts import import_torch
from tui_draggan.library import LONGEST_NAME
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say
from tui_draggan.wording import picture_words

if TYPE_CHECKING:
    import onnx

    from tui_draggan.checkpoints.checkpoint import Checkpoint
    from tui_draggan.size import Size

CRITTERS = "critters"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SHARE, GRAPHS = 1.25, 20_000_000
"""Upper bound of a bundle's size: so many times its weights, and so many bytes more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Makes a model, for tui-draggan --model, of a StyleGAN2 or StyleGAN3 generator: a .pkl, "
        ".pt, .pth or .safetensors of NVIDIA's, rosinality's, genforce's, OpenMMLab's and related "
        "programs, or a .pt of tui-draggan train. The file is recognised by its content; nothing "
        "it names is run."
    )
    parser.add_argument("file", type=typed_path, metavar="FILE", help="the checkpoint")
    parser.add_argument(
        "--out",
        type=typed_path,
        metavar="FOLDER",
        help="write the model to this new folder (default: among your models, by its name)",
    )
    parser.add_argument(
        "--network",
        metavar="KEYS",
        help="which generator of a file that holds several, by the keys that lead to it: "
        "nets.generator_a (default: the only one, or the moving average)",
    )
    add_model_options(parser)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """What is written into the model, whichever command writes it."""
    parser.add_argument("--name", help="the model's name (default: the folder's, or the file's)")
    parser.add_argument(
        "--feature-block",
        type=int,
        metavar="PX",
        help="side of the feature map that is supervised and tracked (default: 128, or half the "
        "picture below 256 px)",
    )
    parser.add_argument(
        "--classes",
        type=words,
        metavar="NAME,…",
        help="names of the classes (default: the file's, or numbers)",
    )
    parser.add_argument("--description", default="", help="one line about the domain")
    parser.add_argument("--licence", default="", help="licence of the weights")
    parser.add_argument(
        "--keep-weights", action="store_true", help="keep the weights too, as generator.pt"
    )
    parser.add_argument(
        "--perceptual",
        metavar="FILE.onnx|critters",
        help="network whose features photographs are compared by, beside their pixels; critters: "
        "the landmark network of the bundled domain (default: pixels alone)",
    )
    parser.add_argument("--replace", action="store_true", help="overwrite an existing model")
    recommended = parser.add_argument_group(
        "recommended to whoever opens the model", argument_default=argparse.SUPPRESS
    )
    for parameter in RECOMMENDABLE:
        add_parameter(recommended, parameter, parameter.note)


def run(options: argparse.Namespace) -> int:
    """Reads, tells what it found, writes the bundle and says how to open it.

    Raises CheckpointError for a file that is no generator, UsageError for options that do not fit
    it, OutputError where the bundle cannot be written. However it ends, with Ctrl-C too, what lies
    under the name is the new bundle, complete, or what was there before.
    """
    with progress(sys.stdout) as report:
        report("starting torch")
        import_torch()
    from tui_draggan.checkpoints.generator import build_generator
    from tui_draggan.checkpoints.reading import read_checkpoint
    from tui_draggan.engines import graph_cache
    from tui_draggan.export.bundle_writer import check_classes, export_bundle

    file: Path = options.file
    folder, name = _destination(options)
    with ending_signals(_interrupt):
        with progress(sys.stdout, keep=True) as report:
            report(f"reading {file.name}")
            checkpoint = read_checkpoint(file, options.network)
        say(*described(checkpoint, file))
        classes = options.classes or checkpoint.classes
        check_classes(classes, checkpoint.config.c_dim)
        _check_space(checkpoint, folder)
        with progress(sys.stdout, keep=True) as report:
            report("building the network")
            generator = build_generator(checkpoint)
            features = _feature_network(options.perceptual, generator.config.size)
            report("hashing the file")
            origin = f"{file.name}, {checkpoint.format}, SHA-256 {sha256(file)}"
            del checkpoint
            report("writing the model")
            with _writing(folder):
                info = export_bundle(
                    generator,
                    folder,
                    name=name,
                    feature_block=options.feature_block,
                    recommended=_recommended(options),
                    classes=classes,
                    description=options.description,
                    licence=options.licence,
                    origin=origin,
                    keep_weights=options.keep_weights,
                    replace=options.replace,
                    features=features,
                )
            report("optimising the graphs")
            bundle = ModelBundle.open(folder)
            library.remember(folder)
            graph_cache.prepare(bundle)
    say(f"{name}: {info.size} px, feature block {info.drag.feature_block}")
    say(f"it lies in {folder.absolute()} ({on_disk(bundle)})")
    say(f"open it with: tui-draggan --model {library.name_that_opens(folder)}")
    return 0


def _feature_network(named: str | None, size: Size) -> onnx.ModelProto | None:
    """What --perceptual names, for pictures of that size; None where it is not given. Raises
    UsageError."""
    if named is None:
        return None
    if named == CRITTERS:
        from tui_draggan.training.metrics.landmarks.features import landmark_features

        return landmark_features(size)
    from tui_draggan.export.feature_network import read_feature_network

    return read_feature_network(typed_path(named), size)


def described(checkpoint: Checkpoint, file: Path) -> list[str]:
    """What a checkpoint holds, in lines."""
    config = checkpoint.config
    channels = " ".join(map(str, config.channels))
    lines = {
        "architecture": config.architecture,
        "picture": picture_words(config.size.width, config.size.height, config.alpha),
        "latent": f"z {config.z_dim}, w {config.w_dim}, {config.num_ws} rows of w+",
        "mapping": f"{config.mapping_layers} layers",
        "channels": f"{channels} (from {config.feature_sides[0]} px to {config.resolution} px)",
        "classes": str(config.c_dim or "none"),
        "parameters": f"{checkpoint.parameters / 1e6:.1f} million",
    }
    return [
        f"{file.name}: {checkpoint.format}",
        *(f"  {key:14}{value}" for key, value in lines.items()),
        *(f"  note: {note}" for note in checkpoint.notes),
    ]


def _destination(options: argparse.Namespace) -> tuple[Path, str]:
    """The folder to write and the model's name. Raises UsageError, OutputError."""
    if options.out is not None:
        folder = options.out
        check_folder(folder)
        if folder.exists() and not options.replace:
            raise OutputError(f"{folder} already exists; add --replace to overwrite it")
        return folder, options.name or folder.resolve().name
    name = safe_name(options.file.stem) if options.name is None else checked_name(options.name)
    folder = paths.user_models() / name
    check_folder(folder)
    if folder.exists() and not options.replace:
        raise OutputError(
            f"a model named {name} already exists; add --replace to overwrite it, or choose "
            "another --name"
        )
    return folder, name


def safe_name(stem: str) -> str:
    """A model's name from a file's: letters, digits and ._- only. Raises UsageError."""
    return checked_name(library.name_from(stem))


def checked_name(name: str) -> str:
    """Raises UsageError for a name that could not be typed, or is the program's own model's."""
    if not SAFE_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is not a valid model name; use up to {LONGEST_NAME} letters, digits and "
            "._-, beginning with a letter or digit (--name)"
        )
    if (paths.bundled_models() / name).is_dir():
        raise UsageError(f"{name} is the model that came with the program; choose another --name")
    return name


def _recommended(options: argparse.Namespace) -> dict[str, str | float]:
    values = given(options, RECOMMENDABLE).items()
    return {name: value for name, value in values if value is not None}


def _check_space(checkpoint: Checkpoint, folder: Path) -> None:
    """Raises OutputError where the disk is too full for the bundle."""
    from rich.filesize import decimal

    needed = int(SHARE * 4 * checkpoint.parameters) + GRAPHS
    there = next(parent for parent in folder.absolute().parents if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise OutputError(f"{folder} needs {decimal(needed)}, but only {decimal(free)} are free")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Raises OutputError for what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


def _interrupt(number: int, frame: object) -> None:
    """A killed or cut-off import cleans up as one that Ctrl-C ends."""
    raise KeyboardInterrupt
