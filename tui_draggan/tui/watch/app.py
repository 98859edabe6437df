"""The program that shows a run while it trains."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Footer

from tui_draggan.arrays import Bytes
from tui_draggan.tui.program import Program
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.watch import words
from tui_draggan.tui.watch.curves import Curves
from tui_draggan.tui.watch.layout import plan
from tui_draggan.tui.watch.picture import GridPicture
from tui_draggan.tui.watch.run import Grid, RunReader, RunSnapshot
from tui_draggan.tui.widgets.readout import Readout

LOOK_EVERY = 1.0
"""Seconds between two looks at the folder."""
MOST_PIXELS = 1 << 26
"""Pixels of a sample grid; what is larger was not written by a run."""


class WatchApp(Program):
    """The newest samples, curves and a line of state."""

    CSS_PATH = "watch.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma", "walk(-1)", "older", key_display=","),
        Binding("full_stop", "walk(1)", "newer", key_display="."),
        Binding("home", "walk(-1000000)", "oldest", show=False),
        Binding("end", "walk(1000000)", "newest", show=False),
        # Before Textual's own Tab, which walks through what can have the focus: nothing here.
        Binding("tab,c", "chart(1)", "curves", key_display="⇥", priority=True),
        Binding("shift+tab", "chart(-1)", "curves before", show=False, priority=True),
        Binding("plus,equals_sign", "zoom(1)", "zoom in", key_display="+"),
        Binding("minus", "zoom(-1)", "zoom out", key_display="-"),
        Binding("0", "zoom(-9)", "whole grid", show=False),
        Binding("left,h", "move(-1,0)", "left", show=False),
        Binding("right,l", "move(1,0)", "right", show=False),
        Binding("up,k", "move(0,-1)", "up", show=False),
        Binding("down,j", "move(0,1)", "down", show=False),
        Binding("q,escape", "end(0)", "quit", key_display="q"),
        Binding("ctrl+c,ctrl+q", "end(130)", "quit", show=False, priority=True),
    ]

    def __init__(self, folder: Path, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.run_now = RunSnapshot(folder.resolve().name)
        self._reader = RunReader(folder)
        self._chosen: Path | None = None
        """File of the grid that was walked to; None: the newest."""
        self._shown: Grid | None = None
        """The grid whose picture is on the screen."""

    def compose(self) -> ComposeResult:
        yield Readout(id="title")
        with Container(id="body"):
            yield GridPicture(self.terminal.display, "picture")
            yield Curves("curves")
        yield Readout(id="status")
        yield Footer(id="keys", compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.begin()
        if self.terminal.problem:
            self.notify(self.terminal.problem, markup=False)
        self._watch()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, columns: int, rows: int) -> None:
        picture = self.query_one(GridPicture)
        chosen = plan(columns, rows, picture.aspect)
        picture.styles.width, picture.styles.height = chosen.width, chosen.height
        self.query_one("#body").set_class(chosen.beside, "-beside")
        self.query_one("#keys").set_class(not chosen.keys, "-hidden")
        # The lines are written for the size they have; they have it after the layout.
        self.call_after_refresh(self._write)

    # -- the run -------------------------------------------------------------------------------

    @work(exclusive=True, group="watch")
    async def _watch(self) -> None:
        while True:
            self.run_now = await asyncio.to_thread(self._reader.look)
            await self._load()
            self._write()
            await asyncio.sleep(LOOK_EVERY)

    @property
    def grid(self) -> Grid | None:
        """The one to be shown."""
        run = self.run_now
        at = run.place_of(self._chosen)
        return run.grids[-1 if at is None else at] if run.grids else None

    async def _load(self) -> None:
        """The picture of `grid`, unless it is there already or cannot be read."""
        grid = self.grid
        if grid == self._shown and grid is not None:
            return
        image = await asyncio.to_thread(_read, grid.path) if grid is not None else None
        if grid is not None and image is None:
            return  # half there; the next look finds it whole
        if grid != self.grid:
            return  # walked on in the meantime
        picture = self.query_one(GridPicture)
        aspect = picture.aspect
        self._shown = grid
        picture.show(image, words.waiting_words(self.run_now))
        if picture.aspect != aspect:
            self._arrange(*self.size)

    @work(exclusive=True, group="walk")
    async def _load_now(self) -> None:
        await self._load()
        self._write()

    def _write(self) -> None:
        """The lines of text and the curves."""
        if not self.is_running or not self.screen_stack:
            return
        run, shown = self.run_now, self._shown
        title, status = self.query_one("#title", Readout), self.query_one("#status", Readout)
        width = self.size.width
        muted = title.colour("foreground-muted") or "dim"
        accent = f"bold {title.colour('accent')}".strip()
        title.write(words.fitted(words.title_words(run, shown), width, accent, muted))
        status.write(words.fitted(words.status_words(run, time.time()), width, "bold", ""))
        at = None if shown is None else run.place_of(shown.path)
        older = at is not None and at < len(run.grids) - 1
        self.query_one(Curves).show(run, shown.kimg if shown is not None and older else None)

    # -- keys ----------------------------------------------------------------------------------

    def action_walk(self, step: int) -> None:
        """Older or newer grids; beyond the newest one the newest is followed again."""
        grids = self.run_now.grids
        grid = self.grid
        if grid is None:
            return
        at = min(len(grids) - 1, max(0, grids.index(grid) + step))
        self._chosen = None if at == len(grids) - 1 else grids[at].path
        self._load_now()

    def action_chart(self, step: int) -> None:
        self.query_one(Curves).walk(self.run_now, step)
        self._write()

    def action_zoom(self, steps: int) -> None:
        picture = self.query_one(GridPicture)
        picture.look(picture.window.zoomed(steps))

    def action_move(self, dx: int, dy: int) -> None:
        picture = self.query_one(GridPicture)
        picture.look(picture.window.moved(dx, dy))


def _read(path: Path) -> Bytes | None:
    """A picture (H, W, 3); None where it cannot be read."""
    try:
        with Image.open(path, formats=("PNG",)) as file:
            if file.width * file.height > MOST_PIXELS:
                return None
            return np.asarray(file.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
