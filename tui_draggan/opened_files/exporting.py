"""The process that makes a model of an opened file: read, export, optimise the graphs.

    python -m tui_draggan.opened_files.exporting FILE SHA256 NAME FOLDER FEATURE_BLOCK

FEATURE_BLOCK is 0 for the usual one. Where it fails, its last line says why and its status is 1.
"""

from __future__ import annotations

import os
import sys

from tui_draggan import cache, children
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.engines import graph_cache
from tui_draggan.errors import CheckpointError, DragganError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.files import reason_of
from tui_draggan.opened_files import kept
from tui_draggan.opened_files.processes import FileModel

NICENESS = 5
"""The pictures that a person asks for come first."""


def export(model: FileModel) -> None:
    """Writes the model to its folder. Raises DragganError, OSError."""
    checkpoint = read_checkpoint(model.file)
    if cache.sha256(model.file) != model.digest:
        raise CheckpointError(f"{model.file} has changed since it was opened; open it again")
    generator = build_generator(checkpoint)
    classes = checkpoint.classes
    origin = f"{model.file.name}, {checkpoint.format}, SHA-256 {model.digest}"
    del checkpoint
    export_bundle(
        generator,
        model.folder,
        name=model.name,
        feature_block=model.feature_block,
        classes=classes,
        origin=origin,
    )
    kept.make_room(model.folder)
    graph_cache.prepare(ModelBundle.open(model.folder))
    cache.sha256(model.file)  # of a new file it can be remembered now


def main() -> None:
    children.end_with_parent()
    os.nice(NICENESS)
    model = FileModel.of(sys.argv[1:])
    try:
        export(model)
    except DragganError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{model.folder} cannot be written: {reason_of(error)}")


if __name__ == "__main__":
    main()
