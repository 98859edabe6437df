"""The reverse pass: from a scalar back to what it depends on."""

from __future__ import annotations

from collections.abc import Container, Sequence

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.gradient import (
    convolutions,
    elementwise,
    products,
    reductions,
    shaping,
)
from tui_draggan.export.gradient.tape import MICROSOFT, Rule, Tape, describe

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **shaping.RULES,
    **reductions.RULES,
    **products.RULES,
    **convolutions.RULES,
}


def differentiate(
    model: onnx.ModelProto,
    loss: str,
    parameters: Sequence[str],
    constants: Container[str] = (),
) -> dict[str, str]:
    """Adds to the model, in place, the gradient of the scalar tensor `loss` by each parameter.

    parameters: inputs, initializers or tensors of the graph.
    constants: tensors that count as constants: no gradient goes through them (a stop-gradient).
    → name of the gradient of each parameter, in the parameter's shape.

    Shapes are inferred where the model does not note them; dynamic sides stay dynamic. Only
    what lies between the parameters and the loss is differentiated.
    Raises EngineError for an operator without a rule there, naming it, and for a parameter the
    loss does not depend on.
    """
    graph = model.graph
    note_shapes(model)
    path = _path(graph, loss, parameters, constants)
    for name in parameters:
        if name not in path:
            raise EngineError(f"{loss} does not depend on {name}")
    tape = Tape(graph, path)
    found: dict[str, list[str]] = {
        loss: [
            tape.add("ConstantOfShape", [tape.add("Shape", [loss])], value=_one_like(loss, tape))
        ]
    }
    for node in reversed(graph.node):
        gradients = [_total(found, name, tape) if name in path else "" for name in node.output]
        if not any(gradients) or path.isdisjoint(node.input):
            continue
        rule = RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        if rule is None:
            raise EngineError(f"{describe(node)} has no gradient here")
        for name, gradient in zip(node.input, rule(node, gradients, tape), strict=False):
            if gradient is not None and name in path:
                tape.describe_like(gradient, name)
                found.setdefault(name, []).append(gradient)
    result = {name: _total(found, name, tape) for name in parameters}
    graph.initializer.extend(tape.constants.values())
    graph.value_info.extend(tape.notes())
    graph.node.extend(tape.nodes)
    if not any(entry.domain == MICROSOFT for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(MICROSOFT, 1))
    return result


def note_shapes(model: onnx.ModelProto) -> None:
    """Notes the shapes of all tensors, in place.

    onnx knows nothing of a slice whose borders are computed; the axes that it does not cut are
    as they were.
    """
    _note_inferred(model)
    graph = model.graph
    tape = Tape(graph, ())
    for node in graph.node:
        if node.op_type != "Slice" or len(node.input) < 4:
            continue
        shape, cut = tape.shape(node.input[0]), tape.values(node.input[3])
        if shape is None or cut is None:
            continue
        axes = {int(axis) % len(shape) for axis in cut}
        known = [None if axis in axes else side for axis, side in enumerate(shape)]
        notes = [value for value in graph.value_info if value.name == node.output[0]]
        for note in notes:
            for side, length in zip(note.type.tensor_type.shape.dim, known, strict=True):
                if isinstance(length, int):
                    side.dim_value = length
    _note_inferred(model)


def _total(found: dict[str, list[str]], name: str, tape: Tape) -> str:
    """The sum of what has come back to a tensor; "" where nothing has."""
    parts = found.get(name, [])
    if len(parts) > 1:
        total = tape.add("Sum", parts)
        tape.describe_like(total, name)
        found[name] = parts = [total]
    return parts[0] if parts else ""


def _path(
    graph: onnx.GraphProto, loss: str, parameters: Sequence[str], constants: Container[str]
) -> set[str]:
    """The tensors that depend on a parameter and that the loss depends on."""
    forward = set(parameters)
    for node in graph.node:
        if not forward.isdisjoint(node.input):
            forward.update(name for name in node.output if name not in constants)
    backward = {loss}
    for node in reversed(graph.node):
        if not backward.isdisjoint(node.output):
            backward.update(node.input)
    return forward & backward


def _note_inferred(model: onnx.ModelProto) -> None:
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    for field, found in (
        (model.graph.value_info, inferred.value_info),
        (model.graph.output, inferred.output),
    ):
        del field[:]
        field.extend(found)


def _one_like(name: str, tape: Tape) -> onnx.TensorProto:
    return onnx.helper.make_tensor("one", tape.kind(name), (1,), (1.0,))
