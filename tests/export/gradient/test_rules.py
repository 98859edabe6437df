"""Every rule beside finite differences, with fixed and with dynamic shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from torch.nn import functional as F

from tests.export.gradient.checking import check, gradients, model_of
from tui_draggan.errors import EngineError
from tui_draggan.export.gradient import differentiate
from tui_draggan.export.gradient.reverse import RULES

TOLERANCE = 2e-3


def some(*shape: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """Values away from zero, where many operators have a kink."""
    values = np.random.default_rng(seed).uniform(0.3, 1.5, shape)
    signs = np.random.default_rng(seed + 100).choice([-1, 1], shape)
    return np.asarray(values * signs, np.float32)


def positive(*shape: int) -> np.ndarray[Any, Any]:
    return np.asarray(np.abs(some(*shape)))


def ints(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray[Any, Any]:
    return np.array(values, np.float32)


A, B = some(2, 3, 5), some(3, 5, seed=2)
IMAGE = some(2, 4, 7, 6)
# operator, inputs by name (float inputs are differentiated), attributes
CASES: list[tuple[str, dict[str, np.ndarray[Any, Any]], dict[str, Any]]] = [
    ("Add", {"a": A, "b": B}, {}),
    ("Add", {"a": some(2, 1, 5), "b": some(1, 3, 1)}, {}),
    ("Sum", {"a": A, "b": B, "c": some(1, 5)}, {}),
    ("Sub", {"a": B, "b": A}, {}),
    ("Mul", {"a": A, "b": some(3, 1)}, {}),
    ("Div", {"a": A, "b": some(2, 1, 1)}, {}),
    ("Pow", {"a": positive(2, 3), "b": some(3)}, {}),
    ("Neg", {"a": A}, {}),
    ("Abs", {"a": A}, {}),
    ("Identity", {"a": A}, {}),
    ("Sqrt", {"a": positive(3, 4)}, {}),
    ("Reciprocal", {"a": A}, {}),
    ("Exp", {"a": A}, {}),
    ("Log", {"a": positive(3, 4)}, {}),
    ("Sin", {"a": A}, {}),
    ("Cos", {"a": A}, {}),
    ("Tanh", {"a": A}, {}),
    ("Sigmoid", {"a": A}, {}),
    ("Softplus", {"a": A}, {}),
    ("Relu", {"a": A}, {}),
    ("LeakyRelu", {"a": A}, {"alpha": 0.2}),
    ("PRelu", {"a": A, "b": some(3, 1)}, {}),
    ("Clip", {"a": A, "low": floats(-0.7)[0], "high": floats(0.9)[0]}, {}),
    ("Clip", {"a": A, "low": floats(-0.7)[0]}, {}),
    ("Where", {"c": A[0] > 0, "a": A, "b": B}, {}),
    ("Max", {"a": A, "b": B}, {}),
    ("Min", {"a": A, "b": some(2, 1, 5, seed=7)}, {}),
    ("Reshape", {"a": A, "shape": ints(5, -1)}, {}),
    ("Flatten", {"a": A}, {"axis": 2}),
    ("Squeeze", {"a": some(1, 3, 1, 2), "axes": ints(-2, 0)}, {}),
    ("Unsqueeze", {"a": B, "axes": ints(0, -1)}, {}),
    ("Transpose", {"a": A}, {"perm": [2, 0, 1]}),
    ("Transpose", {"a": A}, {}),
    ("Expand", {"a": some(3, 1), "shape": ints(2, 3, 4)}, {}),
    ("Concat", {"a": A, "b": some(2, 1, 5), "c": some(2, 2, 5)}, {"axis": 1}),
    ("Concat", {"a": A, "b": some(2, 3, 1)}, {"axis": -1}),
    ("Slice", {"a": A, "s": ints(1, 0), "e": ints(3, 4), "x": ints(1, 2)}, {}),
    ("Slice", {"a": A, "s": ints(-2), "e": ints(100), "x": ints(-1)}, {}),
    ("Slice", {"a": A, "s": ints(4, 0), "e": ints(-9, 3), "x": ints(2, 1), "t": ints(-2, 2)}, {}),
    ("Slice", {"a": B, "s": ints(1, 1), "e": ints(3, 9)}, {}),
    ("Pad", {"a": A, "p": ints(0, 1, 2, 1, 0, 3)}, {}),
    ("Gather", {"a": A, "i": ints(2, 0, 2)}, {"axis": 1}),
    ("Gather", {"a": A, "i": ints(1, 0, 1, 1).reshape(2, 2)}, {}),
    ("Gather", {"a": A, "i": np.array(1)}, {"axis": 2}),
    ("GatherElements", {"a": B, "i": ints(0, 2, 1, 1, 0).reshape(1, 5)}, {"axis": 0}),
    ("ReduceSum", {"a": A, "x": ints(0, -1)}, {"keepdims": 0}),
    ("ReduceSum", {"a": A}, {"keepdims": 1}),
    ("ReduceMean", {"a": A}, {"axes": [1], "keepdims": 0}),
    ("ReduceMean", {"a": A}, {"keepdims": 0}),
    ("ReduceMax", {"a": A}, {"axes": [-1]}),
    ("ReduceMin", {"a": A}, {"axes": [0, 2], "keepdims": 0}),
    ("ReduceSumSquare", {"a": A}, {"axes": [1]}),
    ("ReduceL1", {"a": A}, {"axes": [1], "keepdims": 0}),
    ("ReduceL2", {"a": A}, {"axes": [1, 2], "keepdims": 0}),
    ("Softmax", {"a": A}, {"axis": 1}),
    ("LogSoftmax", {"a": A}, {}),
    ("MatMul", {"a": some(4, 3), "b": some(3, 5)}, {}),
    ("MatMul", {"a": some(2, 4, 3), "b": some(3, 5)}, {}),
    ("MatMul", {"a": some(4, 3), "b": some(2, 3, 5)}, {}),
    ("MatMul", {"a": some(1, 4, 3), "b": some(2, 3, 5)}, {}),
    ("MatMul", {"a": some(3), "b": some(3, 5)}, {}),
    ("MatMul", {"a": some(4, 3), "b": some(3)}, {}),
    ("MatMul", {"a": some(3), "b": some(2, 3, 5)}, {}),
    ("MatMul", {"a": some(2, 4, 3), "b": some(3)}, {}),
    ("MatMul", {"a": some(3), "b": some(3, seed=5)}, {}),
    ("Gemm", {"a": some(4, 3), "b": some(3, 5), "c": some(5)}, {"alpha": 0.5, "beta": 2.0}),
    ("Gemm", {"a": some(3, 4), "b": some(3, 5)}, {"transA": 1}),
    ("Gemm", {"a": some(4, 3), "b": some(5, 3), "c": some(4, 1)}, {"transB": 1}),
    ("Gemm", {"a": some(3, 4), "b": some(5, 3)}, {"transA": 1, "transB": 1}),
    ("Einsum", {"a": some(4, 3), "b": some(3, 5)}, {"equation": "ij,jk->ki"}),
    ("Einsum", {"a": some(2, 4, 3), "b": some(2, 3)}, {"equation": "bij, bj->bi"}),
    ("Einsum", {"a": some(4, 3)}, {"equation": "ij->j"}),
    ("Einsum", {"a": A}, {"equation": "...ij->...ji"}),
    ("Einsum", {"a": some(2, 4, 3), "b": some(5, 4)}, {"equation": "bij,ci->bcj"}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 3, 3), "b": some(3)}, {"pads": [1, 1, 1, 1]}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 3, 2)}, {"pads": [0, 1, 2, 0]}),
    ("Conv", {"a": IMAGE, "w": some(5, 4, 1, 1)}, {}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 3, 3)}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 3, 2)}, {"strides": [3, 2]}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 2, 2)}, {"dilations": [2, 3], "pads": [1, 2, 0, 1]}),
    ("Conv", {"a": IMAGE, "w": some(4, 1, 3, 3)}, {"group": 4, "pads": [1, 1, 1, 1]}),
    ("Conv", {"a": IMAGE, "w": some(6, 2, 3, 3)}, {"group": 2, "strides": [2, 1]}),
    ("Conv", {"a": IMAGE, "w": some(3, 4, 2, 2)}, {"pads": [2, 2, 2, 2]}),
    ("Conv", {"a": some(2, 3, 9), "w": some(4, 3, 3)}, {"strides": [2]}),
    ("ConvTranspose", {"a": IMAGE, "w": some(4, 3, 3, 3), "b": some(3)}, {"strides": [2, 2]}),
    ("ConvTranspose", {"a": IMAGE, "w": some(4, 3, 3, 3)}, {"pads": [1, 1, 1, 1]}),
    ("ConvTranspose", {"a": IMAGE, "w": some(4, 3, 2, 3)}, {"dilations": [2, 1]}),
]
NAMES = [f"{case[0]}-{index}" for index, case in enumerate(CASES)]


@pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])
@pytest.mark.parametrize(("operator", "inputs", "attributes"), CASES, ids=NAMES)
def test_a_rule_equals_finite_differences(
    operator: str,
    inputs: dict[str, np.ndarray[Any, Any]],
    attributes: dict[str, Any],
    dynamic: bool,
) -> None:
    if "w" in inputs:
        kernel = inputs["w"].shape[2:]
        attributes = {"kernel_shape": kernel, "strides": [1] * len(kernel), **attributes}
    node = helper.make_node(operator, list(inputs), ["y"], "node", **attributes)
    given = {name: array for name, array in inputs.items() if name not in CONSTANT}
    constants = {name: array for name, array in inputs.items() if name in CONSTANT}
    parameters = [name for name in given if given[name].dtype == np.float32]
    if dynamic and operator in ("Conv", "ConvTranspose"):
        given, constants = {"a": given["a"]}, {k: v for k, v in inputs.items() if k != "a"}
    check(model_of([node], given, constants, dynamic), given, parameters, TOLERANCE)


CONSTANT = frozenset({"low", "high", "axes", "shape", "s", "e", "x", "t", "p"})
"""Inputs that the graph holds."""


def test_every_rule_has_a_case() -> None:
    assert set(RULES) <= {operator for operator, *_ in CASES} | {"Split", "Cast"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
        {"strides": [2, 2]},
        {"strides": [1, 1]},
    ],
)
def test_a_grouped_transposed_convolution_equals_torch(attributes: dict[str, Any]) -> None:
    """onnx's reference implementation has no groups there."""
    weight = some(4, 2, 3, 3)
    node = helper.make_node(
        "ConvTranspose", ["a", "w"], ["y"], kernel_shape=[3, 3], group=2, **attributes
    )
    x, w = (torch.tensor(array, requires_grad=True) for array in (IMAGE, weight))
    y = F.conv_transpose2d(
        x,
        w,
        stride=attributes.get("strides", [1, 1]),
        padding=attributes.get("pads", [0])[0],
        output_padding=attributes.get("output_padding", [0])[0],
        groups=2,
    )
    share = some(*y.shape, seed=9)
    y.backward(torch.tensor(share))
    given = {"a": IMAGE, "share": share}
    found = gradients(model_of([node], {"a": IMAGE}, {"w": weight}), given, ["a", "w"])
    torch.testing.assert_close(torch.tensor(found["a"]), x.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.tensor(found["w"]), w.grad, rtol=1e-5, atol=1e-5)


