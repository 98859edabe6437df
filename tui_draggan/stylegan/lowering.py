"""Operators of the exported graphs, written in others that run faster on the CPU.

Gradients of convolutions. With modulation on activations only data gradients are wanted, and
these are convolutions again:
- of a stride-2 transposed convolution: the stride-2 convolution with the very same weight (ONNX
  Runtime has no CPU kernel for ConvTransposeGrad at all);
- of a 3×3 convolution with padding 1: the convolution with the weight transposed and turned by
  180°. ConvGrad's own kernel is an im2col product; the convolution runs in the runtime's blocked
  layout, about 1.5 times as fast. The turned weight is not stored: the graph says how to make
  it, and the runtime folds that once at load.

Elementwise operators. LeakyRelu, its gradient and Sign have kernels that branch at every element:
on 256 maps of 128×128 they take 23, 18 and 3 ms, the forms here 0.4, 1 and 0.6 ms. And
x + bias + noise becomes x + (bias + noise), of which the runtime folds the second at load.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import onnx
from onnx import helper

from tui_draggan.errors import EngineError
from tui_draggan.stylegan.surgery import drop_unused, set_nodes, sort_nodes

TURN = "turn_180"
"""Prefix of the three int64 constants that reverse the last two axes."""
STEEP = 1e30
"""Times this, any number but zero leaves [-1, 1]."""


def lower(model: onnx.ModelProto) -> None:
    """Replaces what the module's docstring names, in place; `model` may hold any of it or none."""
    graph = model.graph
    constants: dict[str, onnx.TensorProto] = {}

    def scalar(value: float) -> str:
        name = f"scalar_{value:g}"
        constants[name] = helper.make_tensor(name, onnx.TensorProto.FLOAT, (), [value])
        return name

    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "ConvTransposeGrad":
            nodes.append(_transposed_conv_gradient(node))
        elif node.op_type == "ConvGrad":
            nodes.extend(_conv_gradient(node))
            for name, values in (("starts", [-1, -1]), ("ends", [-(2**31)] * 2), ("axes", [2, 3])):
                name = f"{TURN}/{name}"
                constants[name] = helper.make_tensor(name, onnx.TensorProto.INT64, (2,), values)
        elif node.op_type == "LeakyRelu":
            slope = scalar(_attributes(node)["alpha"])
            nodes.append(helper.make_node("PRelu", [node.input[0], slope], node.output))
        elif node.op_type == "LeakyReluGrad":
            gradient, output = node.input
            borders = scalar(_attributes(node)["alpha"]), scalar(1.0)
            nodes.extend(_steep_clip(output, f"{node.output[0]}/factor", scalar(STEEP), *borders))
            factors = [gradient, f"{node.output[0]}/factor"]
            nodes.append(helper.make_node("Mul", factors, node.output))
        elif node.op_type == "Sign":
            borders = scalar(-1.0), scalar(1.0)
            nodes.extend(_steep_clip(node.input[0], node.output[0], scalar(STEEP), *borders))
        else:
            nodes.append(node)
    graph.initializer.extend(constants.values())
    set_nodes(graph, _with_constants_added_first(nodes, {item.name for item in graph.initializer}))
    sort_nodes(graph)
    drop_unused(graph)


def _with_constants_added_first(
    nodes: list[onnx.NodeProto], constants: set[str]
) -> list[onnx.NodeProto]:
    """(x + a) + b with constants a and b → x + (a + b), where nothing else reads x + a."""
    readers = Counter(tensor for node in nodes for tensor in node.input)
    first = {node.output[0]: node for node in nodes if node.op_type == "Add"}
    result = []
    for node in nodes:
        inner = first.get(node.input[0]) if node.op_type == "Add" else None
        if (
            inner is not None
            and readers[inner.output[0]] == 1
            and {inner.input[1], node.input[1]} <= constants
        ):
            total = f"{node.output[0]}/constants"
            result.append(helper.make_node("Add", [inner.input[1], node.input[1]], [total]))
            result.append(helper.make_node("Add", [inner.input[0], total], node.output))
        else:
            result.append(node)
    return result


def _steep_clip(x: str, y: str, steep: str, low: str, high: str) -> list[onnx.NodeProto]:
    """y = high where x > 0, low where x < 0; zero, clipped, at zero, as the originals have it."""
    return [
        helper.make_node("Mul", [x, steep], [f"{y}/steep"]),
        helper.make_node("Clip", [f"{y}/steep", low, high], [y]),
    ]


def _transposed_conv_gradient(node: onnx.NodeProto) -> onnx.NodeProto:
    """dX = Conv(dY, W): ConvTranspose's (I, O, k, k), read as a Conv's weight, gives O → I."""
    gradient, _, weight = node.input
    attributes = _data_gradient_only(node)
    return helper.make_node(
        "Conv",
        [gradient, weight],
        [node.output[0]],
        name=node.name,
        kernel_shape=attributes["kernel_shape"],
        strides=attributes["strides"],
        pads=attributes["pads"],
    )


def _conv_gradient(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """dX = Conv(dY, turn(Wᵀ)), for stride 1 and padding (k − 1)/2."""
    gradient, _, weight = node.input
    attributes = _data_gradient_only(node)
    kernel, pads = attributes["kernel_shape"], attributes["pads"]
    if list(attributes["strides"]) != [1, 1] or list(pads) != [(k - 1) // 2 for k in kernel] * 2:
        raise EngineError(f"{node.name}: only stride 1 with the size kept can be lowered")
    transposed, turned = f"{node.output[0]}/transposed", f"{node.output[0]}/turned"
    borders = [f"{TURN}/{name}" for name in ("starts", "ends", "axes", "starts")]
    return [
        helper.make_node("Transpose", [weight], [transposed], perm=[1, 0, 2, 3]),
        helper.make_node("Slice", [transposed, *borders], [turned]),
        helper.make_node(
            "Conv",
            [gradient, turned],
            [node.output[0]],
            name=node.name,
            kernel_shape=kernel,
            strides=[1, 1],
            pads=pads,
        ),
    ]


def _data_gradient_only(node: onnx.NodeProto) -> dict[str, list[int]]:
    """The node's attributes; EngineError where a weight's gradient is wanted, or groups."""
    attributes = _attributes(node)
    ones = list(attributes.get("dilations", [1, 1])) == [1, 1] and attributes.get("group", 1) == 1
    if any(node.output[1:]) or not ones or any(attributes.get("output_padding", ())):
        raise EngineError(f"{node.name}: only the plain data gradient can be lowered")
    return attributes


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
