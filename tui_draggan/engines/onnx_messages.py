"""What an ONNX model holds, read from its protobuf messages without any library.

A runtime that reads a hostile model may run for ever, end the process, or open whatever file the
model names. So all that can be told without running it is told first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training information", 25: "function"},
    "training information": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 11: "input", 12: "output", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "inner graph", 10: "tensor", 11: "inner graph"},
        **{22: "sparse tensor", 23: "sparse tensor"},
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external data"},
    "external data": {},
    "input": {},
    "output": {},
}
"""Fields of ONNX's messages, by number, in which something lies that has to be known."""
MESSAGES["inner graph"] = MESSAGES["graph"]
KEY, VALUE = 1, 2
"""Fields of an entry of external data."""
OPERATOR, DOMAIN = 4, 7
"""Fields of a node."""
TENSOR_NAME = 8
NAME, TYPE, TENSOR_TYPE, SHAPE, DIMENSION, LENGTH = 1, 2, 1, 2, 1, 1
"""Fields on the way from an input or output to the length of an axis."""
MOST_FIELDS = 2_000_000
"""Fields of a model that are looked at; a large step graph has a fiftieth of them."""

Shape = tuple[int | None, ...]
"""Lengths of the axes, None where the model leaves one open."""


@dataclass
class ModelContents:
    """What one model holds."""

    inputs: dict[str, Shape | None] = field(default_factory=dict)
    """The main graph's inputs; None where no shape is given, or where it is no tensor."""
    outputs: dict[str, Shape | None] = field(default_factory=dict)
    tensors: set[str] = field(default_factory=set)
    """Names of tensors with values: they may stand among the inputs too."""
    operators: set[tuple[str, str]] = field(default_factory=set)
    """Domain and name of every operator."""
    nodes: int = 0
    files: set[str] = field(default_factory=set)
    """Files it refers to, as it names them."""
    kinds: set[str] = field(default_factory=set)
    """Kinds of messages it has, of those in `MESSAGES`."""


def contents(model: bytes) -> ModelContents:
    """Raises ValueError for what is no ONNX model, or has too much in it to look at."""
    found = ModelContents()
    waiting = [("model", memoryview(model))]
    left = MOST_FIELDS
    while waiting:
        kind, message = waiting.pop()
        found.kinds.add(kind)
        known = MESSAGES[kind]
        entries: dict[int, list[bytes]] = {}
        for number, value in _fields(message):
            left -= 1
            if not left:
                raise ValueError("it has too many parts for a bundle's graph")
            if isinstance(value, int):
                continue
            if number in known:
                waiting.append((known[number], value))
            elif kind in TAKEN:
                entries.setdefault(number, []).append(bytes(value))
        if kind in TAKEN:
            TAKEN[kind](found, entries)
    return found


def _take_node(found: ModelContents, entries: Mapping[int, list[bytes]]) -> None:
    found.nodes += 1
    domains = entries.get(DOMAIN, [b""])
    for operator in entries.get(OPERATOR, [b""]):
        found.operators.update((_text(domain), _text(operator)) for domain in domains)


def _take_tensor(found: ModelContents, entries: Mapping[int, list[bytes]]) -> None:
    found.tensors.update(map(_text, entries.get(TENSOR_NAME, ())))


def _take_file(found: ModelContents, entries: Mapping[int, list[bytes]]) -> None:
    if b"location" in entries.get(KEY, ()):
        found.files.update(map(_text, entries.get(VALUE, [b""])))


def _take_input(found: ModelContents, entries: Mapping[int, list[bytes]]) -> None:
    found.inputs.update(_named_shape(entries))


def _take_output(found: ModelContents, entries: Mapping[int, list[bytes]]) -> None:
    found.outputs.update(_named_shape(entries))


TAKEN = {
    "node": _take_node,
    "tensor": _take_tensor,
    "external data": _take_file,
    "input": _take_input,
    "output": _take_output,
}
"""What is taken of a message of each kind, by its fields that hold text or messages."""


def _named_shape(entries: Mapping[int, list[bytes]]) -> dict[str, Shape | None]:
    names = [_text(name) for name in entries.get(NAME, [b""])]
    shapes = [
        shape
        for type_ in entries.get(TYPE, ())
        for tensor_type in _parts(type_, TENSOR_TYPE)
        for shape in _parts(tensor_type, SHAPE)
    ]
    lengths = tuple(_length(axis) for shape in shapes for axis in _parts(shape, DIMENSION))
    return dict.fromkeys(names, lengths if shapes else None)


def _length(axis: bytes) -> int | None:
    numbers = [value for number, value in _fields(memoryview(axis)) if number == LENGTH]
    return next((value for value in reversed(numbers) if isinstance(value, int)), None)


def _parts(message: bytes, wanted: int) -> list[bytes]:
    fields = _fields(memoryview(message))
    return [bytes(value) for n, value in fields if n == wanted and not isinstance(value, int)]


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """The fields of a protobuf message by number: numbers, and what has a length. Those of a fixed
    width are passed over. Raises ValueError."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if tag >> 32:
            raise ValueError("no ONNX model")
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
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
