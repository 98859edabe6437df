"""Files of torch since 1.6: a zip archive of `data.pkl` and the storages that it refers to.

torch reads them itself, restricted to weights. What it is given is looked at before: entries that
are compressed or overlap, a table or a pickle far too long, and names that no checkpoint needs.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.allowed import AllowedName
from tui_draggan.checkpoints.unpickling.arrays import DTYPE_CODES
from tui_draggan.checkpoints.unpickling.limits import Budget, MiB
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.opcodes import Cursor
from tui_draggan.checkpoints.unpickling.pickles import NAMES
from tui_draggan.checkpoints.unpickling.storages import DTYPES, NO_TENSORS, Storage
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.errors import CheckpointError

MAX_TABLE_BYTES = 4 * MiB
"""Bytes of the archive's table of contents: 100 for each tensor, of which there are 2,000."""
MAX_ENTRY_BYTES = 4 * MiB
"""Bytes of data.pkl and the small entries beside it; the storages are only mapped."""


def is_zip(data: memoryview) -> bool:
    return bytes(data[:4]) in (b"PK\x03\x04", b"PK\x05\x06")


def read_torch_zip(path: Path) -> dict[Any, Any]:
    """What torch.save was given, a dict, with arrays for tensors: views of the mapped file.

    Dicts within it, such as state dicts, are read too; what lies deeper is left out. Raises
    CheckpointError without the file's name.
    """
    _check_pickle(_check_entries(path))
    content = _load(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"holds {shown(type(content).__name__)}; expected a dict of tensors, a state_dict()"
        )
    from tui_draggan.checkpoints.torch_tensors import array_of

    budget = Budget(path.stat().st_size)
    inner: dict[int, dict[Any, Any]] = {}  # a dict that is met again is not gone through again
    for value in content.values():
        if isinstance(value, Mapping) and id(value) not in inner:
            inner[id(value)] = {key: array_of(entry, budget) for key, entry in value.items()}
    return {
        key: inner[id(value)] if id(value) in inner else array_of(value, budget)
        for key, value in content.items()
    }


class _Frugal(io.FileIO):
    """A file that is read in small pieces only: zipfile reads a table of any length at once."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            here = self.tell()
            size = self.seek(0, io.SEEK_END) - here
            self.seek(here)
        if size > MAX_TABLE_BYTES:
            raise CheckpointError("has an oversized table of contents; refused")
        return super().read(size)


def _check_entries(path: Path) -> bytes:
    """The contents of data.pkl. Raises CheckpointError where the archive is not torch's."""
    try:
        with _Frugal(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = [entry.filename.partition("/")[2] for entry in entries]
            if "data.pkl" not in names:
                raise CheckpointError(
                    "is a zip archive that torch.save did not write; unpack it first"
                )
            if "constants.pkl" in names or any(name.startswith("code/") for name in names):
                raise CheckpointError("is a TorchScript program; expected weights only")
            for entry, name in zip(entries, names, strict=True):
                _check_entry(entry, name)
            # torch and zipfile must not take different tables for that of the archive.
            if min(entry.header_offset for entry in entries) != 0 or len({*names}) < len(names):
                raise CheckpointError("has an ambiguous table of contents; refused")
            if sum(entry.file_size for entry in entries) > path.stat().st_size:
                raise CheckpointError("has entries that overlap; refused")
            return archive.read(entries[names.index("data.pkl")])
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError) as error:
        raise CheckpointError(
            f"is a damaged zip archive ({shown(str(error))}); download it again"
        ) from None


def _check_entry(entry: zipfile.ZipInfo, name: str) -> None:
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise CheckpointError(
            f"has the entry {shown(entry.filename)} compressed, which torch never does; refused"
        )
    if not name.startswith("data/") and entry.file_size > MAX_ENTRY_BYTES:
        raise CheckpointError(f"has the entry {shown(entry.filename)}, which is too large; refused")


def _check_pickle(pickle: bytes) -> None:
    """Raises CheckpointError where our own unpickler, which is stricter, would not read `pickle`.

    torch too runs nothing that it does not know, but a few things that it knows make as much
    memory as they are told to.
    """
    names = {
        **NAMES,
        **NO_TENSORS,
        **{("torch", name): AllowedName(f"torch.{name}") for name in DTYPES},
    }
    nothing = Storage(np.dtype("u1"), memoryview(b""))
    unpickle(Cursor(memoryview(pickle), 0), names, Budget(len(pickle)), lambda _: nothing)


def _load(path: Path) -> Any:
    import torch

    scalar: Any = np.float64(0).__reduce__()[0]
    dtypes = [type(np.dtype(code)) for code in DTYPE_CODES]
    spelt = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    try:
        with torch.serialization.safe_globals([argparse.Namespace, np.dtype, *dtypes, *spelt]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # unpickling what is no checkpoint raises nearly anything
        reason = shown(str(error)) or type(error).__name__
        raise CheckpointError(f"cannot be read by torch ({reason}); download it again") from None
