"""Changes to ONNX graphs that know nothing of GANs: splice, prune, sort, read shapes."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

import onnx


def splice(model: onnx.ModelProto, part: onnx.ModelProto, joints: Sequence[str]) -> None:
    """Puts `part` into `model`, in place.

    Inputs of `part` that `model` has as tensors are joined to them, the others become inputs of
    `model`. Outputs of `part` named in `joints` replace the inputs of `model` of that name; its
    other outputs become outputs.
    """
    graph = model.graph
    known = _tensors(graph)
    public = {value.name for value in (*part.graph.input, *part.graph.output)}

    def name(tensor: str) -> str:
        return tensor if not tensor or tensor in public else f"part/{tensor}"

    for node in part.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = node.name and f"part/{node.name}"
        copy.input[:] = [name(tensor) for tensor in node.input]
        copy.output[:] = [name(tensor) for tensor in node.output]
        graph.node.append(copy)
    for initializer in part.graph.initializer:
        copied = graph.initializer.add()
        copied.CopyFrom(initializer)
        copied.name = name(initializer.name)
    graph.input.extend(value for value in part.graph.input if value.name not in known)
    graph.output.extend(value for value in part.graph.output if value.name not in joints)
    kept = [value for value in graph.input if value.name not in joints]
    replace_items(graph.input, kept)
    sort_nodes(graph)


def keep_outputs(model: onnx.ModelProto, names: Sequence[str]) -> None:
    """Leaves the outputs `names`, in that order, and drops what only the others needed."""
    graph = model.graph
    outputs = {value.name: value for value in graph.output}
    replace_items(graph.output, [outputs[name] for name in names])
    drop_unused(graph)


def give_values(
    graph: onnx.GraphProto, names: Container[str], value: Callable[[str], onnx.TensorProto]
) -> None:
    """Makes the inputs in `names` initializers; those that no node reads are dropped."""
    read = {tensor for node in graph.node for tensor in node.input}
    given = [item.name for item in graph.input if item.name in names]
    graph.initializer.extend(value(name) for name in given if name in read)
    replace_items(graph.input, [item for item in graph.input if item.name not in names])


def drop_unused(graph: onnx.GraphProto) -> None:
    """Drops nodes, initializers and shape notes nothing depends on; inputs stay."""
    needed = {value.name for value in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    replace_items(graph.node, nodes[::-1])
    replace_items(graph.initializer, [item for item in graph.initializer if item.name in needed])
    produced = {output for node in nodes for output in node.output}
    replace_items(graph.value_info, [item for item in graph.value_info if item.name in produced])


def drop_shapes(graph: onnx.GraphProto, names: Container[str]) -> None:
    """Drops the shape notes of these tensors."""
    replace_items(graph.value_info, [item for item in graph.value_info if item.name not in names])


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Topological order, as ONNX wants it; nodes keep their order where they may."""
    ready = {value.name for value in (*graph.input, *graph.initializer)} | {""}
    waiting, done = list(graph.node), []
    while waiting:
        later = []
        for node in waiting:
            if ready.issuperset(node.input):
                done.append(node)
                ready.update(node.output)
            else:
                later.append(node)
        if len(later) == len(waiting):
            raise ValueError(f"the graph has a cycle or lacks an input, near {later[0].name}")
        waiting = later
    replace_items(graph.node, done)


def shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    """Shapes of inputs, outputs, initializers and what is noted, by name; 0 for a dynamic side."""
    values = (*graph.input, *graph.value_info, *graph.output)
    noted = {
        value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in values
        if value.type.tensor_type.HasField("shape")
    }
    return noted | {item.name: list(item.dims) for item in graph.initializer}


def set_nodes(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> None:
    replace_items(graph.node, nodes)


def _tensors(graph: onnx.GraphProto) -> set[str]:
    names = {value.name for value in (*graph.input, *graph.initializer)}
    return names | {output for node in graph.node for output in node.output}


def replace_items(field: object, items: Sequence[object]) -> None:
    """Sets a repeated protobuf field; copies first, for the items may live in it."""
    copies = []
    for item in items:
        copy = type(item)()
        copy.CopyFrom(item)  # type: ignore[attr-defined]
        copies.append(copy)
    del field[:]  # type: ignore[attr-defined]
    field.extend(copies)  # type: ignore[attr-defined]
