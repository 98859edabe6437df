"""A bundle's graphs, checked before a runtime reads them.

Their contents are those of the manifest, by SHA-256, and their weights lie in drag/weights.bin and
nowhere else: a runtime reads whatever file a graph names, an absolute path too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tui_draggan import cache
from tui_draggan.bundle import ModelBundle
from tui_draggan.errors import BundleError

WEIGHTS = "drag/weights.bin"

FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse tensor", 23: "sparse tensor"},
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external data"},
    "external data": {},
}
"""Fields of ONNX's protobuf messages, by number, through which external data can be reached."""
KEY, VALUE = 1, 2
"""Fields of an entry of external data."""


def check_files(bundle: ModelBundle, *names: str) -> None:
    """Raises BundleError, naming the file, where one of these is not what the manifest says, or a
    graph among them refers to another file than the bundle's weights."""
    has_weights = False
    for name in names:
        _check_hash(bundle, name)
        if name.endswith(".onnx"):
            has_weights |= _refers_to_weights(bundle.file(name), name)
    if has_weights:
        _check_hash(bundle, WEIGHTS)


def _check_hash(bundle: ModelBundle, name: str) -> None:
    file = bundle.file(name)
    try:
        same = cache.sha256(file) == bundle.files[name].get("sha256")
    except (KeyError, OSError) as error:
        raise BundleError(f"{file} cannot be read ({error}); export it again") from error
    if not same:
        raise BundleError(f"{file} is damaged (SHA-256); export it again")


def _refers_to_weights(file: Path, name: str) -> bool:
    """Whether a graph has external data; BundleError where it lies anywhere else."""
    folder = PurePosixPath(name).parent.as_posix()
    expected = WEIGHTS if folder == "." else WEIGHTS.removeprefix(f"{folder}/")
    try:
        places = set(external_files(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read ({error}); export it again") from error
    for place in places - {expected}:
        raise BundleError(f"{file} refers to the file {place!r}; weights lie in {WEIGHTS}")
    return bool(places)


def external_files(model: bytes) -> Iterator[str]:
    """The files that an ONNX model refers to, as it names them. Raises ValueError."""
    waiting = [("model", memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        known = FIELDS[kind]
        entry: dict[int, bytes] = {}
        for number, value in _fields(message):
            if number in known:
                waiting.append((known[number], value))
            elif kind == "external data":
                entry[number] = bytes(value)
        if entry.get(KEY) == b"location":
            yield entry.get(VALUE, b"").decode(errors="backslashreplace")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a protobuf message that have a length, by number. Raises ValueError."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if tag >> 32:
            raise ValueError("no ONNX model")
        if kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, at = _varint(message, at)
            yield number, message[at : at + size]
            at += size
        else:
            raise ValueError("no ONNX model")
    if at != end:
        raise ValueError("no ONNX model: it ends early")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at that place, and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("no ONNX model: it ends early")
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
