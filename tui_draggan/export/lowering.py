"""Operators of the exported graphs, written in others that run faster on the CPU.

Gradients of convolutions. With modulation on activations only data gradients are wanted, and
these are convolutions again:
- of a stride-2 transposed convolution: the stride-2 convolution with the very same weight (ONNX
  Runtime has no CPU kernel for ConvTransposeGrad at all);
- of a convolution with stride 1: the convolution with the weight transposed and turned by 180°.
  ConvGrad's own kernel is an im2col product; the convolution runs in the runtime's blocked
  layout, about 1.5 times as fast. The turned weight is not stored: the graph says how to make
  it, and the runtime folds that once at load.

Elementwise operators. LeakyRelu, its gradient and Sign have kernels that branch at every element:
on 256 maps of 128×128 they take 23, 18 and 3 ms, the forms here 0.4, 1 and 0.6 ms.
"""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import Any

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.graph_rewriting import Replacements, attributes, by_operator, rewrite
from tui_draggan.export.graph_surgery import shapes
from tui_draggan.export.phases import split_phases
from tui_draggan.export.tiling import tile_convolutions

STEEP = 1e30
"""Factor by which any number but zero leaves [-1, 1]."""


def lower(model: onnx.ModelProto, weights_change: bool = False) -> None:
    """Replaces what the module's docstring names, in place; `model` may hold any of it or none.

    Transposed convolutions run in phases, and others in tiles, where that pays: not where weights
    change from call to call, which would have to be brought into these forms at each.
    """
    if not weights_change:
        split_phases(model.graph)
        tile_convolutions(model.graph)
    rewrite(
        model.graph,
        by_operator(RULES | {"ConvGrad": partial(_conv_gradient, _depthwise(model.graph))}),
    )


def _leaky_relu(node: onnx.NodeProto, new: Replacements) -> None:
    slope = new.scalar(attributes(node).get("alpha", 0.01))
    new.add("PRelu", [node.input[0], slope], node.output[0])


def _leaky_relu_gradient(node: onnx.NodeProto, new: Replacements) -> None:
    """From the gradient and the output, whose sign is the input's."""
    gradient, output = node.input
    factor = f"{node.output[0]}/factor"
    _steep_clip(output, factor, attributes(node)["alpha"], 1.0, new)
    new.add("Mul", [gradient, factor], node.output[0])


def _sign(node: onnx.NodeProto, new: Replacements) -> None:
    _steep_clip(node.input[0], node.output[0], -1.0, 1.0, new)


def _steep_clip(x: str, y: str, low: float, high: float, new: Replacements) -> None:
    """y = high where x > 0, low where x < 0; zero, clipped, at zero, as the originals have it."""
    steep = new.add("Mul", [x, new.scalar(STEEP)], f"{y}/steep")
    new.add("Clip", [steep, new.scalar(low), new.scalar(high)], y)


def _transposed_conv_gradient(node: onnx.NodeProto, new: Replacements) -> None:
    """dX = Conv(dY, W): ConvTranspose's (I, O, k, k), read as a Conv's weight, gives O → I."""
    gradient, _, weight = node.input
    forward = _data_gradient_only(node)
    same = {name: forward[name] for name in ("kernel_shape", "strides", "pads", "group")}
    new.add("Conv", [gradient, weight], node.output[0], **same)


def _conv_gradient(depthwise: Container[str], node: onnx.NodeProto, new: Replacements) -> None:
    """dX = Conv(dY, turn(Wᵀ)), for stride 1; padding p becomes k − 1 − p."""
    gradient, _, weight = node.input
    forward = _data_gradient_only(node)
    kernel, pads, group = forward["kernel_shape"], forward["pads"], forward["group"]
    if list(forward["strides"]) != [1, 1] or (group > 1 and weight not in depthwise):
        raise EngineError(f"{node.name}: only stride 1, and groups of one channel, can be lowered")
    turned = weight
    if group == 1:
        turned = new.add("Transpose", [weight], f"{node.output[0]}/transposed", perm=[1, 0, 2, 3])
    if any(k > 1 for k in kernel):
        back, end, axes = (new.integers(*v) for v in ((-1, -1), (-(2**31),) * 2, (2, 3)))
        turned = new.add("Slice", [turned, back, end, axes, back], f"{node.output[0]}/turned")
    rest = [k - 1 - p for k, p in zip([*kernel, *kernel], pads, strict=True)]
    same = {"kernel_shape": kernel, "pads": rest, "group": group}
    new.add("Conv", [gradient, turned], node.output[0], **same)


def _data_gradient_only(node: onnx.NodeProto) -> dict[str, Any]:
    """The node's attributes; EngineError where a weight's gradient is wanted, or dilation."""
    known = {"group": 1, "dilations": [1, 1], "output_padding": [], **attributes(node)}
    if any(node.output[1:]) or list(known["dilations"]) != [1, 1] or any(known["output_padding"]):
        raise EngineError(f"{node.name}: only the plain data gradient can be lowered")
    return known


def _depthwise(graph: onnx.GraphProto) -> set[str]:
    """Inputs and initializers (C, 1, k, k): weights that filter each of C channels alone."""
    known = shapes(graph)
    given = {value.name: known.get(value.name, []) for value in (*graph.input, *graph.initializer)}
    return {name for name, shape in given.items() if len(shape) == 4 and shape[1] == 1}


RULES = {
    "ConvTransposeGrad": _transposed_conv_gradient,
    "LeakyRelu": _leaky_relu,
    "LeakyReluGrad": _leaky_relu_gradient,
    "Sign": _sign,
}
