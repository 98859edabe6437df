"""Operators of an ONNX graph replaced by others, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
from onnx import helper

from tui_draggan.stylegan.surgery import drop_unused, set_nodes, sort_nodes


class Replacements:
    """What rules write: nodes in order, constants by name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """A node of one output; that output's name."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def scalar(self, value: float) -> str:
        name = f"scalar_{value:g}"
        self.constants[name] = helper.make_tensor(name, onnx.TensorProto.FLOAT, (), [value])
        return name

    def integers(self, *values: int) -> str:
        """A vector of int64."""
        name = f"integers_{'_'.join(map(str, values))}"
        shape = (len(values),)
        self.constants[name] = helper.make_tensor(name, onnx.TensorProto.INT64, shape, values)
        return name


Rule = Callable[[onnx.NodeProto, Replacements], None]
"""Writes what stands for that node; its outputs keep their names."""


def rewrite(graph: onnx.GraphProto, rules: Mapping[str, Rule]) -> None:
    """Applies to each node the rule for its operator, in place; nodes without a rule stay."""
    new = Replacements()
    for node in graph.node:
        if node.op_type in rules:
            rules[node.op_type](node, new)
        else:
            new.nodes.append(node)
    graph.initializer.extend(new.constants.values())
    set_nodes(graph, new.nodes)
    sort_nodes(graph)
    drop_unused(graph)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
