from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.running import run
from tui_draggan.export.graph_surgery import keep_outputs, sort_nodes, splice


def model(nodes: list[onnx.NodeProto], inputs: str, outputs: str) -> onnx.ModelProto:
    def values(names: str) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n"]) for n in names.split()]

    graph = helper.make_graph(nodes, "graph", values(inputs), values(outputs))
    version = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[version], ir_version=8)


def values(graph: onnx.ModelProto, **feeds: list[float]) -> list[list[float]]:
    return [output.tolist() for output in run(graph, **feeds)]


def test_splice_joins_inputs_replaces_joints_and_adds_the_rest() -> None:
    whole = model(
        [
            helper.make_node("Mul", ["x", "x"], ["square"]),
            helper.make_node("Add", ["square", "shift"], ["y"]),
        ],
        "x shift",
        "y square",
    )
    part = model(
        [
            helper.make_node("Neg", ["square"], ["y/inner"]),
            helper.make_node("Add", ["y/inner", "offset"], ["shift"]),
            helper.make_node("Neg", ["offset"], ["extra"]),
        ],
        "square offset",
        "shift extra",
    )
    splice(whole, part, ["shift"])
    assert [value.name for value in whole.graph.input] == ["x", "offset"]
    assert [value.name for value in whole.graph.output] == ["y", "square", "extra"]
    onnx.checker.check_model(whole)
    assert values(whole, x=[3.0], offset=[5.0]) == [[5.0], [9.0], [-5.0]]

    keep_outputs(whole, ["extra"])
    assert [node.op_type for node in whole.graph.node] == ["Neg"]


def test_a_cycle_is_found() -> None:
    nodes = [helper.make_node("Neg", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["a"])]
    with pytest.raises(ValueError, match="cycle"):
        sort_nodes(model(nodes, "x", "b").graph)
