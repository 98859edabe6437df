"""What is computed in a window is what is computed on whole maps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.tiny import tiny_generator
from tui_draggan.engines.runtime import load_runtime
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.export.cropping import NEAR, OUTSIDE, crop_gradient
from tui_draggan.export.graph_rewriting import attributes
from tui_draggan.export.lowering import lower
from tui_draggan.size import Size

C, H = 3, 8
SPANS = st.tuples(st.integers(0, H), st.integers(0, H)).filter(lambda ends: ends[0] < ends[1])
"""First and end of rows or columns."""


def node(operator: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    domain = "com.microsoft" if operator in ("FusedMatMul", "ConvGrad", "LeakyReluGrad") else ""
    domain = "com.microsoft" if operator in ("ConvTransposeGrad", "SliceGrad") else domain
    names = inputs.split(), [output]
    return helper.make_node(operator, *names, output, domain=domain, **attributes)


def banded(rows: int, columns: int, slope: float) -> np.ndarray:
    """Other than zero within two columns of a diagonal."""
    distance = np.arange(columns) - slope * np.arange(rows)[:, None]
    return np.where(np.abs(distance) < 2, 1 + distance, 0)


def gradient_graph() -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """A gradient's way down one block, with everything that can happen to it."""
    random = np.random.RandomState(0)
    weights = {
        "w": random.randn(C, C, 3, 3),
        "one": random.randn(C, C, 1, 1),
        "up": random.randn(C, C, 3, 3),
        "each": random.randn(C, 1, 4, 4),
        "each_up": random.randn(C, 1, 4, 4),
        "fir": banded(H, H + 1, 1.0),
        "fir_t": banded(H, H + 1, 1.0).T,
        "enlarge": banded(H, H // 2, 0.5),
        "enlarge_t": banded(H, H // 2, 0.5).T,
        "map": random.randn(1, C, H, H),
        "wide_map": random.randn(1, C, H + 1, H + 1),
        "small_map": random.randn(1, C, H // 2, H // 2),
        "channels": random.randn(1, C, 1, 1),
    }
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    numbers = {"shape": (1, C, H, H), "two": (2,), "both_axes": (2, 3), "places": (2, 3)}
    turned = {"alpha": 1.0, "transBatchA": 0, "transBatchB": 0}
    same = {"strides": [1, 1], "kernel_shape": [3, 3], "pads": [1] * 4}
    point = {"strides": [1, 1], "kernel_shape": [1, 1], "pads": [0] * 4}
    twice = {"strides": [2, 2], "kernel_shape": [3, 3], "pads": [0] * 4}
    filter_ = {"strides": [1, 1], "kernel_shape": [4, 4], "pads": [1] * 4, "group": C}
    doubled = {"strides": [2, 2], "kernel_shape": [4, 4], "pads": [1] * 4, "group": C}
    nodes = [
        node("SliceGrad", "by_near shape near_first near_end both_axes", "by_points"),
        node("SliceGrad", "by_rows shape outside_first outside_end two", "by_mask"),
        node("Sum", "by_points by_mask", "top"),
        node("LeakyReluGrad", "top map", "active", alpha=0.2),
        node("GreaterOrEqual", "map limit", "above"),
        node("Cast", "above", "mask", to=TensorProto.FLOAT),
        node("Mul", "active mask", "clamped"),
        node("Mul", "clamped map", "by_channels_map"),
        node("ReduceSum", "by_channels_map places", "by_channels", keepdims=1),
        node("Mul", "clamped channels", "scaled"),
        node("ConvGrad", "scaled map w", "conv", **same),
        node("FusedMatMul", "fir conv", "left", transA=1, transB=0, **turned),
        node("FusedMatMul", "left fir_t", "filtered", transA=0, transB=1, **turned),
        node("ConvTransposeGrad", "filtered small_map up", "main", **twice),
        node("ConvGrad", "conv wide_map each", "filtered_each", **filter_),
        node("ConvTransposeGrad", "filtered_each small_map up", "main_each", **twice),
        node("ConvTransposeGrad", "top small_map each_up", "skip_each", **doubled),
        node("FusedMatMul", "enlarge top", "half", transA=1, transB=0, **turned),
        node("FusedMatMul", "half enlarge_t", "quarter", transA=0, transB=1, **turned),
        node("ConvGrad", "quarter small_map one", "skip", **point),
        node("Sum", "main main_each skip skip_each", "both"),
        node("Mul", "both small_map", "product"),
        node("ReduceSum", "product places", "by_style", keepdims=1),
        node("Neg", "both", "unknown"),  # nothing is known of Neg here: it gets the whole map
    ]
    inputs: dict[str, tuple[int | str, ...]] = {
        **{"by_near": (1, C, "v", "u"), "by_rows": (1, C, "r", H), "limit": ()},
        **{"outside_weight": ("r", H)},
    }
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()]
    values += [
        helper.make_tensor_value_info(name, TensorProto.INT64, (count,))
        for name, count in {**dict.fromkeys(OUTSIDE, 1), **dict.fromkeys(NEAR, 2)}.items()
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in {
            "by_channels": (1, C, 1, 1),
            "by_style": (1, C, 1, 1),
            "unknown": (1, C, H // 2, H // 2),
        }.items()
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    constants += [numpy_helper.from_array(np.array(v, np.int64), n) for n, v in numbers.items()]
    notes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, C, H, H))
        for name in ("by_points", "by_mask", "top")
    ]
    graph = helper.make_graph(nodes, "graph", values, outputs, constants, value_info=notes)
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    matrices = {name: value for name, value in weights.items() if value.ndim == 2}
    return model, matrices


def session(model: onnx.ModelProto) -> Any:
    providers = ["CPUExecutionProvider"]
    return load_runtime().InferenceSession(model.SerializeToString(), providers=providers)


WHOLE, MATRICES = gradient_graph()
CROPPED = copy.deepcopy(WHOLE)
crop_gradient(CROPPED, MATRICES)
lower(WHOLE)
lower(CROPPED)
RUNS = [session(WHOLE), session(CROPPED)]


@settings(max_examples=80)
@given(SPANS, SPANS, SPANS, st.booleans())
def test_the_same_numbers_wherever_it_pulls(
    rows: tuple[int, int], columns: tuple[int, int], outside: tuple[int, int], masked: bool
) -> None:
    random = np.random.RandomState(0)
    feeds = {
        "by_near": random.randn(1, C, rows[1] - rows[0], columns[1] - columns[0]),
        "by_rows": random.randn(1, C, outside[1] - outside[0], H) * masked,
        "limit": -0.5,
        "outside_weight": random.rand(outside[1] - outside[0], H) * masked,
    }
    feeds = {name: np.asarray(value, np.float32) for name, value in feeds.items()}
    feeds |= {name: np.array([at]) for name, at in zip(OUTSIDE, outside, strict=True)}
    feeds |= dict(zip(NEAR, np.array([rows, columns]).T.copy(), strict=True))
    for whole, cropped in zip(*(run.run(None, feeds) for run in RUNS), strict=True):
        np.testing.assert_allclose(cropped, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"conv_clamp": 1.2},
        {"architecture": "resnet"},
        {"architecture": "orig"},
        {"const": Size(4, 2)},
    ],
)
def test_every_gradient_of_a_network_is_cropped(tmp_path: Path, options: dict[str, Any]) -> None:
    """No map is made whole again, and each convolution of the backward pass reads a window."""
    torch.manual_seed(0)
    export_bundle(tiny_generator(**options), tmp_path / "model", name="m", feature_block=16)
    for name in "step", "training_model":
        model = onnx.load(tmp_path / f"model/drag/{name}.onnx", load_external_data=False)
        made = {output: node for node in model.graph.node for output in node.output}
        assert not [output for output in made if "/grown/integers_0_0" in output]
        backward = [
            n
            for n in model.graph.node
            if n.op_type == "Conv" and n.output[0].startswith("gradient/")
        ]
        assert len(backward) >= 5
        for conv in backward:
            wide = attributes(conv)["kernel_shape"][0] > 1
            assert not wide or made[conv.input[0]].op_type == "Pad", conv.name
