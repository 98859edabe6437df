"""Pickles of StyleGAN2's programs, read without running anything that they name.

Whatever a file names is looked up in `NAMES`, which are functions of our own; an unknown name is
refused before anything else happens. Storages inside are parsed by `legacy_torch`. Weights stay
views of the mapped file; for the memory besides see `limits`.
"""

from __future__ import annotations

from typing import Any

from tui_draggan.checkpoints.unpickling import legacy_torch
from tui_draggan.checkpoints.unpickling.allowed import AllowedNames, allowed_function
from tui_draggan.checkpoints.unpickling.arrays import ARRAYS
from tui_draggan.checkpoints.unpickling.containers import CONTAINERS
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.nesting import check_nesting
from tui_draggan.checkpoints.unpickling.opcodes import PROTOCOLS, Cursor
from tui_draggan.checkpoints.unpickling.storages import TENSORS, Storage
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.errors import CheckpointError


def is_pickle(data: memoryview) -> bool:
    """Whether `data` begins as a pickle does; a file of torch before 1.6 does too."""
    return len(data) > 2 and data[0] == 0x80 and data[1] in PROTOCOLS


def read_pickle(data: memoryview) -> Any:
    """The value of the pickle in `data`, NVIDIA's or of the TensorFlow era.

    It is made of None, bool, int, float, str, `values.LongText`, memoryview (bytes), tuple, list,
    dict, set, numpy arrays (read-only, maybe unaligned, in either byte order), `values.Record`, and
    `allowed.AllowedName` for a bare name; its depth and size are bounded (`nesting`).
    Raises CheckpointError: what is wrong, without the file's name.
    """
    value = unpickle(Cursor(data, 0), NAMES, Budget(len(data)))
    check_nesting(value)
    return value


def read_legacy_torch(data: memoryview) -> Any:
    """The object in a file of torch before 1.6 (`legacy_torch.is_legacy_torch`), likewise."""
    value = legacy_torch.read_legacy(data, _OUTSIDE_STORAGES, Budget(len(data)))
    check_nesting(value)
    return value


def _load_from_bytes(budget: Budget, data: memoryview) -> Storage:
    storage = legacy_torch.read_legacy(data, {}, budget)
    if not isinstance(storage, Storage):
        raise CheckpointError("has something other than a storage in the place of one; refused")
    return storage


_OUTSIDE_STORAGES: AllowedNames = {**CONTAINERS, **ARRAYS, **TENSORS}
NAMES: AllowedNames = {
    **_OUTSIDE_STORAGES,
    **allowed_function("torch.storage", "_load_from_bytes", _load_from_bytes, memoryview),
}
"""All that a pickle may name."""
