"""Gradients of small graphs beside finite differences.

The graph under test is run by ONNX Runtime in float32. The differences are taken of the graph as
it was, run in float64 by onnx's reference implementation, along random directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tui_draggan.engines.runtime import load_runtime
from tui_draggan.export.gradient import differentiate
from tui_draggan.export.lowering import lower
from tui_draggan.export.standard_operators import standardise

Array = NDArray[Any]
OPSET = 17
STEP = 1e-7
ONE = np.ones((), np.float32)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
    dynamic: bool = False,
) -> onnx.ModelProto:
    """A graph whose output `loss` is Σ y·share, y the last node's output, share an input.

    dynamic: the inputs' sides have names instead of lengths.
    """
    y = nodes[-1].output[0]
    weighted = helper.make_node("Mul", [y, "share"], ["weighted"])
    total = helper.make_node("ReduceSum", ["weighted"], ["loss"], keepdims=0)
    values = [
        helper.make_tensor_value_info(
            name,
            helper.np_dtype_to_tensor_dtype(array.dtype),
            [f"{name}_{axis}" for axis in range(array.ndim)] if dynamic else array.shape,
        )
        for name, array in inputs.items()
    ]
    values.append(helper.make_tensor_value_info("share", TensorProto.FLOAT, None))
    graph = helper.make_graph(
        [*nodes, weighted, total],
        "test",
        values,
        [
            helper.make_tensor_value_info("loss", TensorProto.FLOAT, []),
            helper.make_tensor_value_info(y, TensorProto.FLOAT, None),
        ],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    return model


def check(
    model: onnx.ModelProto, inputs: Mapping[str, Array], parameters: Sequence[str], tolerance: float
) -> dict[str, Array]:
    """Compares the gradients by `parameters` (inputs or constants) with finite differences, and
    returns them. The largest difference is `tolerance` of the largest slope."""
    random = np.random.default_rng(0)
    (y,) = _reference(model, [model.graph.output[1].name], {**inputs, "share": ONE})
    share = random.standard_normal(y.shape).astype(np.float32)
    inputs = {**inputs, "share": share}
    found = gradients(model, inputs, parameters)
    for name in parameters:
        slopes, expected = [], []
        for _ in range(4):
            direction = random.standard_normal(found[name].shape)
            slopes.append(float((found[name] * direction).sum()))
            expected.append(_slope(model, inputs, name, direction))
        worst = np.abs(np.subtract(slopes, expected)).max()
        scale = max(np.abs(expected).max(), 1e-3)
        assert worst <= tolerance * scale, (name, slopes, expected)
    return found


def gradients(
    model: onnx.ModelProto, inputs: Mapping[str, Array], parameters: Sequence[str]
) -> dict[str, Array]:
    """By every parameter, from the differentiated graph in standard operators."""
    work = onnx.ModelProto()
    work.CopyFrom(model)
    names = differentiate(work, "loss", parameters)
    for parameter, name in names.items():
        work.graph.node.append(helper.make_node("Identity", [name], [f"{parameter}_gradient"]))
        output = helper.make_tensor_value_info(f"{parameter}_gradient", TensorProto.FLOAT, None)
        work.graph.output.append(output)
    lower(work)
    standardise(work, OPSET)
    session = load_runtime().InferenceSession(
        work.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {value.name for value in work.graph.input}
    feeds = {name: array for name, array in inputs.items() if name in given}
    values = session.run([f"{name}_gradient" for name in parameters], feeds)
    for name, value in zip(parameters, values, strict=True):
        expected = inputs[name].shape if name in inputs else _constant(model, name).shape
        assert value.shape == expected, (name, value.shape, expected)
    return dict(zip(parameters, values, strict=True))


def _slope(model: onnx.ModelProto, inputs: Mapping[str, Array], name: str, way: Array) -> float:
    """Of the loss along a direction of one parameter, by central differences in float64."""
    losses = []
    for sign in (1, -1):
        wide, feeds = _widened(model), {key: _wide(array) for key, array in inputs.items()}
        if name in feeds:
            feeds[name] = feeds[name] + sign * STEP * way
        else:
            value = _constant(wide, name) + sign * STEP * way
            (item,) = (item for item in wide.graph.initializer if item.name == name)
            item.CopyFrom(numpy_helper.from_array(value, name))
        (loss,) = _reference(wide, ["loss"], feeds)
        losses.append(float(loss))
    return (losses[0] - losses[1]) / (2 * STEP)


def _reference(
    model: onnx.ModelProto, outputs: Sequence[str], feeds: Mapping[str, Array]
) -> list[Array]:
    """What onnx's own slow implementation gives."""
    found = ReferenceEvaluator(model).run(outputs, dict(feeds))
    return [np.asarray(value) for value in found]


def _widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in float64."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    for item in wide.graph.initializer:
        item.CopyFrom(numpy_helper.from_array(_wide(numpy_helper.to_array(item)), item.name))
    return wide


def _wide(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def _constant(model: onnx.ModelProto, name: str) -> Array:
    return next(numpy_helper.to_array(i) for i in model.graph.initializer if i.name == name)
