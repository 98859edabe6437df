"""Python's and the networks' own objects out of a pickle: containers and records."""

from __future__ import annotations

import codecs
from typing import Any

from tui_draggan.checkpoints.unpickling.allowed import AllowedNames, allowed_class, allowed_function
from tui_draggan.checkpoints.unpickling.limits import Budget, MiB
from tui_draggan.checkpoints.unpickling.unpickler import checked_key
from tui_draggan.checkpoints.unpickling.values import LongText, Record
from tui_draggan.errors import CheckpointError


def _set(budget: Budget, items: list[Any]) -> set[Any]:
    budget.step(len(items))
    return {checked_key(item, budget) for item in items}


def _bytes(_: Budget) -> memoryview:
    return memoryview(b"")


def _encode(budget: Budget, text: str | LongText, encoding: str) -> memoryview:
    """Bytes as protocol 2 writes them: each as the character of its number, in UTF-8."""
    encoded = memoryview(text.encode()) if isinstance(text, str) else text.utf8
    if encoding not in ("latin1", "latin-1"):
        raise CheckpointError("encodes bytes in another way than pickles do; refused")
    budget.copy(len(encoded))
    made = bytearray(len(encoded))
    read = written = 0
    try:
        while read < len(encoded):
            rest = encoded[read : read + MiB]
            part, used = codecs.utf_8_decode(rest, "strict", read + len(rest) == len(encoded))
            made[written : written + len(part)] = part.encode("latin-1")
            read += used
            written += len(part)
    except UnicodeError:
        raise CheckpointError("has damaged bytes; download it again") from None
    return memoryview(made).toreadonly()[:written]


def _ordered_dict(_: Budget) -> dict[Any, Any]:
    return {}


def _size(_: Budget, size: tuple[Any, ...]) -> tuple[Any, ...]:
    return size


def _device(_: Budget, kind: str, *__: Any) -> str:
    return kind


def _persistent(_: Budget, meta: dict[Any, Any]) -> Record:
    """stylegan2-ada-pytorch, torch_utils/persistence.py; the source that comes along is ignored."""
    match meta:
        case {"type": str("class"), "class_name": str(name), "state": dict(state)}:
            return Record(name, state)
    raise CheckpointError("has a network in an unknown form; refused")


def _record_type(module: str, name: str) -> AllowedNames:
    return allowed_class(module, name, lambda: Record(f"{module}.{name}", {}))


CONTAINERS: AllowedNames = {
    **allowed_function("collections", "OrderedDict", _ordered_dict),
    **allowed_class("dnnlib.util", "EasyDict", dict),
    **allowed_function("builtins", "set", _set, list),
    **allowed_function("__builtin__", "set", _set, list),
    **allowed_function("builtins", "frozenset", _set, list),
    **allowed_function("__builtin__", "frozenset", _set, list),
    **allowed_function("builtins", "bytes", _bytes),
    **allowed_function("__builtin__", "bytes", _bytes),
    **allowed_function("_codecs", "encode", _encode, (str, LongText), str),
    **allowed_function("torch", "Size", _size, tuple),
    **allowed_function("torch", "device", _device, str, int, optional=1),
    **allowed_function("torch_utils.persistence", "_reconstruct_persistent_obj", _persistent, dict),
    **_record_type("dnnlib.tflib.network", "Network"),
    **_record_type("argparse", "Namespace"),
}
"""Containers as Python's own, networks and namespaces as records."""
