"""torch's storages and the tensors on them, as views of the file; no torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.allowed import AllowedNames, allowed_function
from tui_draggan.checkpoints.unpickling.arrays import checked_dimensions, checked_shape
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.values import Array
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


@dataclass(frozen=True, eq=False)
class Storage:
    """Numbers in a row, little-endian as in the file."""

    dtype: np.dtype[Any]
    data: memoryview

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
        return np.zeros(shape, "<f4" if storage.dtype == BFLOAT16 else storage.dtype)
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
    itemsize = storage.dtype.itemsize
    view: Array = np.ndarray(
        shape, storage.dtype, storage.data, offset * itemsize, [step * itemsize for step in steps]
    )
    return _from_bfloat16(view, budget) if storage.dtype == BFLOAT16 else view


def _from_bfloat16(view: Array, budget: Budget) -> Array:
    budget.copy(4 * view.size)
    bits = view.view("<u2").astype("<u4")
    bits <<= 16
    return bits.view("<f4")


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
