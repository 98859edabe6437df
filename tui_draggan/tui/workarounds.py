"""What Textual and Python do not offer, got at through their inside; each says what would replace
it."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.widget import Widget
from textual.widgets import OptionList

LONGEST_WAIT = 0.5
"""Seconds for a widget that is being taken away."""


def write_through(app: App[int], data: str) -> None:
    """Sends the terminal what is no text: a picture. Wanted: a public way past the compositor."""
    if app._driver is not None:
        app._driver.write(data)


class NarrowUpdate(ChopsUpdate):
    """Of each row only the spans that are to be repainted, from where they begin.

    Textual writes a row from the left edge of what surrounds all spans. Wanted: its own to crop at
    both ends, as it means to.
    """

    def render_segments(self, console: Console) -> str:
        pieces: list[str] = []
        for y, left, right in self.spans:
            for end, (start, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or start >= right or end <= left:
                    continue
                first = max(start, left)
                cells = strip.crop(first - start, min(end, right) - start)
                pieces += (Control.move_to(first, y).segment.text, cells.render(console))
        return "".join(pieces)


class NarrowCompositor(Compositor):
    """Textual's, with `NarrowUpdate`; for a screen's `_compositor`."""

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        if update is None:
            return None
        return NarrowUpdate(update.chops, update.spans, update.chop_ends)


def backlog(app: App[int]) -> int:
    """Writes that the terminal has not taken yet.

    Textual queues up to 30 of them, each a frame perhaps: behind a slow line a key's answer would
    come after all those. Wanted: a public «is the output idle» on the driver.
    """
    thread = getattr(app._driver, "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    return queue.qsize() if queue is not None else 0


def take_true_colour(app: App[int]) -> None:
    """The terminal has said that it shows 24-bit colours. Styles that Rich has worked out already
    stay what they are, until they are asked for anew. Wanted: a colour system that can be set
    while a program runs."""
    app.console._color_system = ColorSystem.TRUECOLOR
    app.refresh_css()


def move_in_list(lines: OptionList, action: str) -> None:
    """One of its movements, as `page_down`. A list that has options but has not been laid out yet,
    or has no room, fails on a page. Wanted: a list that stays where it is then."""
    with suppress(KeyError, IndexError):
        getattr(lines, f"action_{action}")()


class Palette(CommandPalette):
    """Textual's, with `move_in_list`."""

    def _action_command_list(self, action: str) -> None:
        for lines in self.query(CommandList):
            move_in_list(lines, action)


async def answer_key(app: App[int], key: str) -> bool:
    """Does what a key is bound to, all of it, before the next key is looked at; False where it is
    bound to nothing.

    Textual sends a key round through queues of the focused widget and its parents. Typed fast, or
    all at once by a slow line, the keys behind one that opens a dialog would reach the screen below
    it, those behind one that closes it the dialog, and what is typed into a line would overtake the
    keys that edit it. Wanted: keys answered one by one.
    """
    app.app_focus = True
    focused = app.focused
    if focused is not None:
        await _settled(focused)  # what was typed before is in its place
    if not (await app._check_bindings(key, priority=True) or await app._check_bindings(key)):
        return False
    if focused is not None:
        await _settled(focused)
        await app._flush_next_callbacks()  # a dialog's answer is taken
    return True


async def _settled(widget: Widget) -> None:
    """Until a widget, and then each of its parents, has seen to the messages it has."""
    for node in widget.ancestors_with_self:
        if isinstance(node, App):
            return
        seen = asyncio.Event()
        if isinstance(node, Widget) and node.call_later(seen.set):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(seen.wait(), LONGEST_WAIT)


def forget_startup() -> None:
    """Spares the garbage collector what stays anyway: looking through all of it takes 100 ms, in
    which no key is answered. Wanted: a collector that does not stop the program."""
    gc.unfreeze()  # what another model's screen has left
    gc.collect()
    gc.freeze()
