"""What editor and watcher have in common: the colours, what the terminal answers, and the ways they
end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from rich.console import COLOR_SYSTEMS, Console, RenderableType
from textual import events, on
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.theme import Theme

from tui_draggan import paths
from tui_draggan.errors import DragganError
from tui_draggan.files import replacing
from tui_draggan.standard_streams import complain
from tui_draggan.tui.cells import ShownCells, plain
from tui_draggan.tui.driver import TerminalDriver, TerminalReplied
from tui_draggan.tui.line import LEAST, Line
from tui_draggan.tui.pacing import FRAMES_PER_SECOND
from tui_draggan.tui.terminal.graphics import CELL_QUESTION, READY_QUESTION, Display, Terminal
from tui_draggan.tui.terminal.replies import Ready
from tui_draggan.tui.widgets.picture import Picture
from tui_draggan.tui.workarounds import Piece, Update, take_true_colour

GRACE = 2.0
"""Seconds the screen gets to put the terminal back after a signal."""
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

THEME = Theme(
    name="draggan",
    primary="#56b4e9",
    secondary="#8fa3b8",
    accent="#56b4e9",
    foreground="#d7dce2",
    background="#13161b",
    surface="#1a1e25",
    panel="#232933",
    success="#4cc38a",
    warning="#f0c05a",
    error="#e5707a",
    dark=True,
    variables={
        "footer-background": "#1a1e25",
        "footer-key-foreground": "#56b4e9",
        "footer-description-foreground": "#9aa5b1",
        "footer-item-background": "#1a1e25",
        "foreground-muted": "#8893a0",
    },
)


log = logging.getLogger(__name__)


class UnexpectedError(DragganError):
    """The program itself met something nobody foresaw."""

    title = "unexpected"


class Program(App[int]):
    """A program with this project's colours. Returns the exit status."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.title = "tui-draggan"
        self.terminal = terminal
        """What is known of the terminal; its answers make it more."""
        self.line = Line()
        """How fast pictures reach the terminal."""
        self._cells = ShownCells()
        """What it shows."""
        self._is_marked = self._is_paying = False
        """Whether the end of what is being written is to be marked; whether a timer will write what
        is owed."""
        self.resume = ""
        """Command that resumes what is being done, if there is one."""
        self.failure: BaseException | None = None
        """Exception that ended it."""
        self._own_loop: asyncio.AbstractEventLoop | None = None

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        return TerminalDriver if chosen is LinuxDriver else chosen

    def begin(self, theme: str | None = None) -> None:
        """Called first when it is mounted. theme: name of a Textual theme; else the project's."""
        self._own_loop = asyncio.get_running_loop()
        self._own_loop.set_exception_handler(self._take_exception)
        self.register_theme(THEME)
        self.theme = theme if theme and theme in self.available_themes else THEME.name
        self.app_resume_signal.subscribe(self, lambda _: self._return())
        self._ask(*self.terminal.questions)
        self.mark_picture(is_end=False)  # whether it answers

    # -- the terminal --------------------------------------------------------------------------

    def _ask(self, *questions: str) -> None:
        if questions and isinstance(self._driver, TerminalDriver):
            self._driver.ask(*questions)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Textual's, with what `_sequences` makes of it."""
        if isinstance(renderable, CompositorUpdate):
            renderable = Update(renderable, self._sequences)
        super()._display(screen, renderable)
        if self._is_marked:
            self._is_marked = False
            self.mark_picture(is_end=True)

    def _sequences(self, pieces: list[Piece], console: Console) -> str:
        """What is written for pieces of the screen: over a slow line cells that differ, and those
        of pictures only as there is room for them."""
        cells, line = self._cells, self.line
        if self.terminal.display.graphics != "half":  # pictures lie over cells, unseen by them
            return plain(pieces, console)
        if cells.size != self.size:
            cells.forget(self.size)
        if not line.is_slow and not cells.is_owing:
            cells.written(pieces)
            return self._marked(plain(pieces, console))
        cells.want(pieces)
        room = 0 if line.is_busy(monotonic()) else line.room
        text = cells.due(COLOR_SYSTEMS.get(console.color_system or ""), room)
        if cells.is_owing:
            self._pay_soon()
        return self._marked(text)

    def _marked(self, text: str) -> str:
        """A text to be written, between marks where the line can be measured by it."""
        if len(text) > LEAST:
            self._is_marked = True
            self.mark_picture(is_end=False)  # is written at once, the text behind it
        return text

    def _pay_soon(self) -> None:
        if not self._is_paying:
            self._is_paying = True
            self.set_timer(1 / FRAMES_PER_SECOND, self._pay)

    def _pay(self) -> None:
        """Writes what is owed, as the line has room for it."""
        self._is_paying = False
        if self._cells.is_owing and self.line.is_busy(monotonic()):
            self._pay_soon()
        elif self._cells.is_owing:
            self._display(self.screen, Update(None, self._sequences))

    def mark_picture(self, is_end: bool) -> None:
        """Where a picture begins, or ends: asks the terminal to say when it is there."""
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or not self.line.wants_mark():
            return
        if driver.ask(READY_QUESTION):
            self.line.put(driver.written, monotonic(), is_end)

    @on(TerminalReplied)
    def _take_reply(self, event: TerminalReplied) -> None:
        if isinstance(event.reply, Ready):
            self.line.answered(event.time)
            self.set_class(self.line.is_slow, "-slow-line")
        else:
            self._learn(self.terminal.told(event.reply))

    @on(events.Resize)
    @on(events.AppFocus)
    def _look_at_cells(self) -> None:
        """The window may have another size, or its type; no terminal must tell of the latter."""
        self._cells.forget(self.size)
        self._learn(self.terminal.resized())
        if self.terminal.display.graphics != "half":
            self._ask(CELL_QUESTION)

    def _learn(self, terminal: Terminal) -> None:
        before, self.terminal = self.terminal, terminal
        if terminal.display != before.display:
            self.show_display(terminal.display)
        if terminal.true_colour and not before.true_colour:
            take_true_colour(self)
            self._cells.forget(self.size)
            for picture in self._pictures():
                picture.repaint()

    def show_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way from now on."""
        for picture in self._pictures():
            picture.take_display(display)

    def _pictures(self) -> list[Picture]:
        return [picture for screen in self.screen_stack for picture in screen.query(Picture)]

    def _return(self) -> None:
        """After it was suspended: the shell has written over the terminal's own pictures."""
        self._cells.forget(self.size)
        self.show_display(self.terminal.display)
        self.refresh(layout=True)

    # -- ending --------------------------------------------------------------------------------

    def action_end(self, status: int) -> None:
        """Leaves at once with that exit status."""
        self.exit(status, status)

    def end_soon(self, status: int) -> None:
        """`action_end` for signal handlers."""
        if self.is_running and self._own_loop is not None:
            self._own_loop.call_soon_threadsafe(self.action_end, status)

    def _handle_exception(self, error: Exception) -> None:
        """Keeps the first, for `run_program` to tell of."""
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Textual's traceback, with all values in it, is not shown."""
        self._exit_renderables.clear()

    def _take_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a callback of the event loop has met."""
        error = context.get("exception")
        if isinstance(error, Exception) and self.is_running:
            self._handle_exception(error)

    def fail_soon(self, error: BaseException) -> None:
        """Leaves for an exception in another thread."""
        self.failure = self.failure or error
        self.end_soon(UnexpectedError.exit_status)


def run_program(program: Program, close: Callable[[], None] | None = None) -> int:
    """Runs it until it is left; the exit status.

    close: closes what must not be lost, before the process is ended in spite of the screen. Raises
    UnexpectedError for an exception nobody foresaw, with the terminal as it was.
    """
    with _ending_signals(program, close), _failing_threads(program, close):
        status = program.run()
    if program.failure is not None:
        raise _unexpected(program.failure, program.resume)
    return (program.return_code or 0) if status is None else status


def _unexpected(error: BaseException, resume: str) -> UnexpectedError:
    """It in one line; the traceback goes to a file."""
    words = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    file = paths.failure()
    with suppress(DragganError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as work:
            work.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        words += f" (details: {file})"
    kept = f"; the edit is kept, to resume it: {resume}" if resume else ""
    return UnexpectedError(words + kept)


@contextmanager
def _failing_threads(program: Program, close: Callable[[], None] | None) -> Iterator[None]:
    """An exception in a thread ends the program as one in the event loop does, also where the
    thread was the one that writes to the terminal."""

    def last_resort(error: BaseException) -> None:
        time.sleep(GRACE)
        if close is not None:
            close()
        complain(f"tui-draggan: {_unexpected(error, program.resume).line}")
        os._exit(UnexpectedError.exit_status)

    def take(thread: threading.ExceptHookArgs) -> None:
        if thread.exc_value is not None:
            threading.Thread(target=last_resort, args=(thread.exc_value,), daemon=True).start()
            program.fail_soon(thread.exc_value)

    before, threading.excepthook = threading.excepthook, take
    try:
        yield
    finally:
        threading.excepthook = before


@contextmanager
def _ending_signals(program: Program, close: Callable[[], None] | None) -> Iterator[None]:
    """A killed program leaves the terminal as it was.

    Where the terminal itself has gone, Textual waits for ever to write to it: after closing all
    that matters the process ends without it.
    """

    def last_resort(status: int) -> None:
        if close is not None:
            close()
        time.sleep(GRACE)
        os._exit(status)

    def leave(number: int, _frame: object) -> None:
        status = 128 + number
        threading.Thread(target=last_resort, args=(status,), daemon=True).start()
        program.end_soon(status)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
