"""What Textual and Python do not offer, got at through their inside; each says what would replace
it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.color import Color
from textual.command import CommandList, CommandPalette
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen
from textual.strip import Strip
from textual.visual import RenderOptions, Visual
from textual.widget import Widget
from textual.widgets import OptionList

if TYPE_CHECKING:
    from textual.css.styles import RulesMap
    from textual.style import Style as VisualStyle

NULL = Style.null()
LONGEST_WAIT = 0.5
"""Seconds for a widget that is being taken away."""

Piece = tuple[int, int, Strip]
"""Column, row, and what is written from there on."""


def write_through(app: App[int], data: str) -> None:
    """Sends the terminal what is no text: a picture. Wanted: a public way past the compositor."""
    if app._driver is not None:
        app._driver.write(data)


class Update(CompositorUpdate):
    """What a screen wants to have written, in the sequences that `write` makes of its pieces.

    Textual writes a row from the left edge of what surrounds all that changed, and all rows for a
    dialog. Wanted: its own to crop at both ends, as it means to, and to know what is there.
    """

    def __init__(
        self,
        update: CompositorUpdate | None,
        write: Callable[[list[Piece], Console], str],
    ) -> None:
        """update: Textual's; None: nothing new."""
        self._update, self._write = update, write

    def render_segments(self, console: Console) -> str:
        return self._write(list(self._pieces()), console)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return iter(())  # nobody prints a screen

    def _pieces(self) -> Iterator[Piece]:
        update = self._update
        if isinstance(update, LayoutUpdate):
            for y, line in enumerate(update.strips, update.region.y):
                x = update.region.x
                for strip in line:
                    yield x, y, strip
                    x += strip.cell_length
        elif isinstance(update, ChopsUpdate):
            for y, left, right in update.spans:
                ends, chops = update.chop_ends[y], update.chops[y]
                for end, (start, chop) in zip(ends, chops.items(), strict=False):
                    if chop is not None and start < right and end > left:
                        first = max(start, left)
                        yield first, y, chop.crop(first - start, min(end, right) - start)


class DimmedScreen(Visual):
    """The screen below a dialog, each of its styles dimmed once.

    Textual mixes the colours of every piece of text anew, and hands it through Rich's console, each
    time it draws one: a picture has thousands of pieces in a few hundred styles, and a dialog that
    opens draws them four times. Wanted: its own to remember them.
    """

    def __init__(self, screen: Screen[Any], tint: Color) -> None:
        self._screen, self._tint = screen, tint

    def render_strips(
        self, width: int, height: int | None, style: VisualStyle, options: RenderOptions
    ) -> list[Strip]:
        base, tint = style.rich_style, self._tint
        return [
            Strip(
                [
                    Segment(text, base + _dimmed(one or NULL, tint))
                    for text, one, control in strip
                    if not control
                ],
                strip.cell_length,
            ).crop(0, width)
            for strip in self._screen._compositor.render_strips()[:height]
        ]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._screen.size.height


def dimmed_once(background: RenderableType) -> RenderableType | Visual:
    """What a dialog draws behind itself, with `DimmedScreen`."""
    if isinstance(background, BackgroundScreen):
        return DimmedScreen(background.screen, background.color)
    return background


@lru_cache(maxsize=16384)
def _dimmed(style: Style, tint: Color) -> Style:
    """As Textual does it."""
    ((_, dimmed, _),) = BackgroundScreen.process_segments([Segment("", style)], tint)
    return dimmed or NULL


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
    """Textual's, with `move_in_list` and `DimmedScreen`."""

    def render(self) -> RenderableType | Visual:  # type: ignore[override]
        return dimmed_once(super().render())

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
