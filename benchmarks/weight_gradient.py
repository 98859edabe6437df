"""The gradient of convolutions by their weights: a product for every tap, against one convolution.

    python -m benchmarks.weight_gradient [--model critters] [--size 256] [--rounds 7]

What tuning a whole network needs once a step, for every convolution of a model (`--model`, its own
shapes) or of a random one of that size. The convolution slides the gradient of the output over the
input, with batch and channels exchanged; the products are `export/gradient/convolutions.py`. They
take turns on one thread; CPU milliseconds, medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tui_draggan import library
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.runtime import load_runtime
from tui_draggan.export.gradient import differentiate
from tui_draggan.export.graph_surgery import keep_outputs
from tui_draggan.export.lowering import lower
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.tracing import IR_VERSION, OPSET
from tui_draggan.stylegan.config import GeneratorConfig

CHANNEL_BASE = 16384


@dataclass(frozen=True)
class Layer:
    """A 3×3 convolution between maps of squares; `up`: transposed, with stride 2."""

    inputs: int
    outputs: int
    side: int
    """Side of the map that goes in."""
    up: bool

    @property
    def shapes(self) -> dict[str, list[int]]:
        """Of input, weight and output."""
        i, o, s = self.inputs, self.outputs, self.side
        weight = [i, o, 3, 3] if self.up else [o, i, 3, 3]
        out = 2 * s + 1 if self.up else s
        return {"x": [1, i, s, s], "w": weight, "y": [1, o, out, out]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--model", default="critters", help="name or folder")
    what.add_argument("--size", type=int, help="of a model of random weights")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.size is None:
        info = ModelBundle.open(library.find_model(options.model)).info
        config = GeneratorConfig.from_dict(info.generator)
    else:
        config = GeneratorConfig.from_channel_base(options.size, CHANNEL_BASE)
    print(f"{'layer':28} {'products':>9} {'convolution':>12}   ms")
    sums: dict[str, float] = defaultdict(float)
    for layer in layers(config):
        found = measured(layer, options.rounds)
        kind = "up" if layer.up else "plain"
        name = f"{layer.inputs}→{layer.outputs}, {layer.side} px, {kind}"
        print(f"{name:28} {found['products']:9.2f} {found['convolution']:12.2f}", flush=True)
        for form, milliseconds in found.items():
            sums[form] += milliseconds
    print(f"{'all':28} {sums['products']:9.2f} {sums['convolution']:12.2f}")


def layers(config: GeneratorConfig) -> list[Layer]:
    channels = config.channels
    found = [Layer(channels[0], channels[0], config.block_resolutions[0], up=False)]
    for before, after, side in zip(channels, channels[1:], config.block_resolutions, strict=False):
        found += [Layer(before, after, side, up=True), Layer(after, after, 2 * side, up=False)]
    return found


def measured(layer: Layer, rounds: int) -> dict[str, float]:
    """CPU milliseconds by form."""
    random = np.random.default_rng(0)
    values = {
        name: random.standard_normal(shape, np.float32) for name, shape in layer.shapes.items()
    }
    models = {"products": products(layer), "convolution": convolution(layer)}
    sessions = {name: session(model) for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    results: dict[str, NDArray[np.float32]] = {}
    for number in range(rounds + 1):
        for name, opened in sessions.items():
            feeds = {value.name: values[value.name] for value in opened.get_inputs()}
            start = time.process_time()
            (results[name],) = opened.run(["dw"], feeds)
            if number:  # memory is allocated in the first
                times[name].append((time.process_time() - start) * 1000)
    scale = np.abs(results["products"]).max()
    assert np.abs(results["products"] - results["convolution"]).max() <= 1e-4 * scale
    return {name: statistics.median(values) for name, values in times.items()}


def session(model: onnx.ModelProto) -> Any:
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def products(layer: Layer) -> onnx.ModelProto:
    """As `differentiate` writes it: of Σ y · conv(x, w), where y is the gradient of the output."""
    operator = "ConvTranspose" if layer.up else "Conv"
    geometry: dict[str, Any] = {"strides": [2, 2]} if layer.up else {"pads": [1] * 4}
    nodes = [
        helper.make_node(operator, ["x", "w"], ["out"], kernel_shape=[3, 3], **geometry),
        helper.make_node("Mul", ["out", "y"], ["share"]),
        helper.make_node("ReduceSum", ["share"], ["loss"], keepdims=0),
    ]
    model = model_of(nodes, layer.shapes, "loss", [])
    gradient = differentiate(model, "loss", ["w"])["w"]
    model.graph.node.append(helper.make_node("Identity", [gradient], ["dw"]))
    shape = layer.shapes["w"]
    model.graph.output.append(helper.make_tensor_value_info("dw", TensorProto.FLOAT, shape))
    keep_outputs(model, ["dw"])
    lower(model)
    standardise(model, OPSET)
    return model


def convolution(layer: Layer) -> onnx.ModelProto:
    """The same as one convolution: channels take the batch's place, the map that is slid is the
    kernel, and what was a stride is a distance between its taps."""
    data, slid = ("y", "x") if layer.up else ("x", "y")
    geometry: dict[str, Any] = {"dilations": [2, 2]} if layer.up else {"pads": [1] * 4}
    nodes = [
        helper.make_node("Transpose", [data], ["data"], perm=[1, 0, 2, 3]),
        helper.make_node("Transpose", [slid], ["slid"], perm=[1, 0, 2, 3]),
        helper.make_node("Conv", ["data", "slid"], ["turned"], **geometry),
        helper.make_node("Transpose", ["turned"], ["dw"], perm=[1, 0, 2, 3]),
    ]
    shapes = {name: layer.shapes[name] for name in ("x", "y")}
    return model_of(nodes, shapes, "dw", layer.shapes["w"])


def model_of(
    nodes: list[onnx.NodeProto], shapes: dict[str, list[int]], output: str, shape: list[int]
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    return model


if __name__ == "__main__":
    main()
