"""Operators that move elements: reshaping, cutting, joining, padding, picking."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.gradient.tape import MICROSOFT, Rule, Tape, describe
from tui_draggan.export.graph_rewriting import attributes


def _as_it_was(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Reshape, Flatten: the same elements in the input's shape."""
    return [tape.add("Reshape", [dy[0], tape.shape_of(node.input[0])])]


def _squeeze(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    axes = _axes_input(node, tape)
    if axes is None:
        return _as_it_was(node, dy, tape)
    axes = tape.axes(axes, node.input[0], node)
    return [tape.add("Unsqueeze", [dy[0], tape.integers(*axes)])]


def _unsqueeze(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    axes = _axes_input(node, tape)
    if axes is None:
        raise EngineError(f"{describe(node)} has no axes")
    axes = tape.axes(axes, node.output[0], node)
    return [tape.add("Squeeze", [dy[0], tape.integers(*axes)])]


def _transpose(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    rank = tape.rank(node.input[0], node)
    order = attributes(node).get("perm", list(reversed(range(rank))))
    return [tape.add("Transpose", dy, perm=_inverse(order))]


def _expand(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.summed_to(dy[0], node.input[0], tape.shape(node.output[0]))]


# -- cutting and joining -----------------------------------------------------------------------


def _concat(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    (axis,) = tape.axes([attributes(node)["axis"]], node.output[0], node)
    sides = [_side(name, axis, tape) for name in node.input]
    sizes = tape.add("Concat", sides, axis=0) if len(sides) > 1 else sides[0]
    parts = tape.add_many("Split", [dy[0], sizes], len(node.input), axis=axis)
    return [
        part if name in tape.wanted else None for name, part in zip(node.input, parts, strict=True)
    ]


def _split(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    axis = attributes(node).get("axis", 0)
    parts = [part or tape.zeros_like(output) for part, output in zip(dy, node.output, strict=True)]
    return [tape.add("Concat", parts, axis=axis)]


def _slice(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Zeros around the part, for steps of 1 and starts that are not negative; else each axis
    is a choice of rows. Starts may be computed."""
    x, starts, ends, *rest = node.input
    steps = tape.integers_of(rest[1], node) if len(rest) > 1 and rest[1] else None
    if rest and rest[0]:
        axes = tape.integers_of(rest[0], node)
    else:
        axes = list(range(_length(starts, node, tape)))
    axes = [axis % tape.rank(x, node) for axis in axes]
    known = tape.values(starts)
    plain = steps is None or set(steps) <= {1}
    if plain and (known is None or (known >= 0).all()):
        if known is not None:
            starts = tape.integers(*_clamped(known.ravel().tolist(), axes, x, tape))
        inputs = [dy[0], tape.shape_of(x), starts, ends, tape.integers(*axes)]
        return [tape.add("SliceGrad", inputs, MICROSOFT)]
    gradient = dy[0]
    for place, axis in reversed(list(enumerate(axes))):
        one = tape.integers(place), tape.integers(place + 1)
        bounds = [tape.add("Slice", [bound, *one]) for bound in (starts, ends)]
        step = tape.integers(1 if steps is None else steps[place])
        rows = _rows(x, axis, tape)
        chosen = tape.add("Slice", [rows, *bounds, tape.integers(0), step])
        gradient = _scattered(gradient, chosen, 1, axis, _side(x, axis, tape), node, x, tape)
    return [gradient]


def _clamped(starts: list[int], axes: list[int], x: str, tape: Tape) -> list[int]:
    """Starts beyond a side's end mean the end."""
    shape = tape.shape(x) or []
    sides = [shape[axis] for axis in axes]
    return [
        min(start, side) if isinstance(side, int) else start
        for start, side in zip(starts, sides, strict=True)
    ]


def _pad(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """The part that was padded, for constant padding that only adds."""
    x, pads = node.input[0], node.input[1]
    mode = attributes(node).get("mode", b"constant")
    known = tape.values(pads)
    if mode != b"constant" or len(node.input) > 3 or (known is not None and (known < 0).any()):
        raise EngineError(f"{describe(node)}: only constant padding of all axes has a gradient")
    rank = tape.rank(x, node)
    starts = tape.add("Slice", [pads, tape.integers(0), tape.integers(rank)])
    ends = tape.add("Add", [starts, tape.shape_of(x)])
    return [tape.add("Slice", [dy[0], starts, ends, tape.integers(*range(rank))])]


# -- picking -----------------------------------------------------------------------------------


def _gather(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x, indices = node.input
    (axis,) = tape.axes([attributes(node).get("axis", 0)], x, node)
    rank = tape.rank(indices, node)
    size = _side(x, axis, tape)
    return [_scattered(dy[0], indices, rank, axis, size, node, x, tape), None]


def _gather_elements(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x, indices = node.input
    axis, zeros = attributes(node).get("axis", 0), tape.zeros_like(x)
    places = [zeros, indices, dy[0]]
    return [tape.add("ScatterElements", places, axis=axis, reduction="add"), None]


def _scattered(
    gradient: str,
    indices: str,
    rank: int,
    axis: int,
    size: str,
    node: onnx.NodeProto,
    x: str,
    tape: Tape,
) -> str:
    """Adds rows of a gradient to zeros of `size` (1,) rows, along an axis, at `indices`.

    `rank` axes from `axis` on of the gradient are those of `indices`.
    """
    others = tape.rank(x, node) - 1
    order = [*range(axis, axis + rank), *range(axis), *range(axis + rank, others + rank)]
    if order != sorted(order):
        gradient = tape.add("Transpose", [gradient], perm=order)
    rest = tape.add("Shape", [gradient], start=rank)
    shape = tape.add("Concat", [size, rest], axis=0)
    zero = onnx.helper.make_tensor("zero", tape.kind(x), (1,), (0.0,))
    zeros = tape.add("ConstantOfShape", [shape], value=zero)
    places = tape.add("Unsqueeze", [indices, tape.integers(-1)])
    total = tape.add("ScatterND", [zeros, places, gradient], reduction="add")
    back = _inverse([axis, *range(axis), *range(axis + 1, others + 1)])
    return total if axis == 0 else tape.add("Transpose", [total], perm=back)


def _rows(x: str, axis: int, tape: Tape) -> str:
    """0, 1, … along an axis."""
    side = tape.add("Squeeze", [_side(x, axis, tape), tape.integers(0)])
    first, step = (tape.add("Squeeze", [tape.integers(v), tape.integers(0)]) for v in (0, 1))
    return tape.add("Range", [first, side, step])


def _side(x: str, axis: int, tape: Tape) -> str:
    """The length of an axis, (1,)."""
    shape = tape.shape(x)
    side = None if shape is None else shape[axis]
    if isinstance(side, int):
        return tape.integers(side)
    return tape.add("Shape", [x], start=axis, end=axis + 1)


def _length(vector: str, node: onnx.NodeProto, tape: Tape) -> int:
    shape = tape.shape(vector)
    if shape is None or not isinstance(shape[0], int):
        raise EngineError(f"{describe(node)}: the length of {vector} is unknown")
    return shape[0]


def _axes_input(node: onnx.NodeProto, tape: Tape) -> list[int] | None:
    if len(node.input) > 1 and node.input[1]:
        return tape.integers_of(node.input[1], node)
    axes: list[int] | None = attributes(node).get("axes")
    return axes


def _inverse(order: Sequence[int]) -> list[int]:
    return [order.index(axis) for axis in range(len(order))]


RULES: dict[str, Rule] = {
    "Reshape": _as_it_was,
    "Flatten": _as_it_was,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Expand": _expand,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Pad": _pad,
    "Gather": _gather,
    "GatherElements": _gather_elements,
}
