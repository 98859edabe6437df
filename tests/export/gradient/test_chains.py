"""Random chains of operators, odd sizes and broadcasts, beside finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper

from tests.export.gradient.checking import check, model_of

pytestmark = pytest.mark.slow

TOLERANCE = 5e-3
Array = NDArray[Any]


class Chain:
    """A graph that grows by one operator at a time; shapes are known as it grows."""

    def __init__(self, shape: tuple[int, ...], draw: st.DrawFn) -> None:
        self.draw = draw
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, Array] = {}
        self.constants: dict[str, Array] = {}
        self.name, self.shape = "x", shape
        self.inputs["x"] = self.values(shape)

    def __repr__(self) -> str:
        return str([(node.op_type, list(node.input)) for node in self.nodes])

    def values(self, shape: tuple[int, ...]) -> Array:
        """Never the same twice in a chain: differences of equals have no slope."""
        seed = self.draw(st.integers(0, 2**16)) + 100_000 * len(self.inputs)
        drawn = np.random.default_rng(seed).uniform(0.4, 1.2, shape)
        signs = np.random.default_rng(seed + 1).choice([-1, 1], shape)
        return np.asarray(drawn * signs, np.float32)

    def grow(
        self, operator: str, others: dict[str, Array], shape: tuple[int, ...], **attributes: Any
    ) -> None:
        """Appends a node on the tensor so far; float operands become inputs, others constants."""
        names = []
        for key, array in others.items():
            name = f"{key}{len(self.nodes)}"
            (self.inputs if array.dtype == np.float32 else self.constants)[name] = array
            names.append(name)
        output = f"y{len(self.nodes)}"
        node = helper.make_node(operator, [self.name, *names], [output], output, **attributes)
        self.nodes.append(node)
        self.name, self.shape = output, shape

    # -- one method for each kind of operator --------------------------------------------------

    def elementwise(self) -> None:
        kinds = ["Tanh", "Sigmoid", "Softplus", "Abs", "LeakyRelu", "Neg", "Identity", "Relu"]
        self.grow(self.draw(st.sampled_from(kinds)), {}, self.shape)

    def broadcast(self) -> None:
        """With an operand some of whose sides are 1, or missing at the front."""
        ones = self.draw(
            st.lists(st.booleans(), min_size=len(self.shape), max_size=len(self.shape))
        )
        shape = tuple(1 if one else side for one, side in zip(ones, self.shape, strict=True))
        shape = shape[self.draw(st.integers(0, len(shape))) :]
        operator = self.draw(st.sampled_from(["Add", "Sub", "Mul", "Div", "Max"]))
        self.grow(operator, {"b": self.values(shape)}, self.shape)

    def cut(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape) - 1))
        start = self.draw(st.integers(0, self.shape[axis] - 1))
        end = self.draw(st.integers(start + 1, self.shape[axis]))
        step = self.draw(st.integers(1, 2))
        shape = list(self.shape)
        shape[axis] = len(range(start, end, step))
        bounds = {"s": [start], "e": [end], "a": [axis], "d": [step]}
        self.grow("Slice", {key: np.array(v, np.int64) for key, v in bounds.items()}, tuple(shape))

    def padded(self) -> None:
        widths = self.draw(
            st.lists(st.integers(0, 2), min_size=2 * len(self.shape), max_size=2 * len(self.shape))
        )
        rank = len(self.shape)
        shape = tuple(side + widths[i] + widths[i + rank] for i, side in enumerate(self.shape))
        self.grow("Pad", {"p": np.array(widths, np.int64)}, shape)

    def turned(self) -> None:
        order = self.draw(st.permutations(range(len(self.shape))))
        self.grow("Transpose", {}, tuple(self.shape[axis] for axis in order), perm=order)

    def flattened(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape)))
        before, behind = (int(np.prod(part)) for part in (self.shape[:axis], self.shape[axis:]))
        self.grow("Flatten", {}, (before, behind), axis=axis)

    def picked(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape) - 1))
        side = self.shape[axis]
        rows = self.draw(st.lists(st.integers(0, side - 1), min_size=1, max_size=4))
        shape = (*self.shape[:axis], len(rows), *self.shape[axis + 1 :])
        self.grow("Gather", {"i": np.array(rows, np.int64)}, shape, axis=axis)

    def joined(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape) - 1))
        other = list(self.shape)
        other[axis] = self.draw(st.integers(1, 3))
        shape = list(self.shape)
        shape[axis] += other[axis]
        self.grow("Concat", {"c": self.values(tuple(other))}, tuple(shape), axis=axis)

    def reduced(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape) - 1))
        operator = self.draw(st.sampled_from(["ReduceMean", "ReduceL2", "ReduceMax"]))
        shape = (*self.shape[:axis], 1, *self.shape[axis + 1 :])
        self.grow(operator, {}, shape, axes=[axis], keepdims=1)

    def normalised(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape) - 1))
        operator = self.draw(st.sampled_from(["Softmax", "LogSoftmax"]))
        self.grow(operator, {}, self.shape, axis=axis)

    def multiplied(self) -> None:
        if len(self.shape) < 2:
            return self.elementwise()
        side = self.draw(st.integers(1, 5))
        weight = self.values((self.shape[-1], side)) / np.float32(self.shape[-1])
        return self.grow("MatMul", {"w": weight}, (*self.shape[:-1], side))

    def convolved(self) -> None:
        if len(self.shape) != 4 or min(self.shape[2:]) < 3:
            return self.elementwise()
        kernel, stride = self.draw(st.integers(1, 3)), self.draw(st.integers(1, 2))
        pad = self.draw(st.integers(0, kernel - 1))
        outputs, inputs = self.draw(st.integers(1, 4)), self.shape[1]
        common = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
        scale = np.float32(inputs * kernel * kernel)
        if self.draw(st.booleans()):
            sides = tuple((side + 2 * pad - kernel) // stride + 1 for side in self.shape[2:])
            weight = self.values((outputs, inputs, kernel, kernel)) / scale
            return self.grow("Conv", {"w": weight}, (self.shape[0], outputs, *sides), **common)
        sides = tuple((side - 1) * stride + kernel - 2 * pad for side in self.shape[2:])
        weight = self.values((inputs, outputs, kernel, kernel)) / scale
        return self.grow("ConvTranspose", {"w": weight}, (self.shape[0], outputs, *sides), **common)


STEPS = [
    name
    for name, method in vars(Chain).items()
    if callable(method) and name not in ("__init__", "__repr__", "values", "grow")
]


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    rank = draw(st.sampled_from([2, 3, 4, 4, 4]))
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=rank, max_size=rank)))
    chain = Chain(shape, draw)
    for _ in range(draw(st.integers(1, 6))):
        if np.prod(chain.shape) > 2000:
            break
        getattr(chain, draw(st.sampled_from(STEPS)))()
    chain.elementwise()
    return chain


@settings(max_examples=60, derandomize=True)
@given(chain=chains())
def test_a_random_chain_equals_finite_differences(chain: Chain) -> None:
    model = model_of(chain.nodes, chain.inputs, chain.constants)
    check(model, chain.inputs, list(chain.inputs), TOLERANCE)
