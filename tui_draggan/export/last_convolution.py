"""The feature block's last convolution, for steps without a picture: near the handles alone.

All that such a step reads of the features lies near the handles, or in the rows of a mask that is
in use; the last convolution is a quarter of what a step multiplies. Here it gets the part of its
input that it needs there. Each of its sums stays what it was, term by term, so the numbers are
those of the whole map to the bit.

`cropping` has computed that window in the graph, for the gradient.
"""

from __future__ import annotations

import numpy as np
import onnx

from tui_draggan.export.cropping import OUTSIDE, constants
from tui_draggan.export.graph_rewriting import Replacements, attributes, rewrite
from tui_draggan.export.graph_surgery import drop_shapes, shapes
from tui_draggan.export.tiling import PLAIN, pays

FEATURES = "features"
STARTS, ENDS = "window/starts", "window/ends"
"""First row and column of the window, and its ends, (2,) each."""
BETWEEN = frozenset({"Mul", "Add", "LeakyRelu", "Clip"})
"""Operators between the convolution and the features: cell by cell."""


def crop_last_convolution(graph: onnx.GraphProto) -> bool:
    """Rewrites a graph that `cropping` has cropped and that gives no picture, in place.

    False, and nothing is changed, where something else reads the whole map, or where the whole
    convolution runs in tiles, which rounds otherwise.
    """
    crop = _Crop(graph)
    if not crop.applies(graph):
        return False
    rewrite(graph, crop)
    drop_shapes(graph, crop.maps)
    return True


