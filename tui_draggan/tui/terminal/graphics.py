"""What the terminal can show, found out before Textual takes it over.

Nothing here imports Textual, which reads its colour system when it is imported, and textual-image
only where it is needed: its import asks the terminal and waits for the answer.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from typing import Literal

from tui_draggan.tui.terminal.probing import cell_size

Graphics = Literal["half", "sixel", "kitty"]
OF_CHOICE: dict[str, Graphics] = {"half": "half", "sixel": "sixel", "kitty": "kitty"}
GRAPHICS_CHOICES = ("auto", *OF_CHOICE)
COLOUR_CHOICES = ("auto", "truecolor", "256", "16", "none")


@dataclass(frozen=True)
class Display:
    """The way pictures reach the terminal."""

    graphics: Graphics = "half"
    cell_width: int = 10
    """Pixels a cell is wide; used by sixel and kitty only."""
    cell_height: int = 20
    note: str = ""
    """Reason why it is not what was asked for, in one line."""

    @property
    def words(self) -> str:
        return "half blocks" if self.graphics == "half" else self.graphics


def terminal_problem() -> str | None:
    """Why no full-screen program can run here, in one line; None where it can.

    Textual reads from standard input and draws on standard error.
    """
    streams = {"input": sys.__stdin__, "output": sys.__stdout__, "error": sys.__stderr__}
    for name, stream in streams.items():
        if stream is None or not stream.isatty():
            return f"standard {name} is not a terminal"
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return f"the terminal cannot move its cursor (TERM is {term or 'not set'})"
    return None


def in_tmux() -> bool:
    """Whether a terminal multiplexer stands between us and the terminal."""
    term = os.environ.get("TERM", "")
    return bool(os.environ.get("TMUX") or os.environ.get("STY")) or term.startswith(
        ("tmux", "screen")
    )


def apply_colour(choice: str) -> None:
    """Sets the colour depth for Textual; call it before Textual is imported.

    `auto` leaves it to Rich, but for tmux: it takes 24-bit colours whatever the terminal outside
    can do and converts them itself, yet does not say so (no COLORTERM) up to 3.3.
    """
    if choice == "none":
        os.environ["NO_COLOR"] = "1"
        return
    if choice == "auto":
        decided = "NO_COLOR" in os.environ or "TEXTUAL_COLOR_SYSTEM" in os.environ
        if decided or not os.environ.get("TMUX"):
            return
        choice = "truecolor"
    names = {"16": "standard"}
    os.environ["TEXTUAL_COLOR_SYSTEM"] = names.get(choice, choice)


def choose_display(choice: str) -> Display:
    """Half blocks, sixel or kitty, as asked for and as far as the terminal goes along.

    Half blocks by default inside tmux, in a browser, without a terminal, and where the terminal
    offers nothing else. May ask the terminal and wait up to 0.3 s, so call it before Textual runs.
    """
    if choice == "half" or (choice == "auto" and (in_tmux() or _web())):
        return Display()
    if _web() or terminal_problem() is not None or not _has_columns():
        return Display(note=f"{choice} needs a terminal; showing half blocks" * (choice != "auto"))
    try:
        graphics = _offered() if choice == "auto" else OF_CHOICE[choice]
    except Exception as error:  # whatever a terminal's odd answers made of it
        return Display(note=f"the terminal could not be asked for its graphics ({error})")
    return Display(graphics, *cell_size()) if graphics != "half" else Display()


def _offered() -> Graphics:
    """What textual-image finds; its import asks the terminal and waits for the answer."""
    # Its warnings, where a terminal does not answer, would land on the screen.
    logging.getLogger("textual_image").addHandler(logging.NullHandler())
    from textual_image import renderable

    offers: dict[object, Graphics] = {
        renderable.SixelImage: "sixel",
        renderable.TGPImage: "kitty",
    }
    return offers.get(renderable.Image, "half")


def _web() -> bool:
    """Under `textual serve` the terminal is a browser."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def _has_columns() -> bool:
    """A terminal that nobody has given a size yet shows no picture."""
    assert sys.__stdout__ is not None
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns > 0
    except OSError:
        return False