def test_a_slice_whose_borders_are_computed() -> None:
    """As in a drag's step: only the axes are written in the graph."""
    node = helper.make_node("Slice", ["a", "first", "end", "x"], ["y"])
    given = {"a": A, "first": ints(1, 0), "end": ints(3, 2)}
    model = model_of([node], given, {"x": ints(1, 2)})
    check(model, given, ["a"], TOLERANCE)


@pytest.mark.parametrize("taken", [("p", "q"), ("q",)])
def test_a_split_also_where_one_part_is_not_used(taken: tuple[str, ...]) -> None:
    split = helper.make_node("Split", ["a", "sizes"], ["p", "q"], axis=1)
    join = helper.make_node("Concat", [*taken, "q"], ["y"], axis=1)
    model = model_of([split, join], {"a": A}, {"sizes": ints(1, 2)})
    check(model, {"a": A}, ["a"], TOLERANCE)


def test_a_cast_and_back() -> None:
    nodes = [
        helper.make_node("Cast", ["a"], ["wide"], to=onnx.TensorProto.DOUBLE),
        helper.make_node("Mul", ["wide", "wide"], ["square"]),
        helper.make_node("Cast", ["square"], ["y"], to=onnx.TensorProto.FLOAT),
    ]
    found = gradients(model_of(nodes, {"a": B}), {"a": B, "share": np.ones_like(B)}, ["a"])
    np.testing.assert_allclose(found["a"], 2 * B, rtol=1e-6)