class _Crop:
    """The rule for the nodes from the convolution on."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.maps: set[str] = set()
        """Maps that are given in the window alone, from the convolution to the features."""
        self._strips: set[str] = set()
        """Rows cut out of them, in the window's columns."""
        self._convolution = ""
        self._shapes = shapes(graph)
        self._axes = {
            name: values.tolist() for name, values in constants(graph).items() if values.ndim == 1
        }

    def applies(self, graph: onnx.GraphProto) -> bool:
        """Finds the convolution; whether the maps behind it are read in parts alone."""
        producers = {output: node for node in graph.node for output in node.output}
        if not {FEATURES, STARTS, ENDS} <= producers.keys():
            return False
        name: str | None = FEATURES
        while name is not None and producers[name].op_type in BETWEEN:
            self.maps.add(name)
            ways = {*BETWEEN, "Conv"}
            found = (i for i in producers[name].input if i in producers)
            name = next((i for i in found if producers[i].op_type in ways), None)
        if name is None:
            return False
        self.maps.add(name)
        self._convolution = name
        return self._is_plain(producers[name], graph) and self._are_read_in_parts(graph)

    def _is_plain(self, node: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
        weights = {value.name for value in (*graph.input, *graph.initializer)}
        known = attributes(node)
        plain = all(known.get(name) == value for name, value in PLAIN.items())
        whole = len(self._shapes.get(node.output[0], [])) == 4
        return node.op_type == "Conv" and plain and whole and not pays(node, self._shapes, weights)

    def _are_read_in_parts(self, graph: onnx.GraphProto) -> bool:
        if self.maps & {value.name for value in graph.output}:
            return False
        for node in graph.node:
            read = self.maps.intersection(node.input)
            if not read or node.output[0] in self.maps:
                continue
            if node.op_type != "Slice" or self._axes_of(node) not in ([2], [2, 3]):
                return False
            if self._axes_of(node) == [2] and node.input[1] != OUTSIDE[0]:
                self._strips.add(node.output[0])
        readers = [node for node in graph.node if self._strips.intersection(node.input)]
        return all(node.op_type == "Slice" and self._axes_of(node) == [3] for node in readers)

    def _axes_of(self, part: onnx.NodeProto) -> list[int] | None:
        return self._axes.get(part.input[3]) if len(part.input) > 3 else None

    def __call__(self, node: onnx.NodeProto, new: Replacements) -> None:
        if node.output[0] == self._convolution:
            self._convolve(node, new)
        elif node.output[0] in self.maps:
            self._between(node, new)
        elif node.op_type == "Slice" and node.input[0] in self.maps | self._strips:
            if node.input[1] == OUTSIDE[0]:
                self._outside(node, new)
            else:
                self._part(node, new)
        else:
            new.nodes.append(node)

    def _convolve(self, node: onnx.NodeProto, new: Replacements) -> None:
        """Of the window and the cells around it: zeros where these lie outside the map."""
        x, weight = node.input
        y, one = node.output[0], new.integers(1)
        before = new.add("Sub", [STARTS, one], f"{y}/before")
        behind = new.add("Add", [ENDS, one], f"{y}/behind")
        starts = new.add("Max", [before, new.integers(0)], f"{y}/from")
        ends = new.add(
            "Min", [behind, new.integers(*self._shapes[self._convolution][2:])], f"{y}/to"
        )
        part = new.add("Slice", [x, starts, ends, new.integers(2, 3)], f"{y}/part")
        none = new.integers(0, 0)
        above = new.add("Sub", [starts, before], f"{y}/above")
        below = new.add("Sub", [behind, ends], f"{y}/below")
        pads = new.add("Concat", [none, above, none, below], f"{y}/pads", axis=0)
        padded = new.add("Pad", [part, pads], f"{y}/padded")
        new.add("Conv", [padded, weight], y, **{**PLAIN, "pads": [0] * 4})

    def _between(self, node: onnx.NodeProto, new: Replacements) -> None:
        """On what else has rows and columns, noise say, in the window too."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        sides = self._shapes[self._convolution][2:]
        for place, name in enumerate(node.input):
            if name not in self.maps and self._shapes.get(name, [])[2:] == sides:
                part = f"{node.output[0]}/{place}"
                copy.input[place] = new.add("Slice", [name, STARTS, ENDS, new.integers(2, 3)], part)
        new.nodes.append(copy)

    def _part(self, node: onnx.NodeProto, new: Replacements) -> None:
        """Counted from where the window begins."""
        axes, y = self._axes_of(node), node.output[0]
        assert axes is not None
        origin = STARTS
        if len(axes) == 1:
            origin = new.add("Gather", [STARTS, new.integers(axes[0] - 2)], f"{y}/origin", axis=0)
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for place, name in ((1, "from"), (2, "to")):
            copy.input[place] = new.add("Sub", [node.input[place], origin], f"{y}/{name}")
        new.nodes.append(copy)

    def _outside(self, node: onnx.NodeProto, new: Replacements) -> None:
        """The mask's rows. Where no mask is in use, they may lie outside the window, and weigh
        nothing: then some other rows stand in their place, and zeros beside them."""
        y, zero, one = node.output[0], new.integers(0), new.integers(1)
        height, width = self._shapes[self._convolution][2:]
        cells = new.constant(f"{y}/cells", np.arange(height), np.int64)
        rows = new.add("Slice", [cells, *OUTSIDE], f"{y}/rows")
        top, left = (
            new.add("Gather", [STARTS, which], f"{y}/first_{axis}", axis=0)
            for axis, which in (("row", zero), ("column", one))
        )
        bottom, right = (
            new.add("Gather", [ENDS, which], f"{y}/end_{axis}", axis=0)
            for axis, which in (("row", zero), ("column", one))
        )
        last = new.add("Sub", [bottom, one], f"{y}/last_row")
        rows = new.add("Max", [rows, top], f"{y}/rows_below")
        rows = new.add("Min", [rows, last], f"{y}/rows_within")
        rows = new.add("Sub", [rows, top], f"{y}/rows_of_window")
        taken = new.add("Gather", [node.input[0], rows], f"{y}/taken", axis=2)
        rest = new.add("Sub", [new.integers(width), right], f"{y}/rest")
        none = new.integers(0, 0, 0)
        pads = new.add("Concat", [none, left, none, rest], f"{y}/pads", axis=0)
        new.add("Pad", [taken, pads], y)
