"""What the terminal can show: colours by its environment and its answers, graphics by its answers,
which may come late or never. Until they do, half blocks are shown.

Nothing here imports Textual, which reads its colour system when it is imported.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import Literal

from tui_draggan.tui.terminal.probing import answers, cell_of_window
from tui_draggan.tui.terminal.replies import (
    Attributes,
    CellSize,
    KittyGraphics,
    Reply,
    TrueColour,
    Version,
    WindowSize,
)

Graphics = Literal["half", "sixel", "kitty"]
OF_CHOICE: dict[str, Graphics] = {"half": "half", "sixel": "sixel", "kitty": "kitty"}
GRAPHICS_CHOICES = ("auto", *OF_CHOICE)
VT340_CELL = CellSize(10, 20)
"""Cells where a terminal does not tell: those sixels were made for."""
ASKED, ASKED_FOR_PLACEHOLDERS = 31, 32
"""Numbers of kitty's pictures by which it is asked."""
KITTY_QUESTION = f"\x1b_Gi={ASKED},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""A picture of one pixel, not to be shown."""
PLACEHOLDERS_QUESTION = (
    f"\x1b_Gi={ASKED_FOR_PLACEHOLDERS},s=1,v=1,a=T,U=1,c=1,r=1,C=1,t=d,f=24;AAAA\x1b\\"
    f"\x1b_Ga=d,d=I,q=2,i={ASKED_FOR_PLACEHOLDERS}\x1b\\"
)
"""A picture of one pixel for a placeholder that nobody writes. Who has no placeholders refuses, or
shows it for a moment."""
VERSION_QUESTION = "\x1b[>q"
PLACEHOLDERS = {"kitty": (0, 28), "ghostty": (0,)}
"""Terminals that draw placeholders, and since which version: others answer that they do, and ignore
what they do not know."""
COLOUR_QUESTION = "\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m"
"""A background of 24 bits is set, and asked for (DECRQSS): who knows few colours tells another, or
none."""
CELL_QUESTION = "\x1b[16t"
ATTRIBUTES_QUESTION = "\x1b[c"
READY_QUESTION = "\x1b[5n"
"""Answered when all before it has been drawn."""
COLOUR_CHOICES = ("auto", "truecolor", "256", "16", "none")


@dataclass(frozen=True)
class Display:
    """The way pictures reach the terminal."""

    graphics: Graphics = "half"
    cell_width: int = 10
    """Pixels a cell is wide; used by sixel and kitty only."""
    cell_height: int = 20
    placed: bool = False
    """Whether kitty's pictures are placed at the cursor, where it has no placeholders."""
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


def may_show_more(choice: str) -> bool:
    """Whether the terminal may show more colours than its environment says, and can be asked. SSH
    hands COLORTERM on where both ends are set up to do so. The console of Linux would print the
    question, and a multiplexer's answer may be that of the terminal outside."""
    decided = choice != "auto" or any(
        name in os.environ for name in ("NO_COLOR", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DRIVER")
    )
    told = os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit")
    if decided or told or in_tmux() or os.environ.get("TERM") == "linux":
        return False
    return terminal_problem() is None


@dataclass(frozen=True)
class Terminal:
    """What is known of the terminal, more with every answer."""

    choice: str = "half"
    """What the person wants: one of GRAPHICS_CHOICES."""
    ask_colours: bool = False
    """Whether it is to be asked for 24-bit colours."""
    true_colour: bool = False
    """Whether it has answered that it shows them."""
    problem: str = ""
    """Reason why only half blocks can be shown, in one line."""
    attributes: Attributes | None = None
    """None until it has told them."""
    kitty: bool = False
    """Whether it knows kitty's protocol."""
    refuses_placeholders: bool = False
    """Whether it has said that it has none of kitty's placeholders."""
    version: Version | None = None
    """Name and version as it tells them."""
    window_cell: CellSize | None = None
    """Pixels of a cell as the kernel, or the terminal of itself, has them: the newest."""
    told_cell: CellSize | None = None
    """Pixels of a cell as the terminal has told them when asked."""

    @classmethod
    def at_start(cls, choice: str, colour: str = "truecolor") -> Terminal:
        """Before anything has been asked: half blocks by default inside tmux and in a browser.

        colour: what the person wants, one of COLOUR_CHOICES.
        """
        known = cls(ask_colours=may_show_more(colour))
        if choice == "half" or (choice == "auto" and (in_tmux() or _web())):
            return known
        if _web() or terminal_problem() is not None or not _has_columns():
            if choice == "auto":
                return known
            return replace(known, problem=f"{choice} needs a terminal; showing half blocks")
        return replace(known, choice=choice, window_cell=cell_of_window())

    @property
    def questions(self) -> tuple[str, ...]:
        """What to ask it at the start; it answers in this order, its attributes last."""
        colours = (COLOUR_QUESTION,) if self.ask_colours else ()
        if self.choice == "half":
            return (*colours, ATTRIBUTES_QUESTION) if colours else ()
        kitty = (KITTY_QUESTION,) if self.choice == "auto" else ()
        if self.choice in ("auto", "kitty") and not in_tmux():
            kitty = (VERSION_QUESTION, *kitty, PLACEHOLDERS_QUESTION)
        return (*colours, *kitty, CELL_QUESTION, ATTRIBUTES_QUESTION)

    @property
    def display(self) -> Display:
        """The way pictures reach it, as far as is known."""
        graphics = OF_CHOICE.get(self.choice) or self._offered
        if graphics == "half":
            return Display(note=self.problem)
        cell = self.window_cell or self.told_cell or VT340_CELL
        placed = graphics == "kitty" and not self._has_placeholders
        return Display(graphics, cell.width, cell.height, placed)

    @property
    def _has_placeholders(self) -> bool:
        """In tmux there is nothing else; of a terminal without a name it is believed."""
        if in_tmux():
            return True
        if self.refuses_placeholders or self.version is None:
            return not self.refuses_placeholders
        since = PLACEHOLDERS.get(self.version.name)
        return since is not None and self.version.numbers >= since

    @property
    def _offered(self) -> Graphics:
        """Sixel before kitty: it needs no numbers. Attributes are told last, so all is known
        then."""
        if self.attributes is None:
            return "half"
        return "sixel" if self.attributes.sixel else "kitty" if self.kitty else "half"

    def told(self, reply: Reply) -> Terminal:
        """With what an answer says."""
        if isinstance(reply, Attributes):
            return replace(self, attributes=reply)
        if isinstance(reply, TrueColour):
            return replace(self, true_colour=True)
        if isinstance(reply, KittyGraphics) and reply.number == ASKED_FOR_PLACEHOLDERS:
            return replace(self, refuses_placeholders=not reply.works)
        if isinstance(reply, KittyGraphics):
            return replace(self, kitty=reply.works)
        if isinstance(reply, Version):
            return replace(self, version=reply)
        if isinstance(reply, CellSize):
            return replace(self, told_cell=reply)
        if isinstance(reply, WindowSize) and reply.cell is not None:
            return replace(self, window_cell=reply.cell)
        return self

    def resized(self) -> Terminal:
        """Its window, or its type, may be another."""
        return replace(self, window_cell=cell_of_window() or self.window_cell)


def ask_terminal(choice: str) -> Terminal:
    """With what the terminal answers at once, for a program without a screen."""
    terminal = Terminal.at_start(choice, "auto")
    for reply in answers("".join(terminal.questions)):
        terminal = terminal.told(reply)
    return terminal


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
