"""What stands for an operator computes the same, and what nothing stands for is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from tests.export.running import run
from tui_draggan.errors import EngineError
from tui_draggan.export.lowering import lower
from tui_draggan.export.standard_operators import standardise

OPSET = 17


def model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, Sequence[Any]],
    outputs: str,
    constants: dict[str, np.ndarray] | None = None,
) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()]
    results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs.split()]
    weights = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "graph", values, results, weights)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def gradient_model(*nodes: onnx.NodeProto, **constants: np.ndarray) -> onnx.ModelProto:
    """x (3, 5) is the latent, what the nodes make of it, z, is called its gradient."""
    made = model(list(nodes), {"x": (3, 5)}, "z", constants)
    output = helper.make_tensor_value_info("z", TensorProto.FLOAT, (3, 5))
    made.graph.output[0].CopyFrom(output)
    return made


def foreign(operator: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(
        operator, inputs.split(), [output], name=output, domain="com.microsoft", **attributes
    )


def test_elementwise_operators_keep_their_values() -> None:
    x = [-3.0, -1e-20, 0.0, 1e-20, 2.0]
    nodes = [
        helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.2),
        helper.make_node("Sign", ["x"], ["sign"]),
        foreign("LeakyReluGrad", "g y", "grad", alpha=0.2),
    ]
    lowered = model(nodes, {"x": ("n",), "g": ("n",)}, "y sign grad")
    lower(lowered)
    assert not {node.op_type for node in lowered.graph.node} & {"LeakyRelu", "Sign"}
    y, sign, grad = run(lowered, x=x, g=[3.0] * 5)
    torch_x = torch.tensor(x, requires_grad=True)
    torch_y = torch.nn.functional.leaky_relu(torch_x, 0.2)
    torch_y.backward(torch.full((5,), 3.0))
    np.testing.assert_array_equal(y, torch_y.detach())
    np.testing.assert_array_equal(sign, np.sign(np.array(x, np.float32)))
    np.testing.assert_array_equal(grad, torch_x.grad)  # at zero the slope, as in torch


@pytest.mark.parametrize(("kernel", "padding", "groups"), [(1, 0, 1), (3, 1, 1), (4, 1, 3)])
def test_the_gradients_of_convolutions(kernel: int, padding: int, groups: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 6, 6, generator=generator, requires_grad=True)
    outputs = 4 if groups == 1 else groups
    w = torch.randn(outputs, 3 // groups, kernel, kernel, generator=generator)
    w_up = torch.randn(3, outputs // groups, 3, 3, generator=generator)
    y = torch.nn.functional.conv2d(x, w, padding=padding, groups=groups)
    y_up = torch.nn.functional.conv_transpose2d(x, w_up, stride=2, padding=padding, groups=groups)
    g, g_up = torch.randn(y.shape), torch.randn(y_up.shape)

    same: dict[str, Any] = {"pads": [padding] * 4, "group": groups}
    sides = {"kernel_shape": [kernel] * 2, "strides": [1, 1]}
    nodes = [foreign("ConvGrad", "g x w", "dx", **same, **sides)]
    sides = {"kernel_shape": [3, 3], "strides": [2, 2]}
    nodes.append(foreign("ConvTransposeGrad", "g_up x w_up", "dx_up", **same, **sides))
    shapes = {"x": x.shape, "g": g.shape, "g_up": g_up.shape}
    constants = {"w": w.numpy(), "w_up": w_up.numpy()}
    lowered = model(nodes, shapes, "dx dx_up", constants)
    lower(lowered)
    expected = torch.autograd.grad(y, x, g) + torch.autograd.grad(y_up, x, g_up)
    for ours, theirs in zip(
        run(lowered, g=g.numpy(), g_up=g_up.numpy(), x=x.detach().numpy()), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", [{"strides": [2, 2]}, {"group": 3}, {"dilations": [2, 2]}])
def test_other_convolutions_are_refused(change: dict[str, Any]) -> None:
    usual = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1] * 4}
    node = foreign("ConvGrad", "g x w", "dx", **(usual | change))
    shapes = {"x": (1, 6, 6, 6), "g": (1, 6, 6, 6), "w": (6, 2, 3, 3)}
    with pytest.raises(EngineError, match="dx: only"):
        lower(model([node], shapes, "dx"))


@pytest.mark.parametrize(("a_turned", "b_turned"), [(0, 1), (1, 0), (1, 1)])
def test_a_product_with_transposed_weights(a_turned: int, b_turned: int) -> None:
    random = np.random.RandomState(0)
    x, a, b = (random.randn(*shape).astype(np.float32) for shape in ((3, 5), (2, 3, 3), (2, 5, 5)))
    left, right = (np.swapaxes(w, 1, 2) if t else w for w, t in ((a, a_turned), (b, b_turned)))
    plain = {"alpha": 1.0, "transBatchA": 0, "transBatchB": 0}
    standard = gradient_model(
        foreign("FusedMatMul", "a x", "ax", **plain, transA=a_turned, transB=0),
        foreign("FusedMatMul", "ax b", "axb", **plain, transA=0, transB=b_turned),
        helper.make_node("ReduceSum", ["axb", "axis"], ["z"], keepdims=0),
        a=a,
        b=b,
        axis=np.array([0]),
    )
    standardise(standard, OPSET)
    np.testing.assert_allclose(run(standard, x=x)[0], (left @ x @ right).sum(0), rtol=1e-4)


@pytest.mark.parametrize(
    ("starts", "ends", "axes"), [([1], [4], [1]), ([0, 2], [2, 99], [0, 1]), ([0], [3], [0])]
)
def test_the_gradient_of_a_slice(starts: list[int], ends: list[int], axes: list[int]) -> None:
    x = np.arange(15, dtype=np.float32).reshape(3, 5)
    numbers = {"starts": starts, "ends": ends, "axes": axes, "steps": [1] * len(axes)}
    standard = gradient_model(
        helper.make_node("Slice", ["x", *numbers], ["part"]),
        helper.make_node("Shape", ["x"], ["shape"]),
        foreign("SliceGrad", "part shape starts ends axes steps", "z"),
        **{name: np.array(values, np.int64) for name, values in numbers.items()},
    )
    standardise(standard, OPSET)
    kept = np.zeros_like(x)
    places = [slice(None), slice(None)]
    for start, end, axis in zip(starts, ends, axes, strict=True):
        places[axis] = slice(start, end)
    kept[tuple(places)] = x[tuple(places)]
    np.testing.assert_array_equal(run(standard, x=x)[0], kept)


def test_the_latent_goes_in_and_its_gradient_comes_out() -> None:
    standard = gradient_model(helper.make_node("Neg", ["x"], ["z"]))
    standardise(standard, OPSET)
    onnx.checker.check_model(standard, full_check=True)
    assert [value.name for value in standard.graph.input] == ["x"]
    assert [value.name for value in standard.graph.output] == ["z"]
    assert [(entry.domain, entry.version) for entry in standard.opset_import] == [("", OPSET)]


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (foreign("GatherGrad", "x x", "z"), "GatherGrad"),
        (helper.make_node("ConcatTraining", ["x", "x"], ["z"]), "ConcatTraining"),
        (helper.make_node("Scan_of_tomorrow", ["x"], ["z"]), "Scan_of_tomorrow"),
        (foreign("Gelu", "x", "z"), "Gelu"),
        (foreign("SliceGrad", "x shape one one minus one", "z"), r"SliceGrad \(z\)"),
        (foreign("SliceGrad", "x shape one one one two", "z"), r"SliceGrad \(z\)"),
        (foreign("SliceGrad", "x shape one one shape one", "z"), r"SliceGrad \(z\)"),
        (
            foreign("FusedMatMul", "x x", "z", alpha=2.0, transBatchA=0, transBatchB=0),
            r"FusedMatMul \(z\)",
        ),
    ],
)
def test_what_has_no_standard_form_is_refused_by_name(node: onnx.NodeProto, name: str) -> None:
    shape = helper.make_node("Shape", ["x"], ["shape"])
    numbers = {"one": 1, "two": 2, "minus": -1}
    constants = {name: np.array([number]) for name, number in numbers.items()}
    with pytest.raises(EngineError, match=name):
        standardise(gradient_model(shape, node, **constants), OPSET)
