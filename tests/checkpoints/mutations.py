"""Small changes to a file of pickles: to its bytes, and to its opcodes."""

from __future__ import annotations

import io
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from tui_draggan.checkpoints.unpickling.legacy_torch import MAGIC

EXTREMES = b"\x00\x01\x7f\x80\xff"
CODES = bytes(ord(opcode.code) for opcode in pickletools.opcodes)


@dataclass(frozen=True)
class Seed:
    """A valid file, and where each of its opcodes begins and ends, inside of storages too."""

    contents: bytes
    opcodes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, contents: bytes) -> Seed:
        stream = io.BytesIO(contents)
        spans = set()
        for start in {0, *(match.start() for match in re.finditer(re.escape(MAGIC), contents))}:
            stream.seek(start)
            for _ in range(5 if contents.startswith(MAGIC, start) else 1):
                begins = [at for _, _, at in pickletools.genops(stream) if at is not None]
                spans |= {*pairwise([*begins, stream.tell()])}
        return cls(contents, tuple(sorted(spans)))

    def opcode(self, random: Random) -> tuple[int, int]:
        return random.choice(self.opcodes)

    def place(self, random: Random) -> int:
        """A byte of an opcode, rather at its beginning: most bytes are weights or source."""
        begin, end = self.opcode(random)
        return random.randrange(begin, min(end, begin + random.choice((1, 8, 10**9))))


def mutated(seed: Seed, random: Random) -> bytes:
    """One to three changes; a later one may meet a place that has moved."""
    contents = bytearray(seed.contents)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        random.choice(MUTATIONS)(contents, seed, random)
    return bytes(contents)


def _replace(contents: bytearray, seed: Seed, random: Random) -> None:
    contents[_at(contents, seed, random)] = random.choice((random.randrange(256), *EXTREMES))


def _flip(contents: bytearray, seed: Seed, random: Random) -> None:
    contents[_at(contents, seed, random)] ^= 1 << random.randrange(8)


def _insert(contents: bytearray, seed: Seed, random: Random) -> None:
    at = seed.place(random)
    contents[at:at] = random.randbytes(random.randint(1, 8))


def _delete(contents: bytearray, seed: Seed, random: Random) -> None:
    at = seed.place(random)
    del contents[at : at + random.randint(1, 8)]


def _splice(contents: bytearray, seed: Seed, random: Random) -> None:
    at, source, length = seed.place(random), seed.place(random), random.randint(1, 200)
    kept = at if random.random() < 0.5 else at + length
    contents[at:kept] = seed.contents[source : source + length]


def _truncate(contents: bytearray, seed: Seed, random: Random) -> None:
    del contents[max(seed.place(random), 1) :]


def _another_code(contents: bytearray, seed: Seed, random: Random) -> None:
    at = min(seed.opcode(random)[0], len(contents) - 1)
    contents[at] = random.choice(CODES)


def _extreme_argument(contents: bytearray, seed: Seed, random: Random) -> None:
    begin, end = seed.opcode(random)
    length = min(end - begin - 1, random.choice((1, 2, 4, 8)))
    contents[begin + 1 : begin + 1 + length] = bytes([random.choice(EXTREMES)]) * length


def _drop_opcode(contents: bytearray, seed: Seed, random: Random) -> None:
    begin, end = seed.opcode(random)
    del contents[begin:end]


def _put_opcode(contents: bytearray, seed: Seed, random: Random) -> None:
    """One opcode of the file before, or in the place of, another."""
    begin, end = seed.opcode(random)
    source = slice(*seed.opcode(random))
    contents[begin : random.choice((begin, end))] = seed.contents[source]


def _at(contents: bytearray, seed: Seed, random: Random) -> int:
    return min(seed.place(random), len(contents) - 1)


MUTATIONS: tuple[Callable[[bytearray, Seed, Random], None], ...] = (
    *(_replace, _flip, _insert, _delete, _splice, _truncate),
    *(_another_code, _extreme_argument, _drop_opcode, _put_opcode),
)
