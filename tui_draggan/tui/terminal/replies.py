"""What a terminal says besides keys: the answers to what it was asked, sorted out of what is typed.

An answer may come after seconds (SSH from far away), in pieces, twice, never, or be wrong. `Sieve`
lets keys and mouse through and keeps answers back, whenever they come; `parse` reads one.

Forms: ECMA-48 (control sequences and strings); xterm's control sequences (CSI t, DA1, DSR,
DECRPM, DECRPSS); kitty's graphics protocol; in-band resize notifications (mode 2048).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

ESC = "\x1b"
KEY_DELAY = 0.1
"""Seconds after which what began like a sequence was the key Escape, or Alt and a letter."""
PATIENCE = 5.0
"""Seconds in which the rest of an answer must come; then what there is of it is dropped."""
LONGEST = 4096
"""Characters of an answer that are kept while it comes; of a longer one not all."""
MOST_COLUMNS, MOST_ROWS = 2000, 800
"""Cells of the largest terminal that is believed: an 8K screen in the smallest type."""
CELL = (range(2, 201), range(3, 401))
"""Widths and heights of a cell in pixels that are believed."""

# A whole sequence: control sequence, with the three odd bytes of old mouse reports; function keys
# of the Linux console; keys with SS3; control strings that are answers.
_WHOLE = re.compile(
    r"\x1b(?:\[M.{3}|\[\[.|\[(?!M|\[)[ -?]*[@-~]|O.|(?:P(?:[01]?[$+]r|>\||!\|)|_G|\]\d+;)"
    r"[^\x1b\x07]*(?:\x1b\\|\x07))",
    re.DOTALL,
)
# What may become one.
_BEGUN = re.compile(
    r"\x1b(?:\[(?:M.{0,2}|\[|[ -?]*)|O|(?:P[01]?[$+]?|P[>!]|_|\]\d*)"
    r"|(?:P(?:[01]?[$+]r|>\||!\|)|_G|\]\d+;)[^\x1b\x07]*\x1b?)?",
    re.DOTALL,
)
# Where nothing follows: Escape, Alt and a sign, a key of rxvt.
_MAYBE_KEY = re.compile(r"\x1b(?:\[(?:\d+\$)?|O|P|_|\])?")
# Those of the whole sequences that are no keys. Mode reports 2026 and 2048 are Textual's.
_ANSWER = re.compile(
    r"\x1b(?:\[\?(?!2026;|2048;)|\[[>=]|\[(?:4|6|8|9|48);[ -?]*t|\[\d+n|[P_\]])", re.DOTALL
)
_PASTE, _PASTE_END = f"{ESC}[200~", f"{ESC}[201~"


@dataclass(frozen=True)
class Attributes:
    """DA1: what the terminal can do, by number; every terminal answers it."""

    codes: frozenset[int]

    @property
    def sixel(self) -> bool:
        return 4 in self.codes


@dataclass(frozen=True)
class KittyGraphics:
    """The answer to a query in kitty's graphics protocol."""

    works: bool
    number: int = 0
    """The picture that was asked about."""


@dataclass(frozen=True)
class Version:
    """XTVERSION: the terminal's name and version."""

    name: str
    """In lower case."""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class CellSize:
    """Pixels of a cell."""

    width: int
    height: int


