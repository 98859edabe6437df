"""Files of torch since 1.6: a zip archive of `data.pkl` and the storages that it refers to.

All names lie in one folder. `data.pkl` is a pickle in which each storage stands as a persistent id
(see `storages`). Its elements are the entry `data/KEY`, in the byte order that the entry
`byteorder` names, little-endian where there is none. (torch/serialization.py, `_save`)
"""

from __future__ import annotations

from typing import Any

from tui_draggan.checkpoints.unpickling import zip_archive
from tui_draggan.checkpoints.unpickling.allowed import AllowedNames
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.opcodes import Cursor
from tui_draggan.checkpoints.unpickling.storages import STORAGE_NAMES, Storage, StorageId
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.checkpoints.unpickling.values import Unread
from tui_draggan.checkpoints.unpickling.zip_archive import Entry
from tui_draggan.errors import CheckpointError

PICKLE = "data.pkl"
BYTE_ORDERS = {b"little": False, b"big": True}


def is_torch_zip(entries: list[Entry]) -> bool:
    """Whether the entries are those of torch.save, or of TorchScript."""
    return any(entry.name.partition("/")[2] == PICKLE for entry in entries)


def read_zip(data: memoryview, entries: list[Entry], names: AllowedNames, budget: Budget) -> Any:
    """The object in the archive `data`, which may name `names` and types of storages.

    entries: `zip_archive.table_of_contents(data)`. Raises CheckpointError.
    """
    return _Archive(data, entries, budget).read(names)


class _Archive:
    """The entries by their names without the folder, and the storages met so far."""

    def __init__(self, data: memoryview, entries: list[Entry], budget: Budget) -> None:
        folder = entries[0].name.partition("/")[0]
        if not all(entry.name.startswith(f"{folder}/") for entry in entries):
            raise CheckpointError("has entries in several folders, which torch never does; refused")
        contents = zip_archive.stored(data, entries)
        self._entries = {entry.name.removeprefix(f"{folder}/"): entry for entry in entries}
        self._contents = {name: contents[entry.name] for name, entry in self._entries.items()}
        if "constants.pkl" in self._entries or any(n.startswith("code/") for n in self._entries):
            raise CheckpointError("is a TorchScript program; expected weights only")
        self._budget = budget
        self._big_endian = self._byte_order()
        self._storages: dict[str, tuple[StorageId, Storage]] = {}

    def read(self, names: AllowedNames) -> Any:
        cursor = Cursor(self._checked(PICKLE), 0)
        value = unpickle(cursor, {**names, **STORAGE_NAMES}, self._budget, self._storage)
        if cursor.at < len(cursor.data):
            raise CheckpointError(f"has bytes behind the end of {PICKLE}; refused")
        return value

    def _byte_order(self) -> bool:
        if "byteorder" not in self._entries:
            return False
        named = bytes(self._checked("byteorder")[:8])
        if named not in BYTE_ORDERS:
            raise CheckpointError("has a byte order that is neither little nor big; refused")
        return BYTE_ORDERS[named]

    def _storage(self, identity: Any) -> Storage | Unread:
        """The storage that a persistent id names."""
        said = StorageId.parsed(identity)
        if isinstance(said, Unread):
            return said
        if said.key not in self._storages:
            elements = self._checked(f"data/{said.key}")
            if len(elements) != said.nbytes:
                raise _two_sizes()
            self._storages[said.key] = said, Storage(said.dtype, elements, self._big_endian)
        known, storage = self._storages[said.key]
        if known != said:
            raise _two_sizes()
        return storage

    def _checked(self, name: str) -> memoryview:
        """The contents of an entry, which are those that were written."""
        if name not in self._entries:
            raise CheckpointError(f"has no entry {shown(name)}; the file is incomplete")
        zip_archive.check_sum(self._entries[name], self._contents[name])
        return self._contents[name]


def _two_sizes() -> CheckpointError:
    return CheckpointError("has a storage of two sizes; the file is damaged")
