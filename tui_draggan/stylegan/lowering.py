"""Gradient operators of a training graph, written in standard operators.

With modulation on activations only data gradients are wanted, and these are convolutions again:
- of a stride-2 transposed convolution: the stride-2 convolution with the very same weight (ONNX
  Runtime has no CPU kernel for ConvTransposeGrad at all);
- of a 3×3 convolution with padding 1: the convolution with the weight transposed and turned by
  180°. ConvGrad's own kernel computes im2col products on one core at a time; the convolution
  runs in the runtime's blocked layout, about 1.5 times as fast. The turned weight is not stored:
  the graph says how to make it, and the runtime folds that once at load.
"""

from __future__ import annotations

import onnx
from onnx import helper

from tui_draggan.errors import EngineError
from tui_draggan.stylegan.surgery import drop_unused, set_nodes, sort_nodes

TURN = "turn_180"
"""Prefix of the three int64 constants that reverse the last two axes."""


def lower_gradients(model: onnx.ModelProto) -> None:
    """Replaces every ConvTransposeGrad and ConvGrad, in place."""
    graph = model.graph
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "ConvTransposeGrad":
            nodes.append(_transposed_conv_gradient(node))
        elif node.op_type == "ConvGrad":
            nodes.extend(_conv_gradient(node))
        else:
            nodes.append(node)
    if any(node.op_type == "Slice" and TURN in node.input[1] for node in nodes):
        for name, values in (
            ("starts", (-1, -1)),
            ("ends", (-(2**31), -(2**31))),
            ("axes", (2, 3)),
        ):
            graph.initializer.append(
                helper.make_tensor(f"{TURN}/{name}", onnx.TensorProto.INT64, (2,), values)
            )
    set_nodes(graph, nodes)
    sort_nodes(graph)
    drop_unused(graph)


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
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    ones = list(attributes.get("dilations", [1, 1])) == [1, 1] and attributes.get("group", 1) == 1
    if any(node.output[1:]) or not ones or any(attributes.get("output_padding", ())):
        raise EngineError(f"{node.name}: only the plain data gradient can be lowered")
    return attributes
