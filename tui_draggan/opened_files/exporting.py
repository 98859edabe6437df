"""The process that makes a model of an opened file: read, export, optimise the graphs.

    python -m tui_draggan.opened_files.exporting FILE FOLDER NAME SHA256 FEATURE_BLOCK

FEATURE_BLOCK is 0 for the usual one. Where it fails, its last line says why and its status is 1.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tui_draggan import children
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.engines import graph_cache
from tui_draggan.errors import DragganError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.files import reason_of
from tui_draggan.opened_files import kept

NICENESS = 5
"""The pictures that a person asks for come first."""


def export(file: Path, folder: Path, name: str, digest: str, feature_block: int | None) -> None:
    """Writes the bundle of the checkpoint `file` to `folder`. Raises DragganError, OSError."""
    checkpoint = read_checkpoint(file)
    generator = build_generator(checkpoint)
    classes, origin = checkpoint.classes, f"{file.name}, {checkpoint.format}, SHA-256 {digest}"
    del checkpoint
    export_bundle(
        generator, folder, name=name, feature_block=feature_block, classes=classes, origin=origin
    )
    kept.make_room(folder)
    graph_cache.prepare(ModelBundle.open(folder))


def main() -> None:
    children.end_with_parent()
    os.nice(NICENESS)
    file, folder, name, digest, block = sys.argv[1:]
    try:
        export(Path(file), Path(folder), name, digest, int(block) or None)
    except DragganError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{folder} cannot be written: {reason_of(error)}")


if __name__ == "__main__":
    main()
