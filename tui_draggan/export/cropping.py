"""The gradient of a drag step, computed where it is not zero.

Motion is supervised at a few pixels. So the gradient by the features is zero but in a window
around them, and so it is further down: the window grows by a cell with every convolution and
halves with every resolution. The gradient graph ONNX Runtime builds works on whole maps; here its
operators are given the window alone. A mask that is in use widens the window to its rows.

`step_graph` says, at every step, what lies near the handles; from there each window is computed
in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from tui_draggan.export.graph_rewriting import Replacements, attributes, rewrite
from tui_draggan.export.graph_surgery import drop_shapes, shapes

NEAR = "near_first", "near_end"
"""The part of the features near the handles: first row and column, and ends."""
OUTSIDE = "outside_first", "outside_end"
"""The rows of the mask loss."""
MASK = "outside_weight"
"""The mask's weights on them, all zero where there is no mask."""
COMPARISONS = frozenset({"LessOrEqual", "GreaterOrEqual", "And", "Cast"})
"""Operators of a clamp's gradient: computed in the window, not cut out of a whole map."""


@dataclass(frozen=True)
class Window:
    """Where a map (1, C, rows, columns) may be other than zero; names of tensors."""

    starts: str
    """(2,) first row and column."""
    ends: str
    sides: tuple[int, int]
    """Rows and columns of the whole map."""


def crop_gradient(model: onnx.ModelProto, matrices: Mapping[str, NDArray[np.float32]]) -> None:
    """Rewrites a differentiated, spliced, not yet lowered model in place.

    `matrices`: values of the two-dimensional weights, by name; maps are filtered with them.
    """
    cropping = _Cropping(model.graph, matrices)
    rewrite(model.graph, cropping)
    drop_shapes(model.graph, cropping.windows)


