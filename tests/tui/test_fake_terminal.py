"""The editor in terminals that answer late, wrongly or never."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_draggan.testing.fake_terminal import (
    ATTRIBUTES,
    CELL,
    COLOURS,
    KITTY,
    MOUSE_PIXELS,
    READY,
    RESIZES,
    RESIZES_ON,
    Answers,
    FakeTerminal,
)
from tui_draggan.testing.waiting import wait_until

pytestmark = pytest.mark.slow

SIXEL_ATTRIBUTES = b"\x1b[?62;4;22c"
PLAIN_ATTRIBUTES = b"\x1b[?62;22c"
KITTY_WORKS = b"\x1b_Gi=31;OK\x1b\\"

TRUE_CELL = re.compile(rb"38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m\xe2\x96\x80")
"""A half block in two colours of 24 bits."""

Open = Callable[..., FakeTerminal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Starts the editor on the engine with a known answer, in a terminal with such answers."""
    terminals: list[FakeTerminal] = []

    def start(
        answers: Answers | None = None,
        *options: str,
        pixels: tuple[int, int] = (0, 0),
        speed: float = 0.0,
        **environment: str,
    ) -> FakeTerminal:
        terminal = FakeTerminal(
            *("python", "-m", "tui_draggan.testing.spot_editor", "--graphics", "auto", *options),
            answers=answers,
            pixels=pixels,
            speed=speed,
            XDG_STATE_HOME=str(tmp_path),
            **environment,  # type: ignore[arg-type]
        )
        terminals.append(terminal)
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()


def leave(terminal: FakeTerminal) -> None:
    """By Ctrl-C; nothing was typed that stands in its way."""
    terminal.send(b"\x03")
    status, said = terminal.ended()
    assert (status, said.strip()) == (130, "") and terminal.is_sane


def sizes(terminal: FakeTerminal, after: int = 0) -> set[tuple[int, int]]:
    """Widths and heights of the sixel pictures."""
    found = re.findall(rb'\x1bP0;0;0q"1;1;(\d+);(\d+)', terminal.output[after:])
    return {(int(width), int(height)) for width, height in found}


