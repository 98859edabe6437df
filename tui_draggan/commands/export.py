"""`tui-draggan export WEIGHTS FOLDER`: what `import WEIGHTS --out FOLDER` was called before."""

from __future__ import annotations

import argparse

from tui_draggan.commands import import_model
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "The old name of: tui-draggan import FILE --out FOLDER"
    parser.add_argument("file", type=typed_path, metavar="FILE", help="the checkpoint")
    parser.add_argument("out", type=typed_path, metavar="FOLDER", help="new folder of the model")
    parser.set_defaults(network=None)
    import_model.add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    remark("tui-draggan: export is deprecated; use: tui-draggan import FILE --out FOLDER")
    return import_model.run(options)
