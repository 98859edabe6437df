"""A picture printed between the lines of a command's output, by textual-image: sixel or kitty where
the terminal draws them, half blocks elsewhere."""

from __future__ import annotations

import logging
import sys

from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.pictures.alpha import over_checker


def check_printing() -> None:
    """Raises UsageError, before long work, where there is no terminal to print a picture on."""
    if not sys.stdout.isatty():
        raise UsageError("--show prints on a terminal; standard output is none")


def print_picture(picture: Bytes) -> None:
    """Prints a picture (H, W, 3 or 4), as wide as it is or as the terminal allows."""
    check_printing()
    from PIL import Image as Pictures
    from rich.console import Console

    # Its import asks the terminal what it can, and logs where there is no answer.
    logging.getLogger("textual_image").addHandler(logging.NullHandler())
    from textual_image.renderable import Image

    Console().print(Image(Pictures.fromarray(over_checker(picture)), width="auto", height="auto"))
