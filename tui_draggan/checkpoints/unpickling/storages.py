"""torch's storages and the tensors on them, as views of the file; no torch here.

A tensor in a pickle is a call of `_rebuild_tensor_v2` with its storage, which stands there as a
persistent id: ('storage', type, key, location, number of elements), in the old container with a
sixth item, None. What the key means is the container's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.allowed import AllowedName, AllowedNames, allowed_function
from tui_draggan.checkpoints.unpickling.arrays import checked_dimensions, checked_shape
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.values import Array, Unread
from tui_draggan.errors import CheckpointError

BFLOAT16 = np.dtype("V2")
"""numpy has no bfloat16: two bytes, the upper half of a float32."""

DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": BFLOAT16,
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


STORAGE_NAMES: AllowedNames = {("torch", name): AllowedName(f"torch.{name}") for name in DTYPES}
_STORAGE_DTYPES = {kind: DTYPES[name] for (_, name), kind in STORAGE_NAMES.items()}


@dataclass(frozen=True)
class StorageId:
    """What a persistent id says of a storage."""

    key: str
    dtype: np.dtype[Any]
    numel: int

    @classmethod
    def parsed(cls, identity: Any) -> StorageId | Unread:
        """Of a storage whose type numpy has no numbers for, the type. Raises CheckpointError."""
        match identity:
            case (str("storage"), AllowedName() as kind, str(key), str(), int(numel), *rest) if (
                kind in _STORAGE_DTYPES and numel >= 0 and rest in ([], [None])
            ):
                return cls(key, _STORAGE_DTYPES[kind], numel)
            case (str("storage"), Unread() as kind, *_):
                return kind
        raise CheckpointError("has a storage in an unknown form; refused")

    @property
    def nbytes(self) -> int:
        return self.numel * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Storage:
    """Numbers in a row, little-endian unless told otherwise."""

    dtype: np.dtype[Any]
    data: memoryview
    big_endian: bool = False

    @property
    def numel(self) -> int:
        return len(self.data) // self.dtype.itemsize


def rebuild_tensor(
    budget: Budget,
    storage: Storage,
    offset: int,
    size: tuple[Any, ...],
    stride: tuple[Any, ...],
    *_: Any,
) -> Array:
    """torch._utils._rebuild_tensor_v2: a read-only array of the shape `size` on `storage`.

    `offset` and `stride` count numbers, as torch does. The array is a view of the file and may be
    unaligned; only bfloat16 is copied, to float32. Raises CheckpointError where it leaves its
    storage, or meets a number twice: that would make much out of little.
    """
    shape, steps = checked_shape(size), checked_dimensions(stride)
    if len(shape) != len(steps) or type(offset) is not int or offset < 0:
        raise CheckpointError("has a tensor whose size and strides do not fit; refused")
    # A dimension of one place never takes its stride, whatever that is.
    steps = tuple(step if count > 1 else 1 for count, step in zip(shape, steps, strict=True))
    last = offset + sum(step * (count - 1) for count, step in zip(shape, steps, strict=True))
    if 0 in shape:
        return np.zeros(shape, np.float32 if storage.dtype == BFLOAT16 else storage.dtype)
    if last >= storage.numel:
        raise CheckpointError(
            f"has a tensor that reaches element {last:,} of a storage of {storage.numel:,}; refused"
        )
    reach = 0
    for step, count in sorted(zip(steps, shape, strict=True)):
        if count > 1 and step <= reach:
            raise CheckpointError(
                "has a tensor that overlaps itself; rejected: it would expand beyond the limit"
            )
        reach += step * (count - 1)
    dtype = np.dtype("<u2") if storage.dtype == BFLOAT16 else storage.dtype
    if storage.big_endian:
        dtype = dtype.newbyteorder(">")
    strides = [step * dtype.itemsize for step in steps]
    view: Array = np.ndarray(shape, dtype, storage.data, offset * dtype.itemsize, strides)
    return _from_bfloat16(view, budget) if storage.dtype == BFLOAT16 else view


def _from_bfloat16(halves: Array, budget: Budget) -> Array:
    budget.copy(4 * halves.size)
    bits = halves.astype(np.uint32)
    bits <<= 16
    return bits.view(np.float32)


def _no_tensor(*_: Any) -> Array:
    return np.empty(0)


def _parameter(_: Budget, data: Array, *__: Any) -> Array:
    return data


def _tensor_v2(call: Callable[..., Array]) -> AllowedNames:
    takes = (Storage, int, tuple, tuple, bool, object, object)
    return allowed_function("torch._utils", "_rebuild_tensor_v2", call, *takes, optional=1)


def _parameters() -> AllowedNames:
    takes = (np.ndarray, bool, object)
    return {
        **allowed_function("torch._utils", "_rebuild_parameter", _parameter, *takes),
        **allowed_function(
            "torch._utils", "_rebuild_parameter_with_state", _parameter, *takes, object
        ),
    }


TENSORS: AllowedNames = {**_tensor_v2(rebuild_tensor), **_parameters()}
"""Tensors and parameters, both as arrays."""
NO_TENSORS: AllowedNames = {**_tensor_v2(_no_tensor), **_parameters()}
"""The same while nobody knows yet where the storages are."""
