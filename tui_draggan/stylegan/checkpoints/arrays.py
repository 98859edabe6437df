"""numpy's arrays, dtypes and scalars out of a pickle, as views of the file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.checkpoints.found import Array
from tui_draggan.stylegan.checkpoints.limits import MAX_DIMENSIONS, MAX_NUMBERS, Budget
from tui_draggan.stylegan.checkpoints.machine import Global, Globals, Pending
from tui_draggan.stylegan.checkpoints.names import shown

DTYPE_CODES = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")
"""Plain numbers. Object arrays hold pickles of their own, records and strings no weights."""
BYTE_ORDERS = ("<", ">", "|", "=")

_NDARRAY = Global("numpy.ndarray")


def checked_shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """`shape`, if it can be one. Raises CheckpointError where it is too long or too large."""
    if len(shape) > MAX_DIMENSIONS:
        raise CheckpointError(f"has an array of {len(shape):,} dimensions; refused")
    if not all(type(count) is int and count >= 0 for count in shape):
        raise CheckpointError("has an array with a size that is not a natural number; refused")
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


def _reconstruct(_: Budget, kind: Global, *__: Any) -> Pending:
    if kind is not _NDARRAY:
        raise CheckpointError(f"has an array of the type {kind.name}; refused")

    def build(budget: Budget, state: Any) -> Array:
        match state:
            case (1, tuple(shape), np.dtype() as dtype, bool(fortran), memoryview() as data):
                return _array(budget, data, dtype, shape, fortran)
        raise CheckpointError("has an array in an unknown form; refused")

    return Pending("numpy.ndarray", build)


def _dtype(_: Budget, code: str, *__: Any) -> Pending:
    if code not in DTYPE_CODES:
        raise CheckpointError(f"has an array of the type '{shown(code)}'; refused")

    def build(_: Budget, state: Any) -> np.dtype[Any]:
        match state:
            case (3, str(order), None, None, None, -1, -1, 0) if order in BYTE_ORDERS:
                return np.dtype(order + code)
        raise CheckpointError(f"has a variant of the type '{shown(code)}'; refused")

    return Pending("numpy.dtype", build)


def _scalar(_: Budget, dtype: np.dtype[Any], data: memoryview) -> bool | int | float:
    if len(data) != dtype.itemsize:
        raise CheckpointError("has a number whose type does not fit its bytes; refused")
    number: bool | int | float = np.frombuffer(data, dtype)[0].item()
    return number


def _names() -> dict[tuple[str, str], Global]:
    table = {
        ("numpy", "ndarray"): _NDARRAY,
        ("numpy", "dtype"): Global("numpy.dtype", _dtype, takes=(str, object, object)),
    }
    for core in ("numpy.core", "numpy._core"):  # numpy 2 renamed it
        for module, name, call, takes in (
            ("multiarray", "_reconstruct", _reconstruct, (Global, tuple, object)),
            ("multiarray", "scalar", _scalar, (np.dtype, memoryview)),
            ("numeric", "_frombuffer", _frombuffer, (memoryview, np.dtype, tuple, str)),
        ):
            key = f"{core}.{module}", name
            table[key] = Global(".".join(key), call, takes=takes)
    return table


ARRAYS: Globals = _names()
"""Arrays, dtypes and scalars; a scalar becomes a number of Python's."""
