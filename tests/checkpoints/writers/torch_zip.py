"""torch's zip container, made by hand: a pickle, the storages that it names, and an archive.

torch.save can write only what can be imported; this writes modules of programs that are not there,
storages in either byte order, and archives that torch never would.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from tests.checkpoints.writers.pickling import Name, pickled


def torch_zip(value: Any, *, big_endian: bool = False, numpy_core: str = "numpy._core") -> bytes:
    """What torch.save would write, protocol 2 included."""
    storages: dict[str, bytes] = {}
    keys: dict[int, str] = {}
    kept = []

    def persistent_id(found: Any) -> Any:
        if not isinstance(found, torch.storage.TypedStorage):
            return None
        untyped = found._untyped_storage
        key = keys.setdefault(untyped.data_ptr(), str(len(keys)))
        kept.append(found)  # no other storage may come to lie in its place
        contents = torch.empty(0, dtype=torch.uint8).set_(untyped).numpy()
        size = found.dtype.itemsize
        if big_endian:
            contents = contents.reshape(-1, size)[:, ::-1]
        storages[key] = contents.tobytes()
        kind = Name("torch", torch.storage._dtype_to_storage_type_map()[found.dtype])
        return "storage", kind, key, "cpu", contents.size // size

    contents = pickled(value, 2, numpy_core, persistent_id)
    return torch_archive(contents, storages, byteorder=b"big" if big_endian else b"little")


def torch_archive(
    pickle: bytes, storages: Mapping[str, bytes] | None = None, byteorder: bytes = b"little"
) -> bytes:
    """An archive around `pickle` and `storages` by their keys."""
    data = {f"net/data/{key}": contents for key, contents in (storages or {}).items()}
    return archive(
        {
            "net/data.pkl": pickle,
            "net/byteorder": byteorder,
            **data,
            "net/version": b"3\n",
        }
    )


@dataclass(frozen=True)
class Oddities:
    """How an archive differs from what torch writes."""

    zip64: bool = True
    """Whether the end record has its larger form too."""
    checksums: bool = True
    """Whether checksums are written, or zeros."""
    entry_comment: bytes = b""
    """Comment of the last entry in the table of contents."""
    extra: bytes = b""
    """Additional fields of the first entry in the table of contents."""
    flags: int = 0
    """Further flags of the first entry."""
    method: int = 0
    """Compression of the first entry."""
    sizes: tuple[int, int] | None = None
    """Sizes that the first entry's own description claims."""
    said_name: str | None = None
    """Name that the first entry's own description claims."""
    shift: int = 0
    """How far off the end record says the table of contents is."""
    shift64: int = 0
    """How far off its larger form says so."""
    count: int = 0
    """How many entries more the end record claims."""
    comment: bytes = b""
    """Comment of the archive."""


def archive(entries: Mapping[str, bytes], odd: Oddities | None = None) -> bytes:
    """A zip archive laid out as torch's writer does it: descriptors behind the contents, zip64."""
    return _archive(list(entries.items()), odd or Oddities())


def twice(entries: Mapping[str, bytes], again: Mapping[str, bytes]) -> bytes:
    """An archive in which the names of `again` come a second time."""
    return _archive([*entries.items(), *again.items()], Oddities())


def two_in_one(shown: Mapping[str, bytes], hidden: Mapping[str, bytes]) -> bytes:
    """Archive `shown` to whoever takes the end record, `hidden` to whoever takes its larger form.

    The locator of the larger form stands in the comment of the last entry of the table: readers
    that look for it before the end record, without a thought of the table, find it there.
    """
    behind = _archive(list(hidden.items()), Oddities(zip64=False))
    table = len(behind) - 22 - struct.unpack("<L", behind[-10:-6])[0]
    size = struct.unpack("<L", behind[-10:-6])[0]
    larger = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, len(hidden), len(hidden), size, table
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(behind), 1)
    before = behind + larger
    return before + _archive(
        list(shown.items()), Oddities(zip64=False, entry_comment=locator), len(before)
    )


def _archive(entries: list[tuple[str, bytes]], odd: Oddities, at: int = 0) -> bytes:
    start, body, table = at, b"", b""
    for number, (name, contents) in enumerate(entries):
        this = odd if number == 0 else replace(odd, extra=b"", flags=0, method=0, sizes=None)
        encoded = name.encode()
        crc = zlib.crc32(contents) if odd.checksums else 0
        flags, size = 0x808 | this.flags, len(contents)
        said = (odd.said_name or name).encode() if number == 0 else encoded
        local = struct.pack(
            "<4s5H3L2H", b"PK\3\4", 0, flags, this.method, 0, 0, 0, *(this.sizes or (0, 0)),
            len(said), 4,
        ) + said + b"FB\0\0"  # fmt: skip
        descriptor = struct.pack("<4s3L", b"PK\7\x08", crc, size, size)
        comment = odd.entry_comment if number == len(entries) - 1 else b""
        table += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 0, 0, flags, this.method, 0, 0, crc, size, size,
            len(encoded), len(this.extra), len(comment), 0, 0, 0, start + len(body),
        ) + encoded + this.extra + comment  # fmt: skip
        body += local + contents + descriptor
    count, begin = len(entries) + odd.count, start + len(body)
    end = b""
    if odd.zip64:
        end = struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", 44, 798, 45, 0, 0, count, count, len(table),
            begin + odd.shift64,
        ) + struct.pack("<4sLQL", b"PK\6\7", 0, begin + len(table), 1)  # fmt: skip
    end += struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(table), begin + odd.shift, len(odd.comment)
    )
    return body + table + end + odd.comment
