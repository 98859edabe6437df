"""Zip archives as `torch.save` writes them, read strictly: entries that are stored, not compressed.

Two programs must not see two archives in one file. So everything has one place here: entries from
the first byte on without overlap, each described alike at its beginning and in the table of
contents, then the table, its end record in the form of zip64 (torch writes it always, Python never
for a file of this size), and the end record, with which the file ends. Comments, names that come
twice and zip64's larger numbers, which no file within `limits.MAX_FILE_BYTES` needs, are refused.
(APPNOTE.TXT 6.3.10, sections 4.3 and 4.5)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tui_draggan.checkpoints.unpickling.limits import MiB
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.errors import CheckpointError

MAX_TABLE_BYTES = 4 * MiB
"""Bytes of the table of contents: 100 for each tensor, of which there are 2,000."""

_LOCAL, _LOCAL_FORM = b"PK\x03\x04", struct.Struct("<4s5H3L2H")
_CENTRAL, _CENTRAL_FORM = b"PK\x01\x02", struct.Struct("<4s6H3L5H2L")
_END, _END_FORM = b"PK\x05\x06", struct.Struct("<4s4H2LH")
_END64, _END64_FORM = b"PK\x06\x06", struct.Struct("<4sQ2H2L4Q")
_LOCATOR, _LOCATOR_FORM = b"PK\x06\x07", struct.Struct("<4sLQL")
_ENCRYPTED, _SIZES_BEHIND = 1, 8
_STORED = 0
_ZIP64, _ZIP64_SIZE = 1, 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of the table of contents."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    """Place of the entry's own description, from the beginning of the file."""


def is_zip(data: memoryview) -> bool:
    return bytes(data[:4]) in (_LOCAL, _END)


def table_of_contents(data: memoryview) -> list[Entry]:
    """The entries in their order in the table, of which nothing but the table was looked at.

    Raises CheckpointError.
    """
    start, end, count = _table(data)
    entries = []
    while start < end:
        if not data[start : start + 4] == _CENTRAL or start + _CENTRAL_FORM.size > end:
            raise _damaged("in its table of contents")
        _, _, _, flags, method, _, _, crc, compressed, size, *rest = _CENTRAL_FORM.unpack_from(
            data, start
        )
        name_length, extra_length, comment_length, _, _, _, offset = rest
        start += _CENTRAL_FORM.size
        name = _name(data[start : start + name_length])
        start += name_length
        extra = data[start : start + extra_length]
        start += extra_length
        if start > end:
            raise _damaged("in its table of contents")
        if comment_length or _ZIP64 in _extra_kinds(extra):
            raise _ambiguous()
        entries.append(Entry(name, flags, method, crc, compressed, size, offset))
    if len(entries) != count or len({entry.name for entry in entries}) < count:
        raise _ambiguous()
    return entries


def stored(data: memoryview, entries: list[Entry]) -> dict[str, memoryview]:
    """The contents of `entries`, the whole table, as views, by name; checksums are not looked at.

    Raises CheckpointError where one is compressed, encrypted, overlaps another or is described in
    another way than the table does.
    """
    table, _, _ = _table(data)
    contents: dict[str, memoryview] = {}
    at = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.flags & _ENCRYPTED:
            raise CheckpointError(f"has the entry {shown(entry.name)} encrypted; refused")
        if entry.method != _STORED or entry.size != entry.compressed:
            raise CheckpointError(
                f"has the entry {shown(entry.name)} compressed, which torch never does; refused"
            )
        if entry.offset < at or (at == 0 and entry.offset != 0):
            raise CheckpointError("has entries that overlap; refused")
        begin = _begin(data, entry)
        at = begin + entry.size
        if at > table:
            raise CheckpointError("has entries that overlap; refused")
        contents[entry.name] = data[begin:at]
    return contents


def check_sum(entry: Entry, contents: memoryview) -> None:
    """Raises CheckpointError where `contents` are not those that were written.

    A checksum of 0 says nothing: torch leaves it out where it is told to.
    """
    if entry.crc and zlib.crc32(contents) != entry.crc:
        raise CheckpointError(
            f"is damaged (the entry {shown(entry.name)} does not match its checksum); "
            "download it again"
        )


def _table(data: memoryview) -> tuple[int, int, int]:
    """Where the table of contents begins and ends, and how many entries it has."""
    end = len(data) - _END_FORM.size
    if end < 0 or data[end : end + 4] != _END:
        raise _damaged("it does not end with a table of contents")
    _, disk, table_disk, here, count, size, start, comment = _END_FORM.unpack_from(data, end)
    described = (disk, table_disk, here, count, size, start)
    locator = end - _LOCATOR_FORM.size
    if locator >= 0 and data[locator : locator + 4] == _LOCATOR:
        end = locator - _END64_FORM.size
        if end < 0 or _LOCATOR_FORM.unpack_from(data, locator) != (_LOCATOR, 0, end, 1):
            raise _ambiguous()
        signature, length, _, _, *larger = _END64_FORM.unpack_from(data, end)
        if (signature, length) != (_END64, _END64_FORM.size - 12) or tuple(larger) != described:
            raise _ambiguous()
    if disk or table_disk or here != count or comment or start + size != end:
        raise _ambiguous()
    if size > MAX_TABLE_BYTES:
        raise CheckpointError("has an oversized table of contents; refused")
    return start, end, count


def _begin(data: memoryview, entry: Entry) -> int:
    """Where the contents of an entry begin, behind their own description."""
    begin = entry.offset + _LOCAL_FORM.size
    if begin > len(data) or data[entry.offset : entry.offset + 4] != _LOCAL:
        raise _damaged(f"at the entry {shown(entry.name)}")
    _, _, flags, method, _, _, _, compressed, size, name_length, extra_length = (
        _LOCAL_FORM.unpack_from(data, entry.offset)
    )
    # Sizes may come behind the contents, or, as some writers have it, in zip64's form always.
    unsaid = (0, _ZIP64_SIZE) if flags & _SIZES_BEHIND else (_ZIP64_SIZE,)
    if (
        (flags & _ENCRYPTED, method) != (entry.flags & _ENCRYPTED, entry.method)
        or any(said != entry.size and said not in unsaid for said in (compressed, size))
        or bytes(data[begin : begin + name_length]) != entry.name.encode()
    ):
        raise _ambiguous()
    return int(begin + name_length + extra_length)


def _name(encoded: memoryview) -> str:
    try:
        name = str(encoded, "utf-8")
    except UnicodeDecodeError:
        name = ""
    if not name or not name.isprintable():
        raise _damaged("it has an entry without a proper name")
    return name


def _extra_kinds(extra: memoryview) -> Iterator[int]:
    """Kinds of the additional fields of an entry."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        yield int(kind)
        extra = extra[4 + length :]


def _damaged(where: str) -> CheckpointError:
    return CheckpointError(f"is a damaged zip archive ({where}); download it again")


def _ambiguous() -> CheckpointError:
    return CheckpointError("has an ambiguous table of contents; refused")
