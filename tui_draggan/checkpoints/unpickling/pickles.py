"""Pickles, and torch's files, of which pickles are a part, read without running what they name.

Whatever a file names is looked up in tables of functions of our own. Weights stay views of the
mapped file; for the memory besides see `limits`. The values are made of None, bool, int, float,
str, `values.LongText`, memoryview (bytes), tuple, list, dict, set, numpy arrays (read-only, maybe
unaligned, in either byte order), `values.Record`, `values.Unread` for what no generator needs, and
`allowed.AllowedName` for a bare name; their depth and size are bounded (`nesting`). All functions
raise CheckpointError: what is wrong, without the file's name.
"""

from __future__ import annotations

from typing import Any

from tui_draggan.checkpoints.unpickling import legacy_torch, torch_zip, zip_archive
from tui_draggan.checkpoints.unpickling.allowed import AllowedNames, allowed_function
from tui_draggan.checkpoints.unpickling.arrays import ARRAYS
from tui_draggan.checkpoints.unpickling.containers import CONTAINERS
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.nesting import check_nesting
from tui_draggan.checkpoints.unpickling.opcodes import PROTOCOLS, Cursor
from tui_draggan.checkpoints.unpickling.storages import TENSORS, Storage
from tui_draggan.checkpoints.unpickling.unpickler import unpickle
from tui_draggan.checkpoints.unpickling.zip_archive import Entry
from tui_draggan.errors import CheckpointError


def is_pickle(data: memoryview) -> bool:
    """Whether `data` begins as a pickle does; a file of torch before 1.6 does too."""
    return len(data) > 2 and data[0] == 0x80 and data[1] in PROTOCOLS


def read_pickle(data: memoryview) -> Any:
    """The value of the pickle in `data`, NVIDIA's or of the TensorFlow era."""
    return _checked(unpickle(Cursor(data, 0), NAMES, Budget(len(data))))


def read_legacy_torch(data: memoryview) -> Any:
    """The object in a file of torch before 1.6 (`legacy_torch.is_legacy_torch`)."""
    return _checked(legacy_torch.read_legacy(data, TORCH_NAMES, Budget(len(data))))


def read_torch_zip(data: memoryview, entries: list[Entry]) -> Any:
    """The object in a file of torch since 1.6 (`torch_zip.is_torch_zip`)."""
    return _checked(torch_zip.read_zip(data, entries, NAMES, Budget(len(data))))


def is_torch_file(data: memoryview) -> bool:
    """Whether `data` is a file of torch.save, old or new. Raises CheckpointError."""
    if zip_archive.is_zip(data):
        return torch_zip.is_torch_zip(zip_archive.table_of_contents(data))
    return legacy_torch.is_legacy_torch(data)


def read_torch_file(data: memoryview) -> Any:
    """The object in a file of torch.save (`is_torch_file`)."""
    if zip_archive.is_zip(data):
        return read_torch_zip(data, zip_archive.table_of_contents(data))
    return read_legacy_torch(data)


def _checked(value: Any) -> Any:
    check_nesting(value)
    return value


def _load_from_bytes(budget: Budget, data: memoryview) -> Storage:
    storage = legacy_torch.read_legacy(data, {}, budget, strict=True)
    if not isinstance(storage, Storage):
        raise CheckpointError("has something other than a storage in the place of one; refused")
    return storage


TORCH_NAMES: AllowedNames = {**CONTAINERS, **ARRAYS, **TENSORS}
"""All that has a meaning in a file of torch."""
NAMES: AllowedNames = {
    **TORCH_NAMES,
    **allowed_function("torch.storage", "_load_from_bytes", _load_from_bytes, memoryview),
}
"""All that has a meaning in a pickle, where each storage is a file of torch."""