def test_what_is_used_twice_gets_the_sum() -> None:
    nodes = [
        helper.make_node("Mul", ["a", "a"], ["square"]),
        helper.make_node("Add", ["square", "a"], ["y"]),
    ]
    found = check(model_of(nodes, {"a": B}), {"a": B}, ["a"], TOLERANCE)
    assert found["a"].shape == B.shape


def test_a_constant_stops_the_gradient() -> None:
    nodes = [
        helper.make_node("Exp", ["a"], ["e"]),
        helper.make_node("Mul", ["e", "a"], ["y"]),
    ]
    model = model_of(nodes, {"a": B})
    names = differentiate(model, "loss", ["a"], constants=["e"])
    used = {tensor for node in model.graph.node for tensor in node.input}
    assert names["a"] in {output for node in model.graph.node for output in node.output}
    # d(e·a) with e held: the gradient is e·share, without the term a·e.
    assert sum(node.op_type == "Exp" for node in model.graph.node) == 1
    assert "e" in used


def test_only_what_leads_to_a_parameter_is_differentiated() -> None:
    """A weight that is no parameter costs nothing."""
    node = helper.make_node("Conv", ["a", "w"], ["y"], pads=[1, 1, 1, 1])
    model = model_of([node], {"a": IMAGE}, {"w": some(3, 4, 3, 3)})
    before = len(model.graph.node)
    differentiate(model, "loss", ["a"])
    added = [node.op_type for node in model.graph.node][before:]
    assert added.count("ConvGrad") == 1 and "MatMul" not in added


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (helper.make_node("Erf", ["a"], ["y"], "odd"), "Erf odd has no gradient here"),
        (
            helper.make_node("Conv", ["a", "a"], ["y"], "odd", auto_pad="SAME_UPPER"),
            "Conv odd: auto_pad",
        ),
        (
            helper.make_node("Pad", ["a", "p"], ["y"], "odd", mode="reflect"),
            "Pad odd: only constant padding",
        ),
        (
            helper.make_node("Einsum", ["a"], ["y"], "odd", equation="iij->j"),
            "Einsum odd: iij->j has no gradient",
        ),
    ],
)
def test_an_operator_without_a_rule_is_named(node: onnx.NodeProto, words: str) -> None:
    constants = {"p": ints(0, 0, 1, 0, 0, 1)} if "p" in node.input else {}
    model = model_of([node], {"a": some(2, 2, 3)}, constants)
    with pytest.raises(EngineError, match="^" + words):
        differentiate(model, "loss", ["a"])


def test_a_parameter_without_influence_is_named() -> None:
    model = model_of([helper.make_node("Neg", ["a"], ["y"])], {"a": B, "unused": B})
    with pytest.raises(EngineError, match="loss does not depend on unused"):
        differentiate(model, "loss", ["unused"])


def test_zero_has_the_slope_of_neither_side_for_relu() -> None:
    model = model_of([helper.make_node("Relu", ["a"], ["y"])], {"a": B})
    zero = np.zeros_like(B)
    found = gradients(model, {"a": zero, "share": np.ones_like(B)}, ["a"])
    assert not found["a"].any()
