"""Phases of a transposed convolution, filtered in another order, are what it was."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.export.running import run
from tui_draggan.export.phases import split_phases

IN, OUT, S = 5, 3, 6
WIDE = 2 * S + 1


def model(*more: onnx.NodeProto, rows: int = S, **changes: Any) -> onnx.ModelProto:
    """x (1, IN, rows, S) → y (1, OUT, 2·rows, 2S): a transposed convolution, matrices behind it."""
    random = np.random.RandomState(0)
    shape: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [2, 2], **changes}
    nodes = [
        helper.make_node("ConvTranspose", ["x", "w"], ["wide"], **shape),
        helper.make_node("MatMul", ["wide", "right"], ["half"]),
        helper.make_node("MatMul", ["left", "half"], ["y"]),
        *more,
    ]
    weights = {"w": (IN, OUT, 3, 3), "right": (WIDE, 2 * S), "left": (2 * rows, 2 * rows + 1)}
    constants = [
        numpy_helper.from_array(random.randn(*sides).astype(np.float32), name)
        for name, sides in weights.items()
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, IN, rows, S))
    shape_of_wide = (1, OUT, 2 * rows + 1, WIDE)
    wide = helper.make_tensor_value_info("wide", TensorProto.FLOAT, shape_of_wide)
    last = nodes[-1].output[0]
    names = ["y"] if last == "y" else ["y", last]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in names]
    graph = helper.make_graph(nodes, "graph", [x], outputs, constants, value_info=[wide])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def split(before: onnx.ModelProto) -> onnx.ModelProto:
    after = copy.deepcopy(before)
    split_phases(after.graph)
    return after


@pytest.mark.parametrize("rows", [S, 4])
def test_the_same_map(rows: int) -> None:
    """With any matrices, so that every row and column counts."""
    before = model(rows=rows)
    after = split(before)
    kinds = [node.op_type for node in after.graph.node]
    assert "ConvTranspose" not in kinds and kinds.count("Conv") == 4
    onnx.checker.check_model(after, full_check=True)
    x = np.random.RandomState(1).randn(1, IN, rows, S)
    np.testing.assert_allclose(run(after, x=x)[0], run(before, x=x)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "before",
    [
        model(helper.make_node("Neg", ["wide"], ["seen"])),
        model(helper.make_node("Neg", ["half"], ["seen"])),
        model(output_padding=[1, 1]),
        model(strides=[1, 1]),
        model(pads=[1, 1, 0, 0]),
    ],
)
def test_other_forms_stay(before: onnx.ModelProto) -> None:
    assert split(before).SerializeToString() == before.SerializeToString()