@dataclass(frozen=True)
class WindowSize:
    """Cells of the window, and the pixels they cover."""

    columns: int
    rows: int
    width: int
    height: int

    @property
    def cell(self) -> CellSize | None:
        """None where the pixels cannot be."""
        return believed_cell(self.width // self.columns, self.height // self.rows)


@dataclass(frozen=True)
class Mode:
    """Whether a mode is set: DECRPM."""

    number: int
    is_set: bool


@dataclass(frozen=True)
class TrueColour:
    """DECRPSS: the background is the 24-bit colour 1, 2, 3 that was set before it was asked."""


@dataclass(frozen=True)
class Ready:
    """The answer to DSR 5: all that was written before has been drawn."""


@dataclass(frozen=True)
class Unknown:
    """An answer that says nothing we can use."""


Reply = (
    Attributes
    | KittyGraphics
    | Version
    | CellSize
    | WindowSize
    | Mode
    | TrueColour
    | Ready
    | Unknown
)


def believed_cell(width: int, height: int) -> CellSize | None:
    """A cell of that size in pixels, None where there cannot be one."""
    return CellSize(width, height) if width in CELL[0] and height in CELL[1] else None


def parse(answer: str) -> Reply:
    """Reads an answer that a `Sieve` has kept back. What cannot be is `Unknown`."""
    if match := re.fullmatch(r"\x1b\[\?([\d;]*)c", answer):
        codes = (int(code) for code in match[1].split(";") if 0 < len(code) < 6)
        return Attributes(frozenset(codes))
    if match := re.fullmatch(r"\x1b_G([^;]*);(.*)(?:\x1b\\|\x07)", answer, re.DOTALL):
        number = re.search(r"(?:^|,)i=(\d{1,9})(?:,|$)", match[1])
        return KittyGraphics(match[2] == "OK", int(number[1]) if number else 0)
    if match := re.fullmatch(r"\x1bP>\|([A-Za-z-]+)[ (]?([\d.]{0,20})[^\x1b]*\x1b\\", answer):
        numbers = tuple(int(part) for part in match[2].split(".") if part and len(part) < 10)
        return Version(match[1].lower(), numbers)
    if match := re.fullmatch(r"\x1b\[6;(\d{1,5});(\d{1,5})t", answer):
        return believed_cell(int(match[2]), int(match[1])) or Unknown()
    if match := re.fullmatch(r"\x1b\[48((?:;\d{1,6}(?::\d*)*){4})t", answer):
        rows, columns, height, width = (
            int(number.partition(":")[0]) for number in match[1][1:].split(";")
        )
        if 0 < columns <= MOST_COLUMNS and 0 < rows <= MOST_ROWS:
            return WindowSize(columns, rows, width, height)
    if re.fullmatch(
        r"\x1bP1\$r(?:[\d:;]*;)?48[:;]2[:;]{1,2}1[:;]2[:;]3(?:[:;][\d:;]*)?m(?:\x1b\\|\x07)", answer
    ):
        return TrueColour()
    if re.fullmatch(r"\x1b\[[03]n", answer):
        return Ready()
    if match := re.fullmatch(r"\x1b\[\?(\d{1,5});(\d)\$y", answer):
        return Mode(int(match[1]), match[2] in "13")
    return Unknown()


@dataclass(frozen=True)
class Answer:
    """A sequence that is no key, as it came."""

    text: str


class Sieve:
    """Takes what comes from a terminal, in any pieces; gives keys and mouse as text to be read on,
    a sequence always whole, and answers apart."""

    def __init__(self) -> None:
        self._held = ""
        """What may be the beginning of a sequence."""
        self._since = 0.0
        """Time when it began, in seconds."""
        self._let_go = ""
        """What was held too long and went on as a key; the rest may come after all."""
        self._pasting = False

    def feed(self, text: str, now: float) -> Iterator[str | Answer]:
        """now: the time, in seconds."""
        late = self._let_go
        if late and now - self._since > PATIENCE:
            late = ""
        self._let_go = ""
        if late:
            whole = _WHOLE.match(late + text)
            if whole is not None and _ANSWER.match(whole[0]) and len(whole[0]) > len(late) + 1:
                yield Answer(whole[0])
                text = text[len(whole[0]) - len(late) :]
            elif len(text) > 1 and _BEGUN.fullmatch(late + text) and _ANSWER.match(late + text):
                self._held, self._since = late + text, now
                return
        if not self._held:
            self._since = now
        self._held, text = "", self._held + text
        while text:
            text = yield from self._first(text)

    def tick(self, now: float) -> Iterator[str | Answer]:
        """Lets go of what was held for too long: to be called every now and then."""
        held, waited = self._held, now - self._since
        if held and _MAYBE_KEY.fullmatch(held) and waited >= KEY_DELAY:
            self._held, self._let_go = "", held
            yield held
        elif waited >= PATIENCE:
            self._held = ""

    def _first(self, text: str) -> Generator[str | Answer, None, str]:
        """The first piece of a text; returns what is left."""
        if self._pasting:
            end = text.find(_PASTE_END)
            self._pasting = end < 0
            cut = end + len(_PASTE_END) if end >= 0 else len(text) - _begun_end(text)
            if cut:
                yield text[:cut]
            if self._pasting:
                self._held = text[cut:]
                return ""
            return text[cut:]
        start = text.find(ESC)
        if start:
            cut = len(text) if start < 0 else start
            yield text[:cut]
            return text[cut:]
        if whole := _WHOLE.match(text):
            sequence = whole[0]
            self._pasting = sequence == _PASTE
            yield Answer(sequence) if _ANSWER.match(sequence) else sequence
            return text[len(sequence) :]
        if _BEGUN.fullmatch(text):
            self._held = text if len(text) <= LONGEST else text[: LONGEST // 2] + text[-1]
            return ""
        # Alt and a sign, Escape before another sequence, or an answer that was broken off.
        broken = text.find(ESC, 1)
        lost = text[: max(broken, 0)]
        if _BEGUN.fullmatch(lost) and not _MAYBE_KEY.fullmatch(lost):
            return text[broken:]
        cut = 1 if broken == 1 else 2
        yield text[:cut]
        return text[cut:]


def _begun_end(text: str) -> int:
    """Characters at the end of pasted text that may be the beginning of its end."""
    return next(
        (size for size in range(len(_PASTE_END) - 1, 0, -1) if text.endswith(_PASTE_END[:size])), 0
    )
