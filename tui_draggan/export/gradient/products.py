"""Matrix products."""

from __future__ import annotations

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.gradient.tape import MICROSOFT, Rule, Side, Tape, describe
from tui_draggan.export.graph_rewriting import attributes


def _matmul(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY; batches and vectors as in numpy's matmul."""
    a, b = node.input
    row, column = tape.integers(-2), tape.integers(-1)
    rank_a, rank_b = tape.rank(a, node), tape.rank(b, node)
    whole = tape.shape(node.output[0])
    batch = None if whole is None else whole[: max(rank_a, rank_b, 2) - 2]
    gradient, left, right = dy[0], a, b
    if rank_b == 1:
        gradient = tape.add("Unsqueeze", [gradient, column])
        right = tape.add("Unsqueeze", [b, column])
    if rank_a == 1:
        gradient = tape.add("Unsqueeze", [gradient, row])
        left = tape.add("Unsqueeze", [a, row])
    da = db = None
    if a in tape.wanted:
        da = _product(gradient, right, tape, transB=1)
        da = _unbatched(da, a, rank_a, row, batch, tape)
    if b in tape.wanted:
        if rank_b == 2 and rank_a > 2:
            # One product over all rows of the batch, not a batch of them to be summed.
            left, gradient = (_rows(part, b, axis, tape) for axis, part in enumerate((a, gradient)))
            batch = []
        db = _product(left, gradient, tape, transA=1)
        db = _unbatched(db, b, rank_b, column, batch, tape)
    return [da, db]


def _product(a: str, b: str, tape: Tape, transA: int = 0, transB: int = 0) -> str:
    turned = {"transA": transA, "transB": transB, "transBatchA": 0, "transBatchB": 0}
    return tape.add("FusedMatMul", [a, b], MICROSOFT, alpha=1.0, **turned)


def _rows(name: str, b: str, axis: int, tape: Tape) -> str:
    """(…, rows, side) → (all rows, side), that side being B's on the axis."""
    side = tape.add("Shape", [b], start=axis, end=axis + 1)
    return tape.add("Reshape", [name, tape.add("Concat", [tape.integers(-1), side], axis=0)])


def _unbatched(
    gradient: str, name: str, rank: int, vector: str, batch: list[Side] | None, tape: Tape
) -> str:
    """The gradient in its operand's shape; `vector`: the axis that an operand of rank 1 got."""
    if rank > 1:
        shape = tape.shape(name) or []
        return tape.summed_to(gradient, name, None if batch is None else [*batch, *shape[-2:]])
    gradient = tape.add("Squeeze", [gradient, vector])
    return tape.summed_to(gradient, name, None if batch is None else [*batch, None])


def _gemm(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """Y = α·A'·B' + β·C, where A' and B' may be transposed."""
    a, b, *rest = node.input
    known = attributes(node)
    alpha, beta = known.get("alpha", 1.0), known.get("beta", 1.0)
    turned_a, turned_b = known.get("transA", 0), known.get("transB", 0)
    da = db = dc = None
    if a in tape.wanted:
        if turned_a:
            da = tape.add("Gemm", [b, dy[0]], alpha=alpha, transA=turned_b, transB=1)
        else:
            da = tape.add("Gemm", [dy[0], b], alpha=alpha, transA=0, transB=1 - turned_b)
    if b in tape.wanted:
        if turned_b:
            db = tape.add("Gemm", [dy[0], a], alpha=alpha, transA=1, transB=turned_a)
        else:
            db = tape.add("Gemm", [a, dy[0]], alpha=alpha, transA=1 - turned_a, transB=0)
    if rest and rest[0] in tape.wanted:
        dc = tape.summed_to(dy[0], rest[0], tape.shape(node.output[0]))
        if beta != 1:
            dc = tape.add("Mul", [dc, tape.scalar(beta, rest[0])])
    return [da, db, dc]


def _einsum(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    """By each operand: the same sum of the gradient and the other operands."""
    equation = attributes(node)["equation"].decode().replace(" ", "")
    left, arrow, result = equation.partition("->")
    terms = left.split(",")
    if not arrow or any(len(set(term)) < len(term.replace("...", ".")) for term in terms):
        raise EngineError(f"{describe(node)}: {equation} has no gradient here")
    gradients: list[str | None] = []
    for place, name in enumerate(node.input):
        if name not in tape.wanted:
            gradients.append(None)
            continue
        others = [i for i in range(len(terms)) if i != place]
        given = result + "".join(terms[i] for i in others)
        term = terms[place]
        kept = "".join(index for index in term.replace("...", "") if index in given)
        missing = [i for i, index in enumerate(term) if index not in given]
        if ("..." in term and "..." not in given) or (missing and "..." in term):
            raise EngineError(f"{describe(node)}: {equation} has no gradient here")
        wanted = term if not missing else kept
        parts = ",".join([result, *(terms[i] for i in others)])
        inputs = [dy[0], *(node.input[i] for i in others)]
        gradient = tape.add("Einsum", inputs, equation=f"{parts}->{wanted}")
        if missing:  # summed over in this operand alone: the same for all of its elements
            gradient = tape.add("Unsqueeze", [gradient, tape.integers(*missing)])
            gradient = tape.add("Expand", [gradient, tape.shape_of(name)])
        gradients.append(gradient)
    return gradients


RULES: dict[str, Rule] = {"MatMul": _matmul, "Gemm": _gemm, "Einsum": _einsum}
