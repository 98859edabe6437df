"""`tui-draggan tutorial`: a first edit, step by step, of which nothing stays."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tui_draggan.commands.arguments import add_engine, add_screen
from tui_draggan.library import DEFAULT_MODEL

KEPT_ELSEWHERE = ("XDG_STATE_HOME", "XDG_DATA_HOME")
"""Folders of journals, of what was chosen last, of models and directions: those of a tutorial are
temporary. Settings are the person's own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Five minutes in the editor: place points, drag, compare, undo, sliders, mask, export; the "
        "next step comes when one has been done. Nothing is kept of it."
    )
    add_engine(parser.add_argument_group("model", argument_default=argparse.SUPPRESS))
    add_screen(parser.add_argument_group("screen"))


def run(options: argparse.Namespace) -> int:
    """Returns the exit status. Raises UsageError without a terminal."""
    from tui_draggan.commands import edit
    from tui_draggan.tui.tutorial import SEED, Tutorial

    with TemporaryDirectory(prefix="tui-draggan-") as folder:
        for name in KEPT_ELSEWHERE:
            os.environ[name] = folder
        exports = Path(folder) / "exports"
        exports.mkdir()
        options.model, options.seed = DEFAULT_MODEL, SEED
        return edit.run(options, tutorial=Tutorial(exports))
