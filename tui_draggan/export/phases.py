"""Up-sampling in convolutions: what a stride-2 transposed convolution computes, phase by phase.

Even rows of its output read two rows of the input, odd rows one; columns likewise. So its four
phases are four convolutions (2×2, 2×1, 1×2, 1×1) with the nine taps between them, and run in ONNX
Runtime's blocked layout: 1.3 times as fast as its transposed convolution, which multiplies first
and adds up afterwards, in one thread. To put the phases back among each other would cost what is
won; but the filter that follows is a product with a matrix from either side, and a matrix can take
rows and columns in any order: first the even ones, then the odd ones.
"""

from __future__ import annotations

from collections import defaultdict

import onnx

from tui_draggan.export.graph_rewriting import Replacements, attributes, rewrite
from tui_draggan.export.graph_surgery import shapes

EVEN, ODD = (2, 0), (1,)
"""Taps of a phase, in the order of the inputs they read."""


def split_phases(graph: onnx.GraphProto) -> None:
    """Rewrites each 3×3 transposed convolution whose output is filtered by products, in place."""
    rewrite(graph, _Phases(graph))


class _Phases:
    """The rule for convolutions and for the products behind them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        readers = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                readers[name].append(node)
        for value in graph.output:
            readers[value.name].append(onnx.NodeProto())
        self._convolutions: set[str] = set()
        """Names of the outputs."""
        self._products: dict[str, tuple[int, int]] = {}
        """Number of the factor that is a matrix to be reordered, and its size there, by the names
        of the outputs."""
        sides = shapes(graph)
        for node in graph.node:
            wide = node.output[0]
            if node.op_type != "ConvTranspose" or not _is_plain(node) or wide not in sides:
                continue
            (right, *more) = readers[wide]
            if more or right.op_type != "MatMul" or right.input[0] != wide:
                continue
            (left, *more) = readers[right.output[0]]
            if more or left.op_type != "MatMul" or left.input[1] != right.output[0]:
                continue
            height, width = sides[wide][-2:]
            self._convolutions.add(wide)
            self._products |= {right.output[0]: (1, width), left.output[0]: (0, height)}

    def __call__(self, node: onnx.NodeProto, new: Replacements) -> None:
        y = node.output[0] if node.output else ""
        if y in self._convolutions:
            _convolve(node, new)
        elif y in self._products:
            place, size = self._products[y]
            order = new.integers(*range(0, size, 2), *range(1, size, 2))
            factors = list(node.input)
            reordered = [factors[place], order]
            factors[place] = new.add("Gather", reordered, f"{y}/matrix", axis=1 - place)
            new.add("MatMul", factors, y)
        else:
            new.nodes.append(node)


def _is_plain(node: onnx.NodeProto) -> bool:
    known = {"group": 1, "pads": [], "dilations": [1, 1], "output_padding": [], **attributes(node)}
    shape = known["kernel_shape"] == [3, 3] and known["strides"] == [2, 2]
    nothing_else = not any(known["pads"]) and not any(known["output_padding"])
    return shape and nothing_else and known["group"] == 1 and known["dilations"] == [1, 1]


def _convolve(node: onnx.NodeProto, new: Replacements) -> None:
    """Even rows above the odd ones, even columns left of the odd ones."""
    x, weight = node.input
    y = node.output[0]
    weight = new.add("Transpose", [weight], f"{y}/weight", perm=[1, 0, 2, 3])
    halves = []
    for row, down in (("even", EVEN), ("odd", ODD)):
        taps = new.add("Gather", [weight, new.integers(*down)], f"{y}/{row}/taps", axis=2)
        parts = []
        for column, across in (("even", EVEN), ("odd", ODD)):
            name = f"{y}/{row}/{column}"
            cut = new.add("Gather", [taps, new.integers(*across)], f"{name}/taps", axis=3)
            pads = [len(down) - 1, len(across) - 1] * 2
            parts.append(new.add("Conv", [x, cut], name, pads=pads))
        halves.append(new.add("Concat", parts, f"{y}/{row}", axis=3))
    new.add("Concat", halves, y, axis=2)
