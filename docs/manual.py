"""Writes the man page, `docs/tui-draggan.1`, from the options of every command: `make manual`."""

from __future__ import annotations

import os
from pathlib import Path

from argparse_manpage.manpage import Manpage

from tui_draggan import __version__
from tui_draggan.cli import PROGRAM, whole_parser

PAGE = Path(__file__).with_name(f"{PROGRAM}.1")
SUMMARY = "drag points of a GAN picture in the terminal"


def manual() -> str:
    """The page, in man's macros: the same on every day and in every terminal."""
    os.environ["COLUMNS"] = "80"  # argparse wraps at the terminal's width
    page = Manpage(whole_parser())
    page.description = SUMMARY
    page.date, page.source, page.manual = "", f"{PROGRAM} {__version__}", PROGRAM
    return f"{page}\n"


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
