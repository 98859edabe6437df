"""Sums, means and extremes over axes, and what is normalised over one."""

from __future__ import annotations

import onnx

from tui_draggan.export.gradient.tape import Rule, Tape
from tui_draggan.export.graph_rewriting import attributes


def _sum(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [_spread(_kept(dy[0], node, tape), node, tape)]


def _mean(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x, y = node.input[0], node.output[0]
    sizes = [tape.add("Size", [name]) for name in (x, y)]
    count = tape.add("Cast", [tape.add("Div", sizes)], to=tape.kind(x))
    share = tape.add("Div", [_kept(dy[0], node, tape), count])
    return [_spread(share, node, tape)]


def _extreme(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """ReduceMax, ReduceMin: to the elements that have the value, in equal shares."""
    x, y = node.input[0], _kept(node.output[0], node, tape)
    taken = tape.add("Cast", [tape.add("Equal", [x, y])], to=tape.kind(x))
    axes = _axes(node, tape)
    among = [taken] if axes is None else [taken, tape.integers(*axes)]
    count = tape.add("ReduceSum", among, keepdims=1)
    share = tape.add("Div", [_kept(dy[0], node, tape), count])
    return [tape.add("Mul", [taken, share])]


def _sum_of_squares(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x = node.input[0]
    twice = tape.add("Mul", [_kept(dy[0], node, tape), tape.scalar(2, x)])
    return [tape.add("Mul", [x, twice])]


def _sum_of_absolutes(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [tape.add("Sign", [node.input[0]]), _kept(dy[0], node, tape)])]


def _length(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """ReduceL2: dx = dy · x / y."""
    share = tape.add("Div", [dy[0], node.output[0]])
    return [tape.add("Mul", [node.input[0], _kept(share, node, tape)])]


def _softmax(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """dx = y · (dy − Σ dy·y)."""
    y, axis = node.output[0], tape.integers(attributes(node).get("axis", -1))
    mean = tape.add("ReduceSum", [tape.add("Mul", [dy[0], y]), axis], keepdims=1)
    return [tape.add("Mul", [y, tape.add("Sub", [dy[0], mean])])]


def _log_softmax(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """dx = dy − exp(y) · Σ dy."""
    axis = tape.integers(attributes(node).get("axis", -1))
    total = tape.add("ReduceSum", [dy[0], axis], keepdims=1)
    share = tape.add("Mul", [tape.add("Exp", [node.output[0]]), total])
    return [tape.add("Sub", [dy[0], share])]


def _axes(node: onnx.NodeProto, tape: Tape) -> list[int] | None:
    """The reduced axes, counted from the first; None: all of them."""
    if len(node.input) > 1 and node.input[1]:
        axes = tape.integers_of(node.input[1], node)
    else:
        axes = list(attributes(node).get("axes", []))
    return tape.axes(axes, node.input[0], node) if axes else None


def _kept(name: str, node: onnx.NodeProto, tape: Tape) -> str:
    """A tensor of the result's shape, with the reduced axes as axes of length 1."""
    if attributes(node).get("keepdims", 1):
        return name
    axes = _axes(node, tape)
    if axes is None:
        return name  # a scalar broadcasts as it is
    return tape.add("Unsqueeze", [name, tape.integers(*axes)])


def _spread(gradient: str, node: onnx.NodeProto, tape: Tape) -> str:
    return tape.add("Expand", [gradient, tape.shape_of(node.input[0])])


RULES: dict[str, Rule] = {
    "ReduceSum": _sum,
    "ReduceMean": _mean,
    "ReduceMax": _extreme,
    "ReduceMin": _extreme,
    "ReduceSumSquare": _sum_of_squares,
    "ReduceL1": _sum_of_absolutes,
    "ReduceL2": _length,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
}
