"""Pickles of StyleGAN2's programs, read without running anything that they name.

Whatever a file names is looked up in `NAMES`, which are functions of our own; an unknown name is
refused before anything else happens. Storages inside are parsed by `legacy_torch`. Weights stay
views of the mapped file; for the memory besides see `limits`.
"""

from __future__ import annotations

from typing import Any

from tui_draggan.checkpoints import legacy_torch
from tui_draggan.checkpoints.allowed import Globals, function
from tui_draggan.checkpoints.arrays import ARRAYS
from tui_draggan.checkpoints.limits import Budget
from tui_draggan.checkpoints.machine import run
from tui_draggan.checkpoints.objects import OBJECTS
from tui_draggan.checkpoints.opcodes import PROTOCOLS, Cursor
from tui_draggan.checkpoints.storages import TENSORS, Storage
from tui_draggan.checkpoints.tree import check_tree
from tui_draggan.errors import CheckpointError


def is_pickle(data: memoryview) -> bool:
    """Whether `data` begins as a pickle does; a file of torch before 1.6 does too."""
    return len(data) > 2 and data[0] == 0x80 and data[1] in PROTOCOLS


def read_pickle(data: memoryview) -> Any:
    """The value of the pickle in `data`, NVIDIA's or of the TensorFlow era.

    It is made of None, bool, int, float, str, `opcodes.LongText`, memoryview (bytes), tuple, list,
    dict, set, numpy arrays (read-only, maybe unaligned, in either byte order), `found.Record`, and
    `globals.Global` for a bare name; it is no deeper and no larger than `tree.check_tree` grants.
    Raises CheckpointError: what is wrong, without the file's name.
    """
    value = run(Cursor(data, 0), NAMES, Budget(len(data)))
    check_tree(value)
    return value


def read_legacy_torch(data: memoryview) -> Any:
    """The object in a file of torch before 1.6 (`legacy_torch.is_legacy_torch`), likewise."""
    value = legacy_torch.load(data, _OUTSIDE_STORAGES, Budget(len(data)))
    check_tree(value)
    return value


def _load_from_bytes(budget: Budget, data: memoryview) -> Storage:
    storage = legacy_torch.load(data, {}, budget)
    if not isinstance(storage, Storage):
        raise CheckpointError("has something else in the place of a storage; refused")
    return storage


_OUTSIDE_STORAGES: Globals = {**OBJECTS, **ARRAYS, **TENSORS}
NAMES: Globals = {
    **_OUTSIDE_STORAGES,
    **function("torch.storage", "_load_from_bytes", _load_from_bytes, memoryview),
}
"""All that a pickle may name."""
