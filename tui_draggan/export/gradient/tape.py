"""What a rule works with: what is known about the graph, and the nodes it writes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from tui_draggan.errors import EngineError
from tui_draggan.export.graph_rewriting import attributes

MICROSOFT = "com.microsoft"
"""Domain of the operators that only ONNX Runtime has."""

Side = int | str | None
"""A side of a tensor: known, known by name only (dynamic), or unknown."""


class Tape:
    """One graph while it is differentiated; rules ask it and write to it.

    `wanted`: the tensors whose gradient is needed on the way to the parameters.
    """

    def __init__(self, graph: onnx.GraphProto, wanted: Container[str]) -> None:
        self.wanted = wanted
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._shapes, self._kinds = _described(graph)
        self._values = _known_values(graph)
        self._taken = _names(graph)
        self._count = 0

    # -- what is known -------------------------------------------------------------------------

    def shape(self, name: str) -> list[Side] | None:
        """The sides of a tensor; None where not even their number is known."""
        return self._shapes.get(name)

    def rank(self, name: str, node: onnx.NodeProto) -> int:
        """The number of axes. Raises EngineError, for `node`, where it is unknown."""
        shape = self._shapes.get(name)
        if shape is None:
            raise EngineError(f"{describe(node)}: the rank of {name} is unknown")
        return len(shape)

    def axes(self, axes: Sequence[int], name: str, node: onnx.NodeProto) -> list[int]:
        """Axes of a tensor counted from its first, sorted."""
        rank = self.rank(name, node)
        return sorted(axis % rank for axis in axes)

    def values(self, name: str) -> NDArray[Any] | None:
        """The values of a constant or initializer; None for anything computed or given."""
        return self._values.get(name)

    def integers_of(self, name: str, node: onnx.NodeProto) -> list[int]:
        """The values of an integer constant. Raises EngineError where they are computed."""
        values = self.values(name)
        if values is None:
            raise EngineError(f"{describe(node)}: {name} has to be a constant")
        return [int(value) for value in values.ravel()]

    def kind(self, name: str) -> int:
        """Element type of a tensor (onnx.TensorProto); FLOAT where nothing is noted."""
        return self._kinds.get(name, TensorProto.FLOAT)

    # -- what is written -----------------------------------------------------------------------

    def add(self, operator: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """Writes a node of one output; that output's name."""
        return self.add_many(operator, inputs, 1, domain, **attributes)[0]

    def add_many(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int,
        domain: str = "",
        **attributes: Any,
    ) -> list[str]:
        """Writes a node of several outputs; their names."""
        names = [self._new_name(operator) for _ in range(outputs)]
        node = helper.make_node(operator, inputs, names, names[0], domain=domain, **attributes)
        self.nodes.append(node)
        return names

    def scalar(self, value: float, like: str) -> str:
        """A constant of the element type of the tensor `like`."""
        kind = helper.tensor_dtype_to_np_dtype(self.kind(like))
        return self._constant(f"gradient/{kind.name}_{value:g}", np.asarray(value, kind))

    def integers(self, *values: int) -> str:
        """A constant vector of int64."""
        name = "_".join(map(str, values)) or "none"
        return self._constant(f"gradient/integers_{name}", np.asarray(values, np.int64))

    def describe_like(self, name: str, like: str) -> None:
        """Notes that a written tensor has the shape and element type of another."""
        if like in self._shapes:
            self._shapes.setdefault(name, self._shapes[like])
        self._kinds.setdefault(name, self.kind(like))

    def notes(self) -> list[onnx.ValueInfoProto]:
        """What is known of the written tensors, as the graph's value_info."""
        written = [output for node in self.nodes for output in node.output]
        return [
            helper.make_tensor_value_info(name, self.kind(name), self._shapes[name])
            for name in written
            if name in self._shapes
        ]

    def shape_of(self, name: str) -> str:
        """A tensor's shape as a vector of int64: a constant where all sides are known."""
        shape = self.shape(name)
        if shape is not None and all(isinstance(side, int) for side in shape):
            return self.integers(*(int(side) for side in shape if side is not None))
        return self.add("Shape", [name])

    def zeros_like(self, name: str) -> str:
        """Zeros in a tensor's shape."""
        zero = helper.make_tensor("zero", self.kind(name), (1,), (0.0,))
        return self.add("ConstantOfShape", [self.shape_of(name)], value=zero)

    # -- what several rules need ---------------------------------------------------------------

    def summed_to(self, gradient: str, name: str, whole: Sequence[Side] | None) -> str:
        """The gradient by `name`, from one in the shape `whole` that it was broadcast to: the sum
        over the axes along which it was repeated."""
        own = self.shape(name)
        if own is None or whole is None:
            return self._summed_at_run_time(gradient, name)
        extra = len(whole) - len(own)
        padded = [*[1] * extra, *own]
        repeated = []
        for axis, (side, into) in enumerate(zip(padded, whole, strict=True)):
            if side == 1 and into != 1:
                repeated.append(axis)
            elif side != into and not isinstance(side, int) and into != 1:
                # A dynamic side may be 1 at run time, unless it is known to be the result's.
                return self._summed_at_run_time(gradient, name)
        if repeated:
            gradient = self.add("ReduceSum", [gradient, self.integers(*repeated)], keepdims=1)
        if extra:
            gradient = self.add("Squeeze", [gradient, self.integers(*range(extra))])
        return gradient

    def _summed_at_run_time(self, gradient: str, name: str) -> str:
        """`summed_to` for shapes that are known at run time only."""
        shape, whole = self.add("Shape", [name]), self.add("Shape", [gradient])
        rank = self.add("Shape", [whole])
        missing = self.add("Sub", [rank, self.add("Shape", [shape])])
        ones = self.add("ConstantOfShape", [missing], value=_ONE)
        padded = self.add("Concat", [ones, shape], axis=0)
        single = self.add("Equal", [padded, self.integers(1)])
        axes = self.add("Squeeze", [self.add("NonZero", [single]), self.integers(0)])
        total = self.add("ReduceSum", [gradient, axes], keepdims=1, noop_with_empty_axes=1)
        return self.add("Reshape", [total, shape])

    def _constant(self, name: str, values: ArrayLike) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(values), name)
        return name

    def _new_name(self, operator: str) -> str:
        while True:
            self._count += 1
            name = f"gradient/{operator}_{self._count}"
            if name not in self._taken:
                return name


