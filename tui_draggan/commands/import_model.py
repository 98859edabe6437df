"""`tui-draggan import`: another program's checkpoint becomes a model of the user's."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tui_draggan import paths
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.engines import graph_cache
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.export.bundle_writer import check_classes, export_bundle
from tui_draggan.files import sha256
from tui_draggan.models import size_in_words

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST_NAME = 80
SHARE, GRAPHS = 1.25, 20_000_000
"""A bundle takes at most so many times its weights, and so many bytes more."""

Step = Callable[[str], None]
"""Told what is being done now."""


@dataclass(frozen=True)
class ImportOptions:
    """What is to be imported, as the command line says it."""

    file: Path
    name: str | None = None
    classes: tuple[str, ...] = ()
    """Names of the classes; empty for numbers."""
    feature_block: int | None = None
    recommended: dict[str, float] = field(default_factory=dict)
    description: str = ""
    licence: str = ""
    replace: bool = False


def run_import(options: ImportOptions) -> int:
    """Reads, tells what it found, writes the bundle and says how to open it.

    Raises CheckpointError for a file that is no generator, UsageError for options that do not fit
    it, OutputError where the bundle cannot be written. Whatever happens, Ctrl-C too: there is a
    whole bundle under the name afterwards or what was there before.
    """
    name = safe_name(options.file.stem) if options.name is None else checked_name(options.name)
    folder = paths.user_models() / name
    if folder.exists() and not options.replace:
        raise OutputError(
            f"there is a model {name} already; --replace overwrites it, --name gives another name"
        )
    with _signals_interrupt():
        with _progress() as step:
            step(f"reading {options.file.name}")
            checkpoint = read_checkpoint(options.file)
        print(found(checkpoint, options.file))
        check_classes(options.classes, checkpoint.config.c_dim)
        _check_space(checkpoint, folder)
        with _progress() as step:
            info = _export(checkpoint, options, folder, step)
            del checkpoint
            step("optimising the graphs")
            graph_cache.prepare(ModelBundle.open(folder))
    print(f"{name}: {info.resolution} px, feature block {info.drag.feature_block}")
    print(f"open it with: tui-draggan --model {shlex.quote(name)}")
    return 0


def safe_name(stem: str) -> str:
    """A model's name from a file's: letters, digits and ._- only."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:LONGEST_NAME]
    return checked_name(name or "imported")


def checked_name(name: str) -> str:
    """Raises UsageError for a name that could not be typed, or is the program's own model's."""
    if not SAFE_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} cannot be a model's name; letters, digits and ._- can, {LONGEST_NAME} at "
            "most, with a letter or a digit first (--name)"
        )
    if (paths.bundled_models() / name).is_dir():
        raise UsageError(f"{name} is the model that came with the program; --name gives another")
    return name


def found(checkpoint: Checkpoint, file: Path) -> str:
    """What a checkpoint holds, in lines."""
    config = checkpoint.config
    channels = " ".join(map(str, config.channels))
    lines = {
        "architecture": config.architecture,
        "picture": f"{config.resolution} × {config.resolution} px",
        "latent": f"z {config.z_dim}, w {config.w_dim}, {config.num_ws} rows of w+",
        "mapping": f"{config.mapping_layers} layers",
        "channels": f"{channels} (from 4 px to {config.resolution} px)",
        "classes": str(config.c_dim or "none"),
        "parameters": f"{checkpoint.parameters / 1e6:.1f} million",
    }
    return "\n".join(
        (
            f"{file.name}: {checkpoint.format}",
            *(f"  {key:14}{value}" for key, value in lines.items()),
            *(f"  note: {note}" for note in checkpoint.notes),
        )
    )


def _export(checkpoint: Checkpoint, options: ImportOptions, folder: Path, step: Step) -> BundleInfo:
    step("building the network")
    generator = build_generator(checkpoint)
    step("hashing the file")
    origin = f"{options.file.name}, {checkpoint.format}, SHA-256 {sha256(options.file)}"
    step("writing the bundle")
    try:
        return export_bundle(
            generator,
            folder,
            name=folder.name,
            feature_block=options.feature_block,
            recommended=options.recommended,
            classes=options.classes,
            description=options.description,
            licence=options.licence,
            origin=origin,
            replace=options.replace,
        )
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error


def _check_space(checkpoint: Checkpoint, folder: Path) -> None:
    """Raises OutputError where the disk is too full for the bundle."""
    needed = SHARE * 4 * checkpoint.parameters + GRAPHS
    there = next(parent for parent in folder.parents if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise OutputError(
            f"{folder} needs {size_in_words(needed)}, but only {size_in_words(free)} are free there"
        )


@contextmanager
def _progress() -> Iterator[Step]:
    """On a terminal a line that moves, elsewhere a line for each step."""
    if not sys.stdout.isatty():
        yield lambda words: print(f"{words} …", flush=True)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn()) as progress:

        def step(words: str) -> None:
            finish()
            progress.add_task(words, total=1)

        def finish() -> None:
            for task in progress.task_ids:
                progress.update(task, completed=1)

        yield step
        finish()


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """A killed or cut-off import cleans up as one that Ctrl-C ends."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    heard = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) == signal.SIG_DFL]
    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
