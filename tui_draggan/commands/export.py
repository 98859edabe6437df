"""`tui-draggan export WEIGHTS FOLDER`: what `import WEIGHTS --out FOLDER` was called before."""

from __future__ import annotations

import argparse
import sys

from tui_draggan.commands import import_model
from tui_draggan.paths import typed_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "The old name of: tui-draggan import FILE --out FOLDER"
    parser.add_argument("file", type=typed_path, metavar="FILE", help="the checkpoint")
    parser.add_argument("out", type=typed_path, metavar="FOLDER", help="new folder of the model")
    import_model.add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    print(
        "tui-draggan: export is deprecated; use: tui-draggan import FILE --out FOLDER",
        file=sys.stderr,
    )
    return import_model.run(options)
