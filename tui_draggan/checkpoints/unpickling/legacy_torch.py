"""What `torch.save` wrote before torch 1.6, and still writes inside other pickles.

Five pickles of protocol 2: a magic number, the version 1001, a description of the system, the
object, in which each storage stands as a persistent id (see `storages`), a module's class as
('module', class, file, source), and the list of the storages' keys. Then for each key the number of
elements (int64) and the elements. (torch/serialization.py, `_legacy_save`)
"""

from __future__ import annotations

from typing import Any

from tui_draggan.checkpoints.unpickling.allowed import AllowedName, AllowedNames
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.opcodes import Cursor
from tui_draggan.checkpoints.unpickling.storages import (
    NO_TENSORS,
    STORAGE_NAMES,
    Storage,
    StorageId,
)
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.checkpoints.unpickling.values import Unread
from tui_draggan.errors import CheckpointError

MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""The first pickle: 0x1950a86a20f9469cfc6c."""
VERSION = 1001


def is_legacy_torch(data: memoryview) -> bool:
    return data[: len(MAGIC)] == MAGIC


def read_legacy(
    data: memoryview, names: AllowedNames, budget: Budget, *, strict: bool = False
) -> Any:
    """The object in `data`, which may name `names` and types of storages (`unpickler.unpickle`).

    The object is read twice, as it stands before the elements of its tensors: first to learn
    which storages there are and where it ends, then with them. Raises CheckpointError.
    """
    if not is_legacy_torch(data):
        raise CheckpointError("has tensors in an unknown form (no magic number); refused")
    cursor = Cursor(data, len(MAGIC))
    if unpickle(cursor, {}, budget, strict=True) != VERSION:
        raise CheckpointError(f"has tensors of another version than {VERSION}; refused")
    system = unpickle(cursor, {}, budget, strict=True)
    if type(system) is not dict or system.get("little_endian") is not True:
        raise CheckpointError("has tensors of a big-endian machine; refused")

    start = cursor.at
    expected: dict[str, StorageId] = {}

    def note(identity: Any) -> Any:
        if (module := _module(identity)) is not None:
            return module
        storage = _parsed(identity)
        if expected.setdefault(storage.key, storage) != storage:
            raise CheckpointError("has a storage of two sizes; the file is damaged")
        return Storage(storage.dtype, memoryview(b""))

    allowed = {**names, **STORAGE_NAMES}
    unpickle(cursor, {**allowed, **NO_TENSORS}, budget, note, strict=strict)
    storages = _storages(cursor, budget, expected)

    def find(identity: Any) -> Any:
        return _module(identity) or storages[_parsed(identity).key]

    cursor.at = start
    return unpickle(cursor, allowed, budget, find, strict=strict)


def _module(identity: Any) -> AllowedName | Unread | None:
    """The class of a module; None: the persistent id is a storage's."""
    match identity:
        case (str("module"), AllowedName() | Unread() as kind, *_):
            return kind
    return None


def _parsed(identity: Any) -> StorageId:
    storage = StorageId.parsed(identity)
    if isinstance(storage, Unread):  # what comes behind it cannot be found
        raise CheckpointError(storage.refusal)
    return storage


def _storages(cursor: Cursor, budget: Budget, expected: dict[str, StorageId]) -> dict[str, Storage]:
    """The list of keys and the elements at `cursor`, which must be those of `expected`."""
    keys = unpickle(cursor, {}, budget, strict=True)
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise CheckpointError("has no list of its storages; the file is damaged")
    storages = {}
    for key in keys:
        if key not in expected or key in storages:
            raise CheckpointError("lists a storage that no tensor has; the file is damaged")
        storage = expected[key]
        if cursor.signed(8) != storage.numel:
            raise CheckpointError("has a storage of two sizes; the file is damaged")
        storages[key] = Storage(storage.dtype, cursor.take(storage.nbytes))
    if len(storages) < len(expected):
        raise CheckpointError("has a tensor without its storage; the file is damaged")
    return storages
