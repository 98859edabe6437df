"""A tuned model as a bundle of its own, which shares with its parent all that it can.

Tuning changes some tensors of the file of weights. So that file alone is written anew, at the same
offsets; everything else, the graphs above all, is the parent's, by a second name of the same file
(a hard link), which takes no room on the disk and stays when the parent goes. Where the file system
has no such links, or allows none, it is copied.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui_draggan.bundle import MANIFEST, WEIGHTS, BundleInfo, ModelBundle, Parent, write_manifest
from tui_draggan.engines import reference_check
from tui_draggan.engines.base import Engine
from tui_draggan.engines.tunable import Tunable
from tui_draggan.engines.tuning import Weights
from tui_draggan.errors import BundleError
from tui_draggan.files import sha256, unwritable
from tui_draggan.folders import new_folder

NOT_SHARED = frozenset({WEIGHTS, "generator.pt"})
"""Files of a parent that hold other weights than the tuned ones."""
NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES})
"""Reasons of a system why a file gets no second name."""


def write_tuned(
    bundle: ModelBundle,
    path: Path,
    name: str,
    description: str,
    tunable: Tunable,
    weights: Weights,
    opened: Callable[[ModelBundle], Engine],
    replaced: bool = False,
) -> None:
    """Writes the bundle folder `path`, whole or not at all. weights: all that `tunable` names.
    opened: an engine on a bundle, which makes the reference step.

    Raises BundleError where the parent is gone or has changed since it was opened, OutputError
    where the folder cannot be written, EngineError where the tuned model cannot be dragged.
    """
    info = bundle.info
    parent = Parent(info.name, _hash_of(bundle.file(MANIFEST), info))
    with new_folder(path, replace=replaced) as folder:
        try:
            for file in bundle.files.keys() - NOT_SHARED:
                _share(bundle, file, folder)
            _write_weights(bundle, folder / WEIGHTS, tunable, weights)
            tuned = replace(info, name=name, description=description, derived_from=parent)
            _write_info(folder, tuned, bundle, opened)
        except OSError as error:
            raise unwritable(path, error) from error


def _write_info(
    folder: Path, info: BundleInfo, parent: ModelBundle, opened: Callable[[ModelBundle], Engine]
) -> None:
    """The manifest, with the reference step that the weights give now."""
    write_manifest(folder, info)
    written = ModelBundle.open(folder)
    for file in written.files.keys() - NOT_SHARED:
        if written.files[file] != parent.files[file]:
            raise _changed(parent.info)
    reference = info.drag.reference
    if reference is not None:
        own = reference_check.renewed(opened(written), reference)
        write_manifest(folder, replace(info, drag=replace(info.drag, reference=own)))


def _share(bundle: ModelBundle, file: str, folder: Path) -> None:
    source, place = bundle.file(file), folder / file
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, place)
    except FileNotFoundError:
        raise _gone(bundle.info) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copyfile(source, place)


def _write_weights(bundle: ModelBundle, file: Path, tunable: Tunable, weights: Weights) -> None:
    try:
        source = bundle.file(WEIGHTS).open("rb")
    except FileNotFoundError:
        raise _gone(bundle.info) from None
    with source, file.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        for name, place in tunable.places.items():
            out.seek(place.offset)
            out.write(weights[name].astype("<f4").tobytes())
        out.flush()
        os.fsync(out.fileno())  # a full disk is told here, not later


def _hash_of(file: Path, info: BundleInfo) -> str:
    try:
        return sha256(file)
    except OSError:
        raise _gone(info) from None


def _gone(info: BundleInfo) -> BundleError:
    return BundleError(
        f"{info.name} has been removed since it was opened; nothing was written: import it again"
    )


def _changed(info: BundleInfo) -> BundleError:
    return BundleError(
        f"{info.name} has changed since it was opened; nothing was written: start again"
    )