def test_late_answers_are_never_typed(opened: Open) -> None:
    """Whole, in pieces, without the Escape that came long before, and such as nobody asked for."""
    terminal = opened(
        {
            ATTRIBUTES: [(0.3, b"\x1b[?6"), (0.6, b"2;2"), (0.9, b"2c")],
            KITTY: [(1.0, b"\x1b_Gi=31;ENOTSUPPORTED:q?\x1b\\"), (1.1, b"\x1bP>|XTerm(390)\x1b\\")],
            CELL: [(1.2, b"\x1b[6;18;9t\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\"), (1.3, b"\x1b")],
            RESIZES: [(2.0, b"[?62;22c\x1b[>41;390;0c\x1b[?1u\x1b[0n\x1bP1$r0m\x1b\\\x1b[?7q")],
        }
    )
    terminal.wait_for("Enter for a handle")
    terminal.wait_until_answered()
    terminal.send(b"j")
    terminal.wait_for("32,33")
    written = terminal.output
    assert b"next seed" not in written and b"esc: back" not in written, "no dialog has opened"
    assert b"now its target" not in written and b"step size" not in written
    leave(terminal)


def test_sixel_is_switched_on_when_the_answer_is_there(opened: Open) -> None:
    terminal = opened()
    terminal.wait_for("Enter for a handle")
    terminal.wait_for("▀")
    assert not sizes(terminal)
    terminal.send(b"\x1b[6;16;8t" + SIXEL_ATTRIBUTES)
    terminal.wait_for(b"\x1bP0;0;0q")
    assert all(width % 8 == 0 and height % 16 == 0 for width, height in sizes(terminal))
    leave(terminal)


def test_kitty_is_switched_on_when_the_answer_is_there(opened: Open) -> None:
    terminal = opened()
    terminal.wait_for("▀")
    terminal.send(KITTY_WORKS + PLAIN_ATTRIBUTES)
    terminal.wait_for(b"\x1b_Ga=T,U=1")
    leave(terminal)


@pytest.mark.parametrize(
    "answer",
    [b"\x1bP1$r0;48:2:1:2:3m\x1b\\", b"\x1bP1$r0;48:2::1:2:3m\x1b\\", b"\x1bP1$r48;2;1;2;3m\x07"],
)
def test_all_colours_where_the_terminal_says_it_has_them(opened: Open, answer: bytes) -> None:
    terminal = opened(COLORTERM="")
    terminal.wait_for(COLOURS)
    terminal.wait_for("Enter for a handle")
    terminal.wait_for("▀")
    assert not TRUE_CELL.search(terminal.output)
    terminal.send(answer)
    wait_until(lambda: TRUE_CELL.search(terminal.output), "a picture in 24-bit colours")
    leave(terminal)


@pytest.mark.parametrize("answer", [b"\x1bP1$r0;48:5:16m\x1b\\", b"\x1bP0$r\x1b\\", b""])
def test_few_colours_where_it_does_not(opened: Open, answer: bytes) -> None:
    answers = {COLOURS: [(0.0, answer)], ATTRIBUTES: [(0.1, PLAIN_ATTRIBUTES)]}
    terminal = opened(answers, COLORTERM="")
    terminal.wait_for("Enter for a handle")
    terminal.wait_until_answered()
    terminal.send(b"\r")
    terminal.wait_for("target")
    assert not TRUE_CELL.search(terminal.output)
    leave(terminal)


@pytest.mark.parametrize(
    ("option", "environment"),
    [("", {}), ("256", {"COLORTERM": ""}), ("", {"COLORTERM": "", "NO_COLOR": "1"})],
)
def test_who_has_decided_is_not_asked(
    opened: Open, option: str, environment: dict[str, str]
) -> None:
    options = ("--colour", option) if option else ()
    terminal = opened({ATTRIBUTES: [(0.0, PLAIN_ATTRIBUTES)]}, *options, **environment)
    terminal.wait_for("Enter for a handle")
    terminal.wait_until_answered()
    assert COLOURS not in terminal.output
    leave(terminal)


@pytest.mark.parametrize("way", ["kernel", "in band", "asked"])
def test_sixels_follow_the_size_of_a_cell(opened: Open, way: str) -> None:
    answers = {ATTRIBUTES: [(0.0, SIXEL_ATTRIBUTES)]}
    if way == "asked":
        answers[CELL] = [(0.0, b"\x1b[6;20;10t")]
    if way == "in band":
        answers |= {
            RESIZES: [(0.0, b"\x1b[?2048;2$y")],
            RESIZES_ON: [(0.0, b"\x1b[48;30;100;600;1000t")],
        }
    pixels = (1000, 600) if way == "kernel" else (0, 0)
    terminal = opened(answers, pixels=pixels)
    terminal.wait_for("Enter for a handle")
    terminal.wait_for(b"\x1bP0;0;0q")
    ((width, height),) = sizes(terminal)
    assert (width % 10, height % 20) == (0, 0)
    columns, rows = width // 10, height // 20
    seen = len(terminal.output)
    if way == "kernel":
        terminal.resize(100, 30, (700, 420))
    elif way == "in band":
        terminal.send(b"\x1b[48;30;100;420;700t")
    else:
        terminal.send(b"\x1b[6;14;7t")
    terminal.wait_for(b'\x1bP0;0;0q"1;1;%d;%d' % (7 * columns, 14 * rows), seen)
    leave(terminal)


LIES = {
    "no pixels": b"\x1b[48;30;100;0;0t",
    "negative pixels": b"\x1b[48;30;100;-600;-1000t",
    "huge pixels": b"\x1b[48;30;100;99999999999;99999999999t",
    "cells for pixels": b"\x1b[48;30;100;30;100t",
    "no cells": b"\x1b[48;0;0;600;1000t",
    "huge cells": b"\x1b[48;99999;99999;600;1000t",
    "nothing": b"\x1b[48;;;;t\x1b[48t\x1b[48;30;100t",
    "a cell of nothing": b"\x1b[6;0;0t\x1b[6;-3;-3t\x1b[6;99999;99999t\x1b[6;;t\x1b[4;0;0t",
    "numbers beyond all": b"\x1b[99999999999999999999u\x1b[1;99999999999999999999A\x1b[<0;0;0M",
    "no text": b"\xff\xfe\x80\x1b[M\xff\xff\xff",
    "strings without end": b"\x1b_Gi=31;OK" + b"x" * 9000,
    "modes that are not": b"\x1b[?2048;9$y\x1b[?1016;7$y\x1b[?2026;0$y\x1b[?99999999;1$y",
    "attributes without end": b"\x1b[?" + b"4;" * 4000 + b"c",
}


def test_lies_do_not_end_the_editor(opened: Open) -> None:
    terminal = opened({RESIZES: [(0.0, b"\x1b[?2048;2$y")]})
    terminal.wait_for("Enter for a handle")
    for x, lie in enumerate(LIES.values()):
        seen = len(terminal.output)
        terminal.send(lie + b"\x1b[<0;13;6M\x1b[<0;13;6m" + lie)
        terminal.send(b"\x1b\\g%d,7\r" % x)  # after the end of a string that had none
        terminal.wait_for(f"✛ {x},7 ", seen)
    seen = len(terminal.output)
    terminal.send(b"\x1b[48;28;90;560;900t")
    terminal.wait_for("no points yet", seen)
    leave(terminal)


def test_every_question_answered_with_a_lie(opened: Open) -> None:
    lie = b"".join(LIES.values())
    questions = (ATTRIBUTES, KITTY, CELL, RESIZES, RESIZES_ON, MOUSE_PIXELS)
    terminal = opened({question: [(0.0, lie + b"\x1b\\")] for question in questions})
    terminal.wait_for(b"\x1b[?25l")
    terminal.wait_until_answered()
    terminal.wait_for("no points")
    leave(terminal)


@pytest.mark.parametrize(("mode", "report"), [(b"1", b"<0;201;201"), (b"0", b"<0;21;11")])
def test_the_mouse_is_read_in_pixels_only_where_the_terminal_says_so(
    opened: Open, mode: bytes, report: bytes
) -> None:
    """A click at cell (20, 10) of 100×30 cells of 10×20 pixels, as each terminal reports it."""
    terminal = opened(
        {
            RESIZES: [(0.0, b"\x1b[?2048;2$y")],
            RESIZES_ON: [(0.0, b"\x1b[48;30;100;600;1000t")],
            MOUSE_PIXELS: [(0.0, b"\x1b[?1016;%s$y" % mode)],
        }
    )
    terminal.wait_for("Enter for a handle")
    terminal.wait_for(b"\x1b[?1016h")
    terminal.wait_until_answered()
    terminal.send(b"\x1b[%sM\x1b[%sm" % (report, report))
    terminal.wait_for("✛ 24,22")
    leave(terminal)


@pytest.mark.parametrize("place", ["key", "callback", "thread"])
def test_what_nobody_foresaw_costs_one_line(opened: Open, tmp_path: Path, place: str) -> None:
    terminal = opened({}, "--broken", place)
    terminal.wait_for("Enter for a handle")
    terminal.send(b"o")
    status, said = terminal.ended()
    assert status == 1 and terminal.is_sane
    (line,) = said.strip().splitlines()
    assert line.startswith("unexpected: RuntimeError: broken [/x] [ONNXRuntimeError] (details: ")
    assert line.endswith("the edit is kept, to resume it: tui-draggan --resume")
    report = next(tmp_path.rglob("failure.txt")).read_text()
    assert report.startswith("Traceback") and "in fail" in report


def test_dialogs_and_lists_come_at_once_over_a_slow_line(opened: Open) -> None:
    """Counted in bytes as below: what opens, scrolls and closes them is answered within half a
    second of the line, whatever has to be drawn behind."""
    terminal = opened({READY: [(0.0, b"\x1b[0n")]}, speed=20_000)
    terminal.wait_for("Enter for a handle")
    end = 0
    for _ in range(3):  # at first, and round the first screen, by which the line is measured
        end = terminal.wait_for(READY, end)
    terminal.wait_until_answered()
    terminal.send(b"l")
    terminal.wait_for("33,", end)
    for key, answer in ((b"?", "esc: back"), (b" ", "timeline")):
        before = len(terminal.output)
        terminal.send(key)
        assert terminal.wait_for(answer, before) - before < 10_000, key
    before = len(terminal.output)
    terminal.send(b"\x1b")
    wait_until(lambda: len(terminal.output) > before, "what the dialog has covered")
    terminal.send(b"l")
    assert terminal.wait_for("34,", before) - before < 10_000
    leave(terminal)


def test_a_key_is_answered_before_the_pictures_of_a_slow_line(opened: Open) -> None:
    """What stands between a key and its answer is counted in bytes: no clock is looked at. A second
    of the line, where a whole picture behind panels that change would take several."""
    terminal = opened({READY: [(0.0, b"\x1b[0n")]}, "--endless", speed=20_000)
    terminal.wait_for("Enter for a handle")
    for key in (b"K", b"\r", b"K", b"\r", b" "):
        terminal.send(key)
    end = terminal.wait_for("running")
    for _ in range(40):  # pictures have found their size
        end = terminal.wait_for(READY, end)
    for number in range(5):
        before = len(terminal.output)
        terminal.send(b"l")
        after = terminal.wait_for(f"{33 + number},", before)
        assert after - before < 20_000, number
    leave(terminal)
