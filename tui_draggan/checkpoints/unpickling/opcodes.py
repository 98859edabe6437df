"""The opcodes of a pickle with their arguments (protocols 2 to 5, as pickletools has them).

Byte strings stay views of the file. Text opcodes of protocols 0 and 1, and opcodes that no
checkpoint needs, are refused by name.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tui_draggan.checkpoints.unpickling.limits import (
    MAX_INTEGER_BYTES,
    MAX_NAME_LENGTH,
    MAX_TEXT_LENGTH,
    Budget,
)
from tui_draggan.checkpoints.unpickling.values import LongText
from tui_draggan.errors import CheckpointError

PROTOCOLS = (2, 3, 4, 5)


@dataclass(slots=True)
class Cursor:
    """Bytes and how far they have been read."""

    data: memoryview
    at: int

    def take(self, count: int) -> memoryview:
        """The next `count` bytes as a view. Raises CheckpointError where the file ends before."""
        if count > len(self.data) - self.at:
            raise self._at_the_end()
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        """The next byte, as often as not an opcode: without the detour over a view."""
        if self.at >= len(self.data):
            raise self._at_the_end()
        self.at += 1
        return self.data[self.at - 1]

    def _at_the_end(self) -> CheckpointError:
        return CheckpointError(
            f"is truncated (it ends at byte {len(self.data):,}); download it again"
        )

    def unsigned(self, size: int) -> int:
        """A little-endian integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little", signed=True)

    def line(self) -> str:
        """ASCII up to a newline, for the names of a GLOBAL."""
        near = bytes(self.data[self.at : self.at + MAX_NAME_LENGTH + 1])
        text, newline, _ = near.partition(b"\n")
        if not newline or not text.isascii():
            raise CheckpointError(f"has a damaged name at byte {self.at:,}; download it again")
        self.at += len(text) + 1
        return text.decode("ascii")


def _integer(cursor: Cursor, length: int) -> int:
    size = cursor.unsigned(length)
    if size > MAX_INTEGER_BYTES:
        raise CheckpointError(f"holds an integer of {size:,} bytes; at most {MAX_INTEGER_BYTES}")
    return cursor.signed(size)


def _text(cursor: Cursor, length: int, budget: Budget) -> str | LongText:
    encoded = cursor.take(cursor.unsigned(length))
    if len(encoded) > MAX_TEXT_LENGTH:
        return LongText(encoded)
    budget.read_text(len(encoded))
    try:
        return str(encoded, "utf-8")
    except UnicodeDecodeError:
        raise CheckpointError(f"has damaged text before byte {cursor.at:,}") from None


Read = Callable[[Cursor, Budget], Any]

VALUES: dict[str, Read] = {
    "NONE": lambda cursor, budget: None,
    "NEWTRUE": lambda cursor, budget: True,
    "NEWFALSE": lambda cursor, budget: False,
    "BININT": lambda cursor, budget: cursor.signed(4),
    "BININT1": lambda cursor, budget: cursor.byte(),
    "BININT2": lambda cursor, budget: cursor.unsigned(2),
    "LONG1": lambda cursor, budget: _integer(cursor, 1),
    "LONG4": lambda cursor, budget: _integer(cursor, 4),
    "BINFLOAT": lambda cursor, budget: struct.unpack(">d", cursor.take(8))[0],
    "SHORT_BINUNICODE": lambda cursor, budget: _text(cursor, 1, budget),
    "BINUNICODE": lambda cursor, budget: _text(cursor, 4, budget),
    "BINUNICODE8": lambda cursor, budget: _text(cursor, 8, budget),
    "SHORT_BINBYTES": lambda cursor, budget: cursor.take(cursor.byte()),
    "BINBYTES": lambda cursor, budget: cursor.take(cursor.unsigned(4)),
    "BINBYTES8": lambda cursor, budget: cursor.take(cursor.unsigned(8)),
    "BYTEARRAY8": lambda cursor, budget: cursor.take(cursor.unsigned(8)),
    "EMPTY_TUPLE": lambda cursor, budget: (),
    "EMPTY_LIST": lambda cursor, budget: [],
    "EMPTY_DICT": lambda cursor, budget: {},
    "EMPTY_SET": lambda cursor, budget: set(),
}
"""Opcodes that put one value on the stack, and how it is read."""

COMMANDS: dict[str, Read] = {
    "FRAME": lambda cursor, budget: cursor.unsigned(8),
    "BINGET": lambda cursor, budget: cursor.byte(),
    "LONG_BINGET": lambda cursor, budget: cursor.unsigned(4),
    "BINPUT": lambda cursor, budget: cursor.byte(),
    "LONG_BINPUT": lambda cursor, budget: cursor.unsigned(4),
    "GLOBAL": lambda cursor, budget: (cursor.line(), cursor.line()),
    **{
        name: lambda cursor, budget: None
        for name in (
            *("STOP", "MARK", "MEMOIZE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
            *("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "FROZENSET"),
            *("STACK_GLOBAL", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD", "BINPERSID"),
        )
    },
}
"""Opcodes that do something, and how their argument is read."""

_READ = VALUES | COMMANDS
_OPCODES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}
_KNOWN = {code: (name, _READ[name]) for code, name in _OPCODES.items() if name in _READ}


def opcodes(cursor: Cursor, budget: Budget) -> Iterator[tuple[str, Any]]:
    """Name and argument of each opcode from `cursor` on, which begins with the protocol.

    Raises CheckpointError for another protocol, an opcode without use here, a damaged or
    oversized argument, and where the bytes end: it is for the caller to leave at STOP.
    """
    if cursor.byte() != ord("\x80") or (protocol := cursor.byte()) not in PROTOCOLS:
        raise CheckpointError("is not a pickle of protocol 2 to 5; expected a checkpoint")
    while True:
        budget.step()
        code = cursor.byte()
        if code not in _KNOWN:
            raise CheckpointError(
                f"has the opcode {_OPCODES.get(code, hex(code))} at byte {cursor.at - 1:,}, "
                f"which no StyleGAN2 checkpoint of protocol {protocol} needs; refused"
            )
        name, read = _KNOWN[code]
        yield name, read(cursor, budget)
