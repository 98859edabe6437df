"""Operators that work on each element alone, with broadcasting."""

from __future__ import annotations

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.gradient.tape import MICROSOFT, Rule, Tape, describe
from tui_draggan.export.graph_rewriting import attributes


def _broadcast(node: onnx.NodeProto, parts: list[str | None], tape: Tape) -> list[str | None]:
    """Gradients in the result's shape → in each operand's."""
    return [
        None if part is None else tape.summed_to(part, name, tape.shape(node.output[0]))
        for name, part in zip(node.input, parts, strict=True)
    ]


def _add(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Add and Sum."""
    return _broadcast(node, [dy[0] if x in tape.wanted else None for x in node.input], tape)


def _sub(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    a, b = node.input
    db = tape.add("Neg", [dy[0]]) if b in tape.wanted else None
    return _broadcast(node, [dy[0] if a in tape.wanted else None, db], tape)


def _mul(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    a, b = node.input
    da = tape.add("Mul", [dy[0], b]) if a in tape.wanted else None
    db = tape.add("Mul", [dy[0], a]) if b in tape.wanted else None
    return _broadcast(node, [da, db], tape)


def _div(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """y = a / b: da = dy / b, db = −dy · y / b."""
    a, b = node.input
    share = tape.add("Div", [dy[0], b])
    db = None
    if b in tape.wanted:
        db = tape.add("Neg", [tape.add("Mul", [share, node.output[0]])])
    return _broadcast(node, [share if a in tape.wanted else None, db], tape)


def _pow(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """y = x^p: dx = dy · p · x^(p − 1), dp = dy · y · log x (for x > 0)."""
    x, p = node.input
    dx = dp = None
    if x in tape.wanted:
        exponent = tape.add("Cast", [p], to=tape.kind(x)) if tape.kind(p) != tape.kind(x) else p
        lower = tape.add("Pow", [x, tape.add("Sub", [exponent, tape.scalar(1, x)])])
        dx = tape.add("Mul", [dy[0], tape.add("Mul", [exponent, lower])])
    if p in tape.wanted:
        grown = tape.add("Mul", [node.output[0], tape.add("Log", [x])])
        dp = tape.add("Mul", [dy[0], grown])
    return _broadcast(node, [dx, dp], tape)


def _identity(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [dy[0]]


def _cast(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    (x,) = node.input
    same = tape.kind(x) == tape.kind(node.output[0])
    return [dy[0] if same else tape.add("Cast", [dy[0]], to=tape.kind(x))]


def _neg(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Neg", dy)]


def _abs(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [dy[0], tape.add("Sign", list(node.input))])]


def _sqrt(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """y = √x: dx = dy / 2y."""
    y = node.output[0]
    half = tape.add("Div", [tape.scalar(0.5, y), y])
    return [tape.add("Mul", [dy[0], half])]


def _reciprocal(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """y = 1/x: dx = −dy · y²."""
    y = node.output[0]
    return [tape.add("Mul", [dy[0], tape.add("Neg", [tape.add("Mul", [y, y])])])]


def _exp(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [dy[0], node.output[0]])]


def _log(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Div", [dy[0], node.input[0]])]


def _sin(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [dy[0], tape.add("Cos", list(node.input))])]


def _cos(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [dy[0], tape.add("Neg", [tape.add("Sin", list(node.input))])])]


def _tanh(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """dx = dy · (1 − y²)."""
    y = node.output[0]
    slope = tape.add("Sub", [tape.scalar(1, y), tape.add("Mul", [y, y])])
    return [tape.add("Mul", [dy[0], slope])]


def _sigmoid(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """dx = dy · y (1 − y)."""
    y = node.output[0]
    slope = tape.add("Mul", [y, tape.add("Sub", [tape.scalar(1, y), y])])
    return [tape.add("Mul", [dy[0], slope])]


def _softplus(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    return [tape.add("Mul", [dy[0], tape.add("Sigmoid", list(node.input))])]


def _where_true(dy: str, condition: str, tape: Tape, like: str) -> str:
    """The gradient where the condition holds, zero elsewhere."""
    return tape.add("Mul", [dy, tape.add("Cast", [condition], to=tape.kind(like))])


def _relu(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    (x,) = node.input
    positive = tape.add("Greater", [x, tape.scalar(0, x)])
    return [_where_true(dy[0], positive, tape, x)]


def _leaky_relu(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """By the output, whose sign is the input's."""
    alpha = attributes(node).get("alpha", 0.01)
    if alpha <= 0:
        raise EngineError(f"{describe(node)}: alpha is {alpha}; only positive ones are supported")
    return [tape.add("LeakyReluGrad", [dy[0], node.output[0]], MICROSOFT, alpha=alpha)]


def _prelu(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """y = x for x > 0, slope · x else."""
    x, slope = node.input
    positive = tape.add("Greater", [x, tape.scalar(0, x)])
    dx = d_slope = None
    if x in tape.wanted:
        factor = tape.add("Where", [positive, tape.scalar(1, x), slope])
        dx = tape.add("Mul", [dy[0], factor])
    if slope in tape.wanted:
        negative = tape.add("Min", [x, tape.scalar(0, x)])
        d_slope = tape.summed_to(
            tape.add("Mul", [dy[0], negative]), slope, tape.shape(node.output[0])
        )
    return [dx, d_slope]


def _clip(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Passes where the input lies within the bounds, ends included."""
    x, *bounds = node.input
    gradient = dy[0]
    for bound, compare in zip(bounds, ("GreaterOrEqual", "LessOrEqual"), strict=False):
        if bound:
            if bound in tape.wanted:
                raise EngineError(f"{describe(node)} has no gradient by its bounds here")
            gradient = _where_true(gradient, tape.add(compare, [x, bound]), tape, x)
    return [gradient]


def _where(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    condition, a, b = node.input
    zero = tape.scalar(0, node.output[0])
    da = tape.add("Where", [condition, dy[0], zero]) if a in tape.wanted else None
    db = tape.add("Where", [condition, zero, dy[0]]) if b in tape.wanted else None
    return _broadcast(node, [None, da, db], tape)


def _largest(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Max and Min of two: to the one that was taken, to the first of equal ones."""
    if len(node.input) == 1:
        return [dy[0]]
    if len(node.input) != 2:
        raise EngineError(f"{describe(node)}: only two operands have a gradient here")
    a, b = node.input
    compare = "GreaterOrEqual" if node.op_type == "Max" else "LessOrEqual"
    first = tape.add(compare, [a, b])
    da = _where_true(dy[0], first, tape, a) if a in tape.wanted else None
    db = None
    if b in tape.wanted:
        db = _where_true(dy[0], tape.add("Not", [first]), tape, b)
    return _broadcast(node, [da, db], tape)


RULES: dict[str, Rule] = {
    "Add": _add,
    "Sum": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "Pow": _pow,
    "Identity": _identity,
    "Cast": _cast,
    "Neg": _neg,
    "Abs": _abs,
    "Sqrt": _sqrt,
    "Reciprocal": _reciprocal,
    "Exp": _exp,
    "Log": _log,
    "Sin": _sin,
    "Cos": _cos,
    "Tanh": _tanh,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
    "Relu": _relu,
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "Clip": _clip,
    "Where": _where,
    "Max": _largest,
    "Min": _largest,
}
