"""The models of opened files: bundles in `$XDG_CACHE_HOME/tui-draggan/opened`, named by file and
hash.

The folder is the user's alone (`cache`). What was opened longest ago goes when there is too much.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tui_draggan import cache, folders, library, paths
from tui_draggan.bundle import MANIFEST
from tui_draggan.errors import OutputError
from tui_draggan.files import TEMPORARY, remove_unlocked
from tui_draggan.library import ListedModel

KEPT = 4 << 30
"""Bytes that are kept."""
DIGITS = 8
"""Of the hash, in a name."""
PATIENCE = 2.0
"""Seconds a process that was killed gets to be gone."""


def name_of(file: Path, digest: str, feature_block: int | None) -> str:
    """A model's name for an opened file: `ffhq@0123abcd`."""
    block = "" if feature_block is None else f"-b{feature_block}"
    return f"{library.name_from(file.stem)}@{digest[:DIGITS]}{block}"


def find(digest: str, feature_block: int | None) -> Path | None:
    """The model of the file with that hash, imported or opened before; None where there is none."""
    for model in library.all_models():
        if model.bundle is None or not model.bundle.info.origin.endswith(digest):
            continue
        if feature_block in (None, model.bundle.info.drag.feature_block):
            with suppress(OSError):
                os.utime(model.path / MANIFEST)  # was used now
            return model.path
    return None


def place(name: str) -> Path:
    """Where the model of that name goes, in a folder that is there and private. Raises
    OutputError."""
    folder = cache.private_folder(paths.opened_models())
    if folder is None:
        raise OutputError(
            f"{paths.opened_models()} cannot be a private folder of yours; import the file instead"
        )
    return folder / name


def sweep(patience: float = 0.0) -> None:
    """Removes what killed exports have left; one that is just being killed gets so many seconds to
    be gone."""
    root, end = paths.opened_models(), time.monotonic() + patience
    while True:
        folders.sweep(root)
        left = list(root.glob(f"{TEMPORARY}*"))
        for path in left:  # the file by which only one process writes a folder
            with suppress(OSError):
                remove_unlocked(path)
        if not left or time.monotonic() >= end:
            return
        time.sleep(0.02)


def make_room(newest: Path) -> None:
    """Removes what was used longest ago, as far as there is too much; never `newest`, nor what an
    engine works with."""
    total = 0
    for path, size in sorted(_sizes(), key=lambda item: (item[0] != newest, -_used(item[0]))):
        total += size
        if total > KEPT and path != newest:
            with suppress(OSError), folders.locked(path):
                shutil.rmtree(path, ignore_errors=True)


def listed() -> list[ListedModel]:
    """The models of opened files."""
    return [model for model in library.all_models() if model.path.parent == paths.opened_models()]


def _sizes() -> Iterator[tuple[Path, int]]:
    with suppress(OSError):
        for entry in paths.opened_models().iterdir():
            if entry.is_dir() and not entry.name.startswith("."):
                files = [file for file in entry.rglob("*") if file.is_file()]
                yield entry, sum(file.stat().st_size for file in files)


def _used(path: Path) -> float:
    try:
        return (path / MANIFEST).stat().st_mtime
    except OSError:
        return 0.0
