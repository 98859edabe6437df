"""What `torch.save` wrote before torch 1.6, and still writes inside other pickles.

Five pickles of protocol 2: a magic number, the version 1001, a description of the system, the
object, in which each storage stands as the persistent id ('storage', type, key, location, number
of elements, None), and the list of the keys. Then for each key the number of elements (int64) and
the elements. (torch/serialization.py, `_legacy_save`)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.allowed import AllowedName, AllowedNames
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.opcodes import Cursor
from tui_draggan.checkpoints.unpickling.storages import DTYPES, NO_TENSORS, Storage
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.errors import CheckpointError

MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""The first pickle: 0x1950a86a20f9469cfc6c."""
VERSION = 1001

_STORAGE_NAMES: AllowedNames = {("torch", name): AllowedName(f"torch.{name}") for name in DTYPES}
_STORAGE_DTYPES = {kind: DTYPES[name] for (_, name), kind in _STORAGE_NAMES.items()}


def is_legacy_torch(data: memoryview) -> bool:
    return data[: len(MAGIC)] == MAGIC


def read_legacy(data: memoryview, names: AllowedNames, budget: Budget) -> Any:
    """The object in `data`, which may name `names` and types of storages.

    The object is read twice, as it stands before the elements of its tensors: first to learn
    which storages there are and where it ends, then with them. Raises CheckpointError.
    """
    if not is_legacy_torch(data):
        raise CheckpointError("has tensors in an unknown form (no magic number); refused")
    cursor = Cursor(data, len(MAGIC))
    if unpickle(cursor, {}, budget) != VERSION:
        raise CheckpointError(f"has tensors of another version than {VERSION}; refused")
    system = unpickle(cursor, {}, budget)
    if type(system) is not dict or system.get("little_endian") is not True:
        raise CheckpointError("has tensors of a big-endian machine; refused")

    start = cursor.at
    expected: dict[str, tuple[np.dtype[Any], int]] = {}

    def note(identity: Any) -> Storage:
        key, dtype, numel = _parsed(identity)
        if expected.setdefault(key, (dtype, numel)) != (dtype, numel):
            raise CheckpointError("has a storage of two sizes; the file is damaged")
        return Storage(dtype, memoryview(b""))

    unpickle(cursor, {**names, **_STORAGE_NAMES, **NO_TENSORS}, budget, note)
    storages = _storages(cursor, budget, expected)

    cursor.at = start
    return unpickle(
        cursor, {**names, **_STORAGE_NAMES}, budget, lambda identity: storages[_parsed(identity)[0]]
    )


def _parsed(identity: Any) -> tuple[str, np.dtype[Any], int]:
    """Key, type and number of elements out of a persistent id."""
    match identity:
        case (str("storage"), AllowedName() as kind, str(key), str(), int(numel), None) if (
            kind in _STORAGE_DTYPES and numel >= 0
        ):
            return key, _STORAGE_DTYPES[kind], numel
    raise CheckpointError("has a storage in an unknown form; refused")


def _storages(
    cursor: Cursor, budget: Budget, expected: dict[str, tuple[np.dtype[Any], int]]
) -> dict[str, Storage]:
    """The list of keys and the elements at `cursor`, which must be those of `expected`."""
    keys = unpickle(cursor, {}, budget)
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise CheckpointError("has no list of its storages; the file is damaged")
    storages = {}
    for key in keys:
        if key not in expected or key in storages:
            raise CheckpointError("lists a storage that no tensor has; the file is damaged")
        dtype, numel = expected[key]
        if cursor.signed(8) != numel:
            raise CheckpointError("has a storage of two sizes; the file is damaged")
        storages[key] = Storage(dtype, cursor.take(numel * dtype.itemsize))
    if len(storages) < len(expected):
        raise CheckpointError("has a tensor without its storage; the file is damaged")
    return storages
