"""Operators of an ONNX graph replaced by others, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from tui_draggan.export.graph_surgery import drop_unused, set_nodes, sort_nodes


class Replacements:
    """What rules write: nodes, constants by name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """A node of one output; that output's name, and the node's."""
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, values: ArrayLike, kind: type[np.generic]) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(values, kind), name)
        return name

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar_{value:g}", value, np.float32)

    def integers(self, *values: int) -> str:
        """A vector of int64."""
        return self.constant(f"integers_{'_'.join(map(str, values))}", values, np.int64)


Rule = Callable[[onnx.NodeProto, Replacements], None]
"""Writes what stands for that node, under the same names of outputs."""


def rewrite(graph: onnx.GraphProto, rule: Rule) -> None:
    """Applies the rule to every node, in the order of the graph, in place."""
    new = Replacements()
    for node in graph.node:
        rule(node, new)
    there = {item.name for item in graph.initializer}
    graph.initializer.extend(c for name, c in new.constants.items() if name not in there)
    set_nodes(graph, new.nodes)
    sort_nodes(graph)
    drop_unused(graph)


def by_operator(rules: Mapping[str, Rule]) -> Rule:
    """The rule for the node's operator; nodes without one stay."""

    def rule(node: onnx.NodeProto, new: Replacements) -> None:
        if node.op_type in rules:
            rules[node.op_type](node, new)
        else:
            new.nodes.append(node)

    return rule


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
