"""`tui-draggan gallery`: a model's pictures as thumbnails, to look at and to open in the editor."""

from __future__ import annotations

import argparse

from tui_draggan.commands.arguments import add_engine, add_picture, add_screen
from tui_draggan.library import DEFAULT_MODEL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows a model's seeds, or a training run's snapshots, as thumbnails in the terminal. "
        "Arrows choose, Enter opens the picture in the editor, ? lists the keys."
    )
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL|FOLDER|FILE",
        default=argparse.SUPPRESS,
        help="one of the models that tui-draggan models lists, a model's folder, a file of "
        "weights, or a training run's folder, for all its snapshots (default: "
        f"{DEFAULT_MODEL})",
    )
    group = parser.add_argument_group("pictures", argument_default=argparse.SUPPRESS)
    add_picture(group)
    add_engine(group)
    add_screen(parser.add_argument_group("screen"))


def run(options: argparse.Namespace) -> int:
    """Returns the exit status. Raises UsageError, BundleError, CheckpointError, EngineError."""
    from tui_draggan.commands import edit

    return edit.run(options, gallery=True)
