"""From a file of weights that `--model` names to a model: kept from before, or made now."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import tempfile
from pathlib import Path

from tui_draggan import cache, library, paths
from tui_draggan.bundle import MANIFEST, ModelBundle
from tui_draggan.commands.import_model import checked_name
from tui_draggan.commands.progress import progress
from tui_draggan.edit.store import is_session
from tui_draggan.engines.process import EngineProcess
from tui_draggan.errors import EngineError, OutputError, UsageError
from tui_draggan.files import check_folder, check_readable
from tui_draggan.opened_files import kept, processes
from tui_draggan.opened_files.processes import FileModel
from tui_draggan.run_folder import RunFolder

NEEDED = ("torch", "onnx")
"""Packages without which no weights are read."""
EXPORTING = 3600.0
"""Seconds the engine of a file has for its first step: it waits for the export, and a large network
on a busy machine takes many minutes."""
EXPECTED = "a checkpoint, a model's folder, a session or the folder of a training run"


def take_word(word: str, options: argparse.Namespace) -> bool:
    """Takes the word that stands alone on the editor's command line as --session or --model;
    False where it is neither a model's name nor looks like a path. Raises UsageError."""
    named = library.is_listed(word)
    if not named and not os.path.exists(word):  # noqa: PTH110 - no error for what may not be seen
        if "/" in word or "." in word:
            raise UsageError(f"{word} does not exist; expected {EXPECTED}")
        return False
    path = paths.typed_path(word)
    option = "session" if not named and is_session(path) else "model"
    if getattr(options, option, None) is not None:
        raise UsageError(f"{word} is what --{option} would be; remove one of them")
    setattr(options, option, path if option == "session" else word)
    return True


def run_at(model: str | None) -> RunFolder | None:
    """The training run whose folder --model names; None where it names something else."""
    if not model or "\0" in model or library.is_listed(model):
        return None
    run = RunFolder(paths.typed_path(model))
    # These have no error for what may not be looked at, or cannot be: a name far too long.
    is_model = os.path.exists(run.path / MANIFEST)  # noqa: PTH110
    return run if os.path.isfile(run.config) and not is_model else None  # noqa: PTH113


def weights_at(model: str | None) -> Path | None:
    """The file of weights that --model names, of a run's folder the newest snapshot; None where it
    names a model. Raises UsageError for a run without snapshots."""
    if not model or "\0" in model or library.is_listed(model):
        return None
    path = paths.typed_path(model)
    if os.path.isfile(path):  # noqa: PTH113 - as in run_at
        return path
    run = run_at(model)
    if run is None:
        return None
    snapshots = [*run.list_snapshots()[-1:], *([run.network] if run.network.exists() else [])]
    if not snapshots:
        raise UsageError(f"the run in {path} has no snapshot yet; wait for its first")
    return snapshots[0]


def model_of_file(file: Path, name: str | None, feature_block: int | None) -> FileModel:
    """The model of a file. name: under which it is to be kept among the user's; None: in the cache.

    Raises UsageError, OutputError.
    """
    check_readable(file, EXPECTED)
    with progress() as report:
        report(f"hashing {file.name}")
        digest = cache.sha256(file)
    if name is None:
        folder = kept.find(digest, feature_block)
        name = kept.name_of(file, digest, feature_block) if folder is None else folder.name
        return FileModel(file, digest, name, folder or kept.place(name), feature_block)
    folder = paths.user_models() / checked_name(name)
    check_folder(folder)
    if folder.exists() and kept.find(digest, feature_block) != folder:
        raise OutputError(f"a model named {name} already exists; choose another --name")
    return FileModel(file, digest, name, folder, feature_block)


def made(model: FileModel) -> ModelBundle:
    """The model, exported where it is not there yet. Raises EngineError, BundleError."""
    if not model.is_there:
        _check_packages()
        kept.sweep()
        command = processes.exporting(model)
        with progress() as report, tempfile.TemporaryFile() as complaints:
            report(f"preparing {model.name}")
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints
            )
            try:
                status = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                kept.sweep()
                raise
            if status:
                complaints.seek(0)
                raise EngineError(processes.last_line(complaints.read()) or "the export was ended")
    return ModelBundle.open(model.folder)


def opened_at_once(model: FileModel, device: str, engine: str) -> tuple[ModelBundle, EngineProcess]:
    """A model that is not there yet: pictures from the weights, by a process that makes it
    meanwhile. Raises CheckpointError, UsageError, EngineError."""
    _check_packages()
    kept.sweep()
    command = processes.engine(model, device, engine)
    with progress() as report:
        report(f"reading {model.file.name}")
        process = EngineProcess.opened(command, device, engine, EXPORTING)
    return ModelBundle(model.folder, process.info, {}), process


def _check_packages() -> None:
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise UsageError(
                f"opening a file of weights needs {package}, which is not installed; "
                "pip install 'tui-draggan[torch]'"
            )
