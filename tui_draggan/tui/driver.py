"""Textual's own way to the terminal, for terminals that answer late, wrongly or in bytes that are
no text: it ends the program, or types answers as keys, where this goes on.

Wanted, to do without it: a parser that knows answers to others' questions, does not divide by the
pixels a terminal claims to have, and outlives what it cannot read.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.messages import InBandWindowResize

from tui_draggan.tui.terminal.graphics import READY_QUESTION
from tui_draggan.tui.terminal.replies import (
    ESC,
    MOST_COLUMNS,
    MOST_ROWS,
    Answer,
    Mode,
    Ready,
    Reply,
    Sieve,
    WindowSize,
    parse,
)

LOOK_EVERY = 0.05
"""Seconds between two looks at what may be a lone Escape."""
ANSWERED_WITHIN = 0.5
"""Seconds after a question in which leaving waits for the answer."""
READY_WITHIN = 2.0
"""The same for the question whether all is drawn, of a terminal that has answered it before."""
PIXEL_MOUSE = 1016
"""Mode in which the mouse is reported in pixels."""

log = logging.getLogger(__name__)


@dataclass
class TerminalReplied(Message):
    """The terminal has answered something it was asked, or told its size."""

    reply: Reply
    time: float
    """When it came, in seconds of the monotonic clock."""


class TerminalDriver(LinuxDriver):
    """Keys and mouse as Textual reads them, from what the answers have been taken out of."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._window: WindowSize | None = None
        """Size that the terminal told last, in cells and pixels."""
        self._told: object = None
        """Size that the program was told last."""
        self._in_pixels = False
        """Whether the terminal says that it reports the mouse in pixels."""
        self._expected, self._asked_at = 0, 0.0
        """Answers that have not come yet, and the time of the last question in seconds."""
        self._marks, self._is_prompt = 0, False
        """Questions whether all is drawn without an answer; whether one was ever answered."""
        self._leaving = False
        """Whether nothing is asked any more."""
        self.written = 0
        """Bytes written since the beginning."""
        self._asked = False
        """Whether it has been asked to tell its size by itself, and has not answered."""

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:  # Textual's own would leave with a traceback and status 0
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        sieve, parser = Sieve(), XTermParser()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                pieces: list[str | Answer] = []
                if selector.select(LOOK_EVERY):
                    try:
                        data = os.read(self.fileno, 4096)
                    except OSError:
                        data = b""
                    if not data:  # the terminal has gone; where there is a shell, it says so too
                        os.kill(os.getpid(), signal.SIGHUP)
                        return
                    pieces += sieve.feed(decode(data), monotonic())
                pieces += sieve.tick(monotonic())
                for piece in pieces:
                    if isinstance(piece, Answer):
                        self._hear(piece)
                    else:
                        parser = self._type(parser, piece)
                self._send(parser.tick())

    def _type(self, parser: XTermParser, piece: str) -> XTermParser:
        """Has Textual read a piece; its parser, or a new one where it stumbled."""
        if piece == ESC:
            self.process_message(events.Key("escape", ESC))
            return parser
        window = self._window
        parser.mouse_pixels = self._in_pixels and window is not None
        if window is not None:
            parser.terminal_size = window.columns, window.rows
            parser.terminal_pixel_size = window.width, window.height
        try:
            self._send(parser.feed(piece))
        except Exception:
            log.warning("passed over %r, which the terminal sent", piece, exc_info=True)
            return XTermParser()
        unread = parser._awaiting.timeout is not None
        if unread and len(piece) > 2 and piece.startswith(ESC):
            return XTermParser()  # a sequence it does not know: it would type it in the end
        return parser

    def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)

    def _hear(self, answer: Answer) -> None:
        reply = parse(answer.text)
        if isinstance(reply, WindowSize):
            self._window = reply
            pixels = None if reply.cell is None else (reply.width, reply.height)
            self._resize(reply.columns, reply.rows, pixels)
        elif isinstance(reply, Mode) and reply.number == PIXEL_MOUSE:
            self._in_pixels = reply.is_set
        elif answer.text.startswith(f"{ESC}[48;"):  # no size that can be: the kernel has one too
            self._resize(*self._get_terminal_size())
        if self._in_pixels and (self._window is None or self._window.cell is None):
            self._in_pixels = False
            self.write(f"{ESC}[?{PIXEL_MOUSE}l")  # pixels of what size?
        if isinstance(reply, Ready):
            self._marks, self._is_prompt = max(0, self._marks - 1), True
        else:  # among them those that others have asked for
            self._expected = max(0, self._expected - 1)
        self.process_message(TerminalReplied(reply, monotonic()))

    def _resize(self, columns: int, rows: int, pixels: tuple[int, int] | None = None) -> None:
        """Tells of a size, unless it is the last one again: the program asks something about it,
        and there are terminals that answer every question with their size."""
        if (columns, rows, pixels) != self._told:
            self._told = columns, rows, pixels
            self.process_message(events.Resize.from_dimensions((columns, rows), pixels))

    def write(self, data: str) -> None:
        self.written += len(data.encode(errors="replace"))
        super().write(data)

    def start_application_mode(self) -> None:
        self._leaving = False
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def ask(self, *questions: str) -> bool:
        """Writes questions of `terminal.graphics`; the answers come as `TerminalReplied`. False
        where it is too late to ask."""
        if self._leaving:
            return False
        marks = questions.count(READY_QUESTION)
        self._marks += marks
        self._expected += len(questions) - marks
        self._asked_at = monotonic()
        self.write("".join(questions))
        return True

    def disable_input(self) -> None:
        """After the answers that are under way: the shell would take them for something typed."""
        self._leaving = True
        while self._is_awaited(monotonic() - self._asked_at):
            sleep(0.01)
        super().disable_input()

    def _is_awaited(self, waited: float) -> bool:
        """Whether an answer may still come, so many seconds after the last question."""
        if self._marks and self._is_prompt:
            return waited < READY_WITHIN
        return self._marks + self._expected > 0 and waited < ANSWERED_WITHIN

    def process_message(self, message: Message) -> None:
        if isinstance(message, InBandWindowResize):
            if not self._asked:
                return  # it would be told to do so again, and might answer that again
            self._asked = False
        super().process_message(message)

    def _query_in_band_window_resize(self) -> None:
        self._asked = True
        super()._query_in_band_window_resize()

    def _enable_mouse_pixels(self) -> None:
        """Asks for the mouse in pixels, and whether that was heard: the answer stands between the
        last report in cells and the first in pixels."""
        super()._enable_mouse_pixels()
        self.write(f"{ESC}[?{PIXEL_MOUSE}$p")

    def _get_terminal_size(self) -> tuple[int, int]:
        """As the kernel has it, as far as that can be."""
        columns, rows = super()._get_terminal_size()
        return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)