Rule = Callable[[onnx.NodeProto, list[str], Tape], list[str | None]]
"""node, gradients of its outputs ("" for an output nothing depends on), tape → gradients of its
inputs, None for those that have none or whose gradient is not wanted."""


def describe(node: onnx.NodeProto) -> str:
    """A node in an error: «Conv /b4/conv1»."""
    return f"{node.op_type} {node.name or node.output[0]}"


_ONE = helper.make_tensor("one", TensorProto.INT64, (1,), (1,))


def _described(graph: onnx.GraphProto) -> tuple[dict[str, list[Side]], dict[str, int]]:
    shapes: dict[str, list[Side]] = {}
    kinds: dict[str, int] = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        kinds[value.name] = tensor.elem_type
        if tensor.HasField("shape"):
            shapes[value.name] = [
                side.dim_value if side.HasField("dim_value") else side.dim_param or None
                for side in tensor.shape.dim
            ]
    for item in graph.initializer:
        shapes[item.name], kinds[item.name] = list(item.dims), item.data_type
    for name, values in _known_values(graph).items():
        shapes[name] = list(values.shape)
        kinds[name] = helper.np_dtype_to_tensor_dtype(values.dtype)
    return shapes, kinds


def _known_values(graph: onnx.GraphProto) -> Mapping[str, NDArray[Any]]:
    found = {
        node.output[0]: numpy_helper.to_array(attributes(node)["value"])
        for node in graph.node
        if node.op_type == "Constant" and "value" in attributes(node)
    }
    return found | {item.name: numpy_helper.to_array(item) for item in graph.initializer}


def _names(graph: onnx.GraphProto) -> set[str]:
    given = {item.name for item in (*graph.input, *graph.initializer)}
    return given | {output for node in graph.node for output in node.output}
