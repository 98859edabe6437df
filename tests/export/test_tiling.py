"""A convolution in tiles is the convolution; where tiles do not pay, it stays."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F

from tests.export.running import run
from tui_draggan.engines.torch.winograd import LARGE_TILES
from tui_draggan.export import tiling
from tui_draggan.export.tiling import spread, tile_convolutions

IN, OUT, S = 128, 132, 32
PLAIN = {"kernel_shape": [3, 3], "pads": [1] * 4, "strides": [1, 1], "dilations": [1, 1]}


def model(
    inputs: int = IN,
    side: int = S,
    out_side: int | None = None,
    rows: int | None = None,
    bias: bool = False,
    noted: bool = True,
    **changes: Any,
) -> onnx.ModelProto:
    """x (1, inputs, rows, side) → y, a convolution with a random weight, and −y."""
    random = np.random.RandomState(0)
    settings = {**PLAIN, "group": 1, **changes}
    kernel = (OUT, inputs // settings["group"], *settings["kernel_shape"])
    constants = [
        numpy_helper.from_array(random.randn(*shape).astype(np.float32) / 30, name)
        for name, shape in (("w", kernel), ("b", (OUT,)))
    ]
    names = ["x", "w", "b"] if bias else ["x", "w"]
    nodes = [
        helper.make_node("Conv", names, ["y"], **settings),
        helper.make_node("Neg", ["y"], ["z"]),
    ]
    rows = rows or side
    out = (rows, side) if out_side is None else (out_side, out_side)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, inputs, rows, side))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, OUT, *out))
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, [None] * 4)
    notes = [y] if noted else []
    graph = helper.make_graph(nodes, "graph", [x], [z], constants[: len(names) - 1], None, notes)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tiled(before: onnx.ModelProto) -> onnx.ModelProto:
    after = copy.deepcopy(before)
    tile_convolutions(after.graph)
    return after


@pytest.mark.parametrize("rows", [S, 24])
def test_the_same_map(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's convolution, to float32's rounding, up to the border."""
    monkeypatch.setattr(tiling, "LEAST_SIDE", 24)
    before = model(rows=rows)
    after = tiled(before)
    assert "Conv" not in {node.op_type for node in after.graph.node}
    onnx.checker.check_model(after, full_check=True)
    x = np.random.RandomState(1).randn(1, IN, rows, S).astype(np.float32)
    (found,) = run(after, x=x)
    weight = torch.tensor(numpy_helper.to_array(before.graph.initializer[0])).double()
    wanted = -F.conv2d(torch.tensor(x).double(), weight, padding=1).numpy()
    assert np.abs(found - wanted).max() < 2e-5 * np.abs(wanted).max()


def test_matrices_along_an_axis() -> None:
    """Along one axis the same, with the algorithm's numbers alone."""
    into, out = spread(LARGE_TILES, 12)
    x, taps = np.arange(12.0) ** 2, np.array([2.0, -1, 3])
    factors = (LARGE_TILES.taps.numpy() @ taps).repeat(3)
    found = out @ (factors * (into @ x))
    np.testing.assert_allclose(found, np.correlate(x, taps, "same"), rtol=1e-12)


@pytest.mark.parametrize(
    "before",
    [
        model(side=16),
        model(inputs=124),
        model(side=64),
        model(side=34),
        model(rows=24),
        model(rows=64),
        model(rows=34),
        model(bias=True),
        model(noted=False),
        model(strides=[2, 2], side=64, out_side=32),
        model(pads=[0] * 4, side=34, out_side=32),
        model(kernel_shape=[1, 1], pads=[0] * 4),
        model(dilations=[2, 2], pads=[2] * 4),
        model(group=2, inputs=256),
    ],
)
def test_other_forms_stay(before: onnx.ModelProto) -> None:
    assert tiled(before).SerializeToString() == before.SerializeToString()
