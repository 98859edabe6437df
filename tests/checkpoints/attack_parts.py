"""What attacks are put together from: pieces of pickles, storages and tensors that lie."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable
from pickle import (
    BINGET,
    BINPERSID,
    BINPUT,
    BINUNICODE,
    EMPTY_TUPLE,
    GLOBAL,
    LONG1,
    MARK,
    NONE,
    PROTO,
    STOP,
    TUPLE,
    TUPLE1,
)
from typing import Any

import numpy as np

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import nvidia_pickle
from tests.checkpoints.writers.pickling import Call, Name
from tui_draggan.checkpoints.unpickling.legacy_torch import MAGIC


def entries_of(pickle: bytes) -> dict[str, bytes]:
    """The entries of an archive of torch around a pickle."""
    return {"net/data.pkl": pickle, "net/version": b"3\n"}


KIND = Kind(channels=(3, 2), z_dim=3, w_dim=3, mapping_layers=1)


def valid(**options: Any) -> bytes:
    return nvidia_pickle(random_tensors(KIND), KIND, **options)


class Evil:
    """Unpickled, it calls."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


TOUCH = Evil(os.system, "touch pwned")


def code(*parts: bytes, protocol: int = 4) -> bytes:
    return PROTO + bytes([protocol]) + b"".join(parts) + STOP


def named(module: str, name: str) -> bytes:
    return GLOBAL + f"{module}\n{name}\n".encode()


def text(content: str) -> bytes:
    encoded = content.encode()
    return BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def integer(value: int) -> bytes:
    return LONG1 + b"\x10" + value.to_bytes(16, "little", signed=True)


def storage(*pickles: Any, data: bytes = b"") -> bytes:
    """What torch would write, with other objects in the places of the five."""
    usual: tuple[Any, ...] = (1001, {"little_endian": True}, None, [])
    given = [*pickles, *usual[len(pickles) :]]
    return MAGIC + b"".join(pickle.dumps(value, 2) for value in given) + data


def loading(contents: bytes) -> Call:
    return Call(Name("torch.storage", "_load_from_bytes"), (contents,))


def identity(numel: int, kind: str = "FloatStorage") -> bytes:
    """The fourth pickle: a storage of `numel` numbers."""
    return code(
        MARK,
        *(text("storage"), named("torch", kind), text("0"), text("cpu"), integer(numel), NONE),
        *(TUPLE, BINPERSID),
        protocol=2,
    )


def with_storage(numel: int, *, said: int | None = None, data: bytes = b"") -> bytes:
    before = MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    counted = struct.pack("<q", numel if said is None else said)
    return before + identity(numel) + pickle.dumps(["0"], 2) + counted + data


def tensor(size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> Call:
    function = Name("torch._utils", "_rebuild_tensor_v2")
    contents = with_storage(100, data=bytes(400))
    return Call(function, (loading(contents), offset, size, stride, False, {}))


def array(count: int = 1) -> bytes:
    """Opcodes of an array of one number, which says that it has `count`."""
    written = pickle.dumps(np.zeros(1, "f4"), 3)[2:-1]
    assert written.count(b"K\x01K\x01\x85") == 1
    return written.replace(b"K\x01K\x01\x85", b"K\x01" + integer(count) + TUPLE1)


def laughs(count: int) -> bytes:
    """A tuple of ten, of which each is a tuple of ten, and so on, `count` times."""
    level = MARK + BINGET + b"\0" + 9 * (BINGET + b"\0") + TUPLE + BINPUT + b"\0"
    return EMPTY_TUPLE + BINPUT + b"\0" + count * level
