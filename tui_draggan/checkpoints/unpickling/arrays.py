"""numpy's arrays, dtypes and scalars out of a pickle, as views of the file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.allowed import (
    AllowedName,
    AllowedNames,
    Pending,
    allowed_function,
)
from tui_draggan.checkpoints.unpickling.limits import MAX_DIMENSIONS, MAX_NUMBERS, Budget
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.values import Array, Unread
from tui_draggan.errors import CheckpointError

DTYPE_CODES = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")
"""Plain numbers. Object arrays hold pickles of their own, records and strings no weights."""
BYTE_ORDERS = ("<", ">", "|", "=")

_NDARRAY = AllowedName("numpy.ndarray")


def checked_dimensions(values: tuple[Any, ...]) -> tuple[int, ...]:
    """`values`, if they can be sizes or strides: few natural numbers. Raises CheckpointError."""
    if len(values) > MAX_DIMENSIONS:
        raise CheckpointError(f"has an array of {len(values):,} dimensions; refused")
    if not all(type(value) is int and value >= 0 for value in values):
        raise CheckpointError("has an array with a size that is not a natural number; refused")
    return values


def checked_shape(values: tuple[Any, ...]) -> tuple[int, ...]:
    """`values`, if an array can have this shape. Raises CheckpointError."""
    shape = checked_dimensions(values)
    if math.prod(max(count, 1) for count in shape) > MAX_NUMBERS:
        raise CheckpointError(f"has an array of more than {MAX_NUMBERS:,} numbers; refused")
    return shape


def _array(
    _: Budget, data: memoryview, dtype: np.dtype[Any], shape: tuple[Any, ...], fortran: bool
) -> Array:
    if math.prod(checked_shape(shape)) * dtype.itemsize != len(data):
        raise CheckpointError("has an array whose shape does not fit its bytes; refused")
    return np.ndarray(shape, dtype, data, order="F" if fortran else "C")


def _frombuffer(
    budget: Budget, data: memoryview, dtype: np.dtype[Any], shape: tuple[Any, ...], order: str
) -> Array:
    return _array(budget, data, dtype, shape, order == "F")


def _reconstruct(_: Budget, kind: AllowedName, *__: Any) -> Pending:
    if kind is not _NDARRAY:
        raise CheckpointError(f"has an array of the type {kind.name}; refused")

    def build(budget: Budget, state: Any) -> Array:
        # Each pattern asks for the type first: == of an array or a deep tuple is never called.
        match state:
            case (int(1), tuple(shape), np.dtype() as dtype, bool(fortran), memoryview() as data):
                return _array(budget, data, dtype, shape, fortran)
        raise CheckpointError("has an array in an unknown form; refused")

    return Pending("numpy.ndarray", build)


def _dtype(_: Budget, code: str, *__: Any) -> Pending | Unread:
    if code not in DTYPE_CODES:
        what = f"an array of the type '{shown(code)}'"
        return Unread(what, f"has {what}; refused")

    def build(_: Budget, state: Any) -> np.dtype[Any]:
        match state:
            case (int(3), str(order), None, None, None, int(-1), int(-1), int(0)) if (
                order in BYTE_ORDERS
            ):
                return np.dtype(order + code)
        raise CheckpointError(f"has a variant of the type '{shown(code)}'; refused")

    return Pending("numpy.dtype", build)


def _scalar(_: Budget, dtype: np.dtype[Any], data: memoryview) -> bool | int | float:
    if len(data) != dtype.itemsize:
        raise CheckpointError("has a number whose type does not fit its bytes; refused")
    number: bool | int | float = np.frombuffer(data, dtype)[0].item()
    return number


def _core(core: str) -> AllowedNames:
    multiarray, numeric = f"{core}.multiarray", f"{core}.numeric"
    return {
        **allowed_function(multiarray, "_reconstruct", _reconstruct, AllowedName, tuple, object),
        **allowed_function(multiarray, "scalar", _scalar, np.dtype, memoryview),
        **allowed_function(numeric, "_frombuffer", _frombuffer, memoryview, np.dtype, tuple, str),
    }


ARRAYS: AllowedNames = {
    ("numpy", "ndarray"): _NDARRAY,
    **allowed_function("numpy", "dtype", _dtype, str, object, object),
    **_core("numpy.core"),
    **_core("numpy._core"),  # numpy 2 renamed it
}
"""Arrays and their types; scalars become numbers of Python's."""