class _Cropping:
    """The rule for every node: those that read cropped maps get what fits the window."""

    def __init__(self, graph: onnx.GraphProto, matrices: Mapping[str, NDArray[np.float32]]) -> None:
        self.windows: dict[str, Window] = {}
        """Windows of the cropped maps, by name."""
        self._matrices = matrices
        self._pieces: dict[tuple[str, str], str] = {}
        self._beginning: Window | None = None
        self._constants = constants(graph)
        self._shapes = shapes(graph)
        self._shapes |= {name: list(array.shape) for name, array in self._constants.items()}
        self._producers = {output: node for node in graph.node for output in node.output}
        self._rules: dict[str, Callable[[onnx.NodeProto, Replacements], bool]] = {
            "SliceGrad": self._gradient_of_part,
            "Identity": self._elementwise,
            "Mul": self._elementwise,
            "LeakyReluGrad": self._elementwise,
            "Sum": self._sum,
            "ReduceSum": self._reduce,
            "ConvGrad": self._conv,
            "ConvTranspose": self._strided_conv,
            "ConvTransposeGrad": self._transposed_conv,
            "FusedMatMul": self._filter,
        }

    def __call__(self, node: onnx.NodeProto, new: Replacements) -> None:
        rule = self._rules.get(node.op_type)
        if rule is None or not rule(node, new):
            self._put(node, [self._whole(name, new) for name in node.input], new)

    def _put(
        self,
        node: onnx.NodeProto,
        inputs: Sequence[str],
        new: Replacements,
        window: Window | None = None,
    ) -> bool:
        """The node on other inputs; `window` of its output. True."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = inputs
        new.nodes.append(copy)
        if window is not None:
            self.windows[node.output[0]] = window
        return True

    # -- where it begins ---------------------------------------------------------------------

    def _gradient_of_part(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """The gradient of what was cut out of the features, put where it lies in the window."""
        gradient, _, first, *_ = node.input
        if first not in (NEAR[0], OUTSIDE[0]):
            return self._gradient_of_margins(node, new)
        y = node.output[0]
        rows, columns = self._shapes[y][-2:]
        near = Window(*NEAR, (rows, columns))
        if self._beginning is None:
            self._beginning = self._around_all(near, new)
        window = self._beginning
        if first == NEAR[0]:
            self.windows[gradient] = near
            new.add("Identity", [self._grown(gradient, window, new)], y)
        else:
            (top, left), (bottom, right) = self._axes(window, new)
            cells = new.constant("window/cells", np.arange(rows), np.int64)
            part = new.add("Slice", [gradient, left, right, new.integers(3)], f"{y}/columns")
            ours = new.add("Slice", [cells, top, bottom], f"{y}/ours")
            theirs = new.add("Slice", [cells, *OUTSIDE], f"{y}/theirs")
            ours = new.add("Unsqueeze", [ours, new.integers(1)], f"{y}/ours_down")
            same = new.add("Equal", [ours, theirs], f"{y}/same")
            places = new.add("Cast", [same], f"{y}/places", to=onnx.TensorProto.FLOAT)
            new.add("MatMul", [places, part], y)
        self.windows[y] = window
        return True

    def _gradient_of_margins(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """The gradient of what a fixed cut along rows or columns left: the window moves."""
        gradient, _, first, _, axes, *_ = node.input
        window, y = self.windows.get(gradient), node.output[0]
        if window is None or first not in self._constants or axes not in self._constants:
            return False
        cut = dict(
            zip(self._constants[axes].tolist(), self._constants[first].tolist(), strict=True)
        )
        if not cut.keys() <= {2, 3} or min(cut.values()) < 0:
            return False
        moved = new.integers(cut.get(2, 0), cut.get(3, 0))
        starts = new.add("Add", [window.starts, moved], f"{y}/starts")
        ends = new.add("Add", [window.ends, moved], f"{y}/ends")
        rows, columns = self._shapes[y][-2:]
        self.windows[y] = Window(starts, ends, (rows, columns))
        new.add("Identity", [gradient], y)
        return True

    def _around_all(self, near: Window, new: Replacements) -> Window:
        """What lies near the handles, and the rows of a mask that is in use."""
        heaviest = new.add("ReduceMax", [MASK], "window/heaviest", keepdims=0)
        masked = new.add("Greater", [heaviest, new.scalar(0.0)], "window/masked")
        first = new.add("Concat", [OUTSIDE[0], new.integers(0)], "window/mask_first", axis=0)
        first = new.add("Min", [near.starts, first], "window/lower")
        end = new.add(
            "Concat", [OUTSIDE[1], new.integers(near.sides[1])], "window/mask_end", axis=0
        )
        end = new.add("Max", [near.ends, end], "window/upper")
        starts = new.add("Where", [masked, first, near.starts], "window/starts")
        ends = new.add("Where", [masked, end, near.ends], "window/ends")
        return Window(starts, ends, near.sides)

    # -- down the network ---------------------------------------------------------------------

    def _elementwise(self, node: onnx.NodeProto, new: Replacements) -> bool:
        windows = {self.windows[name] for name in node.input if name in self.windows}
        if len(windows) != 1:
            return False
        (window,) = windows
        pieces = [self._piece(name, window, new) for name in node.input]
        if None in pieces:
            return False
        return self._put(node, [piece for piece in pieces if piece is not None], new, window)

    def _piece(self, name: str, window: Window, new: Replacements) -> str | None:
        """What lies in the window; the tensor itself where it has no rows and columns of its own.
        None where that is not known."""
        shape = self._shapes.get(name)
        producer = self._producers.get(name)
        if name in self.windows or (shape is not None and set(shape[-2:]) <= {1}):
            return name
        key = name, window.starts
        if key in self._pieces:
            return self._pieces[key]
        piece = f"{name}/in/{window.starts}"
        if producer is not None and producer.op_type in COMPARISONS:
            parts = [self._piece(part, window, new) for part in producer.input]
            if None in parts:
                return None
            new.nodes.append(onnx.NodeProto())
            new.nodes[-1].CopyFrom(producer)
            new.nodes[-1].input[:] = [part for part in parts if part is not None]
            new.nodes[-1].output[:] = [piece]
        elif shape is not None and tuple(shape[-2:]) == window.sides:
            bounds = [window.starts, window.ends, new.integers(2, 3)]
            new.add("Slice", [name, *bounds], piece)
        else:
            return None
        self._pieces[key] = piece
        return piece

    def _reduce(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """Over rows and columns: beyond the window there are zeros."""
        if node.input[0] not in self.windows:
            return False
        axes = self._constants[node.input[1]].tolist()
        return {2, 3} <= set(axes) and self._put(node, node.input, new)

    def _sum(self, node: onnx.NodeProto, new: Replacements) -> bool:
        if not all(name in self.windows for name in node.input):
            return False
        first, *others = windows = [self.windows[name] for name in node.input]
        if all(window == first for window in others):
            return self._put(node, node.input, new, first)
        y = node.output[0]
        starts = new.add("Min", [window.starts for window in windows], f"{y}/starts")
        ends = new.add("Max", [window.ends for window in windows], f"{y}/ends")
        hull = Window(starts, ends, first.sides)
        return self._put(node, [self._grown(name, hull, new) for name in node.input], new, hull)

    def _conv(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """k×k, stride 1, padding p: cell i of its output reads from i − p to i − p + k − 1."""
        gradient, *rest = node.input
        window, known = self.windows.get(gradient), attributes(node)
        kernel, pads = known["kernel_shape"], known["pads"]
        padding, more = pads[0], kernel[0] - 1 - 2 * pads[0]
        alike = len({*kernel}) == len({*pads}) == len({*known["strides"], 1}) == 1
        if window is None or not alike or padding >= kernel[0]:
            return False
        y, sides = node.output[0], window.sides
        if padding:
            starts = new.add("Sub", [window.starts, new.integers(padding)], f"{y}/before")
            starts = new.add("Max", [starts, new.integers(0)], f"{y}/starts")
            ends = new.add("Add", [window.ends, new.integers(padding)], f"{y}/behind")
            ends = new.add("Min", [ends, new.integers(*sides)], f"{y}/ends")
            window = Window(starts, ends, sides)
            gradient = self._grown(gradient, window, new)
        if more:
            ends = new.add("Add", [window.ends, new.integers(more)], f"{y}/reached")
            window = Window(window.starts, ends, (sides[0] + more, sides[1] + more))
        return self._put(node, [gradient, *rest], new, window)

    def _transposed_conv(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """A 3×3 one of stride 2: cell i of its input reaches cells 2i to 2i + 2 of its output."""
        gradient, *rest = node.input
        window, known = self.windows.get(gradient), attributes(node)
        if window is None or known["kernel_shape"] != [3, 3] or known["strides"] != [2, 2]:
            return False
        if any(known["pads"]):
            return False
        y, one, two = node.output[0], new.integers(1), new.integers(2)
        sides = (window.sides[0] - 1) // 2, (window.sides[1] - 1) // 2
        starts = new.add("Sub", [window.starts, one], f"{y}/before")
        starts = new.add("Div", [starts, two], f"{y}/starts")
        ends = new.add("Add", [window.ends, one], f"{y}/behind")
        ends = new.add("Div", [ends, two], f"{y}/half")
        ends = new.add("Min", [ends, new.integers(*sides)], f"{y}/ends")
        first = new.add("Mul", [starts, two], f"{y}/read_from")
        last = new.add("Mul", [ends, two], f"{y}/read")
        last = new.add("Add", [last, one], f"{y}/read_to")
        read = Window(first, last, window.sides)
        grown = self._grown(gradient, read, new)
        return self._put(node, [grown, *rest], new, Window(starts, ends, sides))

    def _strided_conv(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """The gradient of one of k×k without padding: cell i of its output reads from s·i to
        s·i + k − 1. A transposed convolution; the cells that none reads are beyond the window."""
        gradient, *rest = node.input
        window, known = self.windows.get(gradient), attributes(node)
        kernel, strides = known.get("kernel_shape", []), known.get("strides", [])
        if window is None or len({*kernel}) != 1 or len({*strides}) != 1:
            return False
        if any(known.get("pads", [])) or {1} != {*known.get("dilations", [1])}:
            return False
        y, stride = node.output[0], new.integers(strides[0])
        starts = new.add("Mul", [window.starts, stride], f"{y}/starts")
        ends = new.add("Mul", [window.ends, stride], f"{y}/read")
        ends = new.add("Add", [ends, new.integers(kernel[0] - strides[0])], f"{y}/ends")
        rows, columns = self._shapes[y][-2:]
        self.windows[y] = Window(starts, ends, (rows, columns))
        same = {name: known[name] for name in ("kernel_shape", "strides", "group")}
        new.add("ConvTranspose", [gradient, *rest], y, **same)
        return True

    def _filter(self, node: onnx.NodeProto, new: Replacements) -> bool:
        """A product with a banded matrix, from the left (rows) or from the right (columns)."""
        axis = 0 if node.input[0] in self._matrices else 1
        name, gradient = node.input if axis == 0 else reversed(node.input)
        window, matrix = self.windows.get(gradient), self._matrices.get(name)
        if window is None or matrix is None:
            return False
        y, wanted = node.output[0], attributes(node)
        if wanted["transA" if axis == 0 else "transB"]:
            matrix = matrix.T
            name = new.add("Transpose", [name], f"{y}/matrix", perm=[1, 0])
        outputs = matrix if axis == 0 else matrix.T  # (out, in) both times
        bounds = self._axes(window, new)
        tables = [
            new.constant(f"{y}/{which}_of", table, np.int64)
            for which, table in zip(("starts", "ends"), _bands(outputs), strict=True)
        ]
        reached = [
            new.add("Gather", [table, bound[axis]], f"{table}/reached", axis=0)
            for table, bound in zip(tables, bounds, strict=True)
        ]
        cut, after = [], []
        for which, bound, there in zip(("from", "to"), bounds, reached, strict=True):
            pair = (there, bound[axis]) if axis == 0 else (bound[axis], there)
            cut.append(new.add("Concat", pair, f"{y}/{which}", axis=0))
            pair = (there, bound[1]) if axis == 0 else (bound[0], there)
            after.append(new.add("Concat", pair, f"{y}/{which}_after", axis=0))
        part = new.add("Slice", [name, *cut], f"{y}/part")
        rows, columns = window.sides
        sides = (len(outputs), columns) if axis == 0 else (rows, len(outputs))
        new.add("MatMul", [part, gradient] if axis == 0 else [gradient, part], y)
        self.windows[y] = Window(after[0], after[1], sides)
        return True

    # -- windows of other sizes --------------------------------------------------------------

    def _axes(self, window: Window, new: Replacements) -> tuple[tuple[str, str], tuple[str, str]]:
        """The starts (rows, columns) and the ends, each a vector of one."""

        def part(vector: str, axis: int) -> str:
            key = vector, f"axis {axis}"
            if key not in self._pieces:
                place = new.integers(axis)
                self._pieces[key] = new.add("Gather", [vector, place], f"{vector}/{axis}", axis=0)
            return self._pieces[key]

        starts = part(window.starts, 0), part(window.starts, 1)
        return starts, (part(window.ends, 0), part(window.ends, 1))

    def _grown(self, name: str, window: Window, new: Replacements) -> str:
        """The cropped map, with zeros up to the borders of a window around its own."""
        own, y = self.windows[name], f"{name}/grown/{window.starts}"
        before = new.add("Sub", [own.starts, window.starts], f"{y}/before")
        behind = new.add("Sub", [window.ends, own.ends], f"{y}/behind")
        none = new.integers(0, 0)
        pads = new.add("Concat", [none, before, none, behind], f"{y}/pads", axis=0)
        return new.add("Pad", [name, pads], y)

    def _whole(self, name: str, new: Replacements) -> str:
        """The cropped map in its full size; any other tensor as it is."""
        if name not in self.windows:
            return name
        if (name, "whole") not in self._pieces:
            sides = self.windows[name].sides
            whole = Window(new.integers(0, 0), new.integers(*sides), sides)
            self._pieces[name, "whole"] = self._grown(name, whole, new)
        return self._pieces[name, "whole"]


def _bands(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(outputs, inputs) → of the inputs from i on, the first output they reach; of those before
    i, the last one + 1: (inputs + 1,) each."""
    count = len(matrix)
    hit = matrix != 0
    firsts = np.where(hit.any(0), hit.argmax(0), count)
    lasts = np.where(hit.any(0), count - hit[::-1].argmax(0), 0)
    starts = np.minimum.accumulate(np.append(firsts, count)[::-1])[::-1]
    return starts.astype(np.int64), np.maximum.accumulate(np.append(0, lasts)).astype(np.int64)


def constants(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """Values of initializers and constant nodes, by name."""
    initializers = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    return initializers | {
        node.output[0]: numpy_helper.to_array(attributes(node)["value"])
        for node in graph.node
        if node.op_type == "Constant"
    }
