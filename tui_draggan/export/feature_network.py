"""A network of features in the loss of an inversion: any ONNX file, composed in at export.

Two pictures that are near in their pixels may still be two faces: features say what the eye sees
(Johnson et al., "Perceptual Losses", ECCV 2016). The network looks at the picture and at the
photograph; each of its outputs adds the mean absolute difference of the two, as a share of the
photograph's, so that outputs of all sizes count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, version_converter

from tui_draggan.errors import UsageError
from tui_draggan.export.graph_surgery import sort_nodes
from tui_draggan.export.tracing import OPSET
from tui_draggan.files import check_readable
from tui_draggan.size import Size

BEGINNING = "features/"
"""Of the names of all that comes into a graph with the network."""
WEIGHT = 0.1
"""Weight of all outputs together, beside the distance of the pixels."""
SMALLEST = 1e-6
"""Added to the size of the photograph's features."""
MOST_BYTES = 200 << 20
"""Size of a file."""


def read_feature_network(file: Path, size: Size) -> onnx.ModelProto:
    """A network for pictures (1, 3, H, W) in [-1, 1] of that size, in the exporter's opset.

    Raises UsageError, naming the file, where it is no such network.
    """
    check_readable(file, "an ONNX model")
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"{file.stat().st_size >> 20} MiB, above the limit of 200 MiB")
        model = onnx.load(file, load_external_data=False)
        onnx.checker.check_model(model)
        # What does not convert comes as any of several types.
        model = version_converter.convert_version(model, OPSET)
    except Exception as error:
        words = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UsageError(f"{file} is no ONNX model that can be used: {words}") from None
    problem = _problem(model.graph, size)
    if problem is not None:
        raise UsageError(
            f"{file} {problem}; expected one input (1, 3, {size.height}, {size.width})"
        )
    return model


def _problem(graph: onnx.GraphProto, size: Size) -> str | None:
    """Why it cannot look at pictures of that size; None where it can."""
    held = {item.name for item in graph.initializer}
    inputs = [value for value in graph.input if value.name not in held]
    if len(inputs) != 1:
        return f"takes {len(inputs)} inputs"
    kind = inputs[0].type.tensor_type
    if kind.elem_type != TensorProto.FLOAT or not kind.HasField("shape"):
        return "takes something else than a picture in float32"
    sides = [side.dim_value for side in kind.shape.dim]  # 0 where any length will do
    expected = (1, 3, *size)
    if len(sides) != 4 or any(a not in (0, b) for a, b in zip(sides, expected, strict=True)):
        return f"takes {tuple(side or 'N' for side in sides)}"
    if any(value.type.tensor_type.elem_type != TensorProto.FLOAT for value in graph.output):
        return "gives something else than float32"
    return None


def add_feature_distance(
    model: onnx.ModelProto,
    features: onnx.ModelProto,
    picture: str,
    target: str,
    distance: str,
    loss: str,
) -> None:
    """Makes `loss` the sum of the scalar tensor `distance` and that of the features, in place.

    picture and target: tensors (1, 3, H, W) of the model.
    """
    graph, network = model.graph, features.graph
    for item in network.initializer:
        copied = graph.initializer.add()
        copied.CopyFrom(item)
        copied.name = f"{BEGINNING}{item.name}"
    names = [value.name for value in network.output]
    seen = _looking_at(graph, network, picture, "picture", names)
    wanted = _looking_at(graph, network, target, "target", names)
    shares = [
        _share(graph, *pair, f"features/{number}")
        for number, pair in enumerate(zip(seen, wanted, strict=True))
    ]
    weight = numpy_helper.from_array(_scalar(WEIGHT / len(shares)), "features/weight")
    graph.initializer.append(weight)
    graph.node.extend(
        [
            helper.make_node("Sum", shares, ["features/sum"], "features/sum"),
            helper.make_node("Mul", ["features/sum", weight.name], ["features/distance"]),
            helper.make_node("Add", [distance, "features/distance"], [loss], loss),
        ]
    )
    sort_nodes(graph)


def _looking_at(
    graph: onnx.GraphProto,
    network: onnx.GraphProto,
    picture: str,
    branch: str,
    names: Sequence[str],
) -> list[str]:
    """Writes the network into the graph, with its input at that tensor; its outputs' names."""
    held = {item.name for item in network.initializer}
    taken = next(value.name for value in network.input if value.name not in held)

    def renamed(name: str) -> str:
        if name == taken:
            return picture
        if not name or name in held:
            return name and f"{BEGINNING}{name}"
        return f"{BEGINNING}{branch}/{name}"

    for node in network.node:
        copied = graph.node.add()
        copied.CopyFrom(node)
        copied.name = f"{BEGINNING}{branch}/{node.name or node.output[0]}"
        copied.input[:] = [renamed(name) for name in node.input]
        copied.output[:] = [renamed(name) for name in node.output]
    return [renamed(name) for name in names]


def _scalar(value: float) -> NDArray[np.float32]:
    return np.array(value, np.float32)


def _share(graph: onnx.GraphProto, seen: str, wanted: str, name: str) -> str:
    """mean |seen − wanted| / (mean |wanted| + ε)."""
    if "features/smallest" not in {item.name for item in graph.initializer}:
        smallest = numpy_helper.from_array(_scalar(SMALLEST), "features/smallest")
        graph.initializer.append(smallest)
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Sub", [seen, wanted], "apart", {}),
        ("Abs", [f"{name}/apart"], "sizes", {}),
        ("ReduceMean", [f"{name}/sizes"], "mean", {"keepdims": 0}),
        ("Abs", [wanted], "wanted_sizes", {}),
        ("ReduceMean", [f"{name}/wanted_sizes"], "wanted_mean", {"keepdims": 0}),
        ("Add", [f"{name}/wanted_mean", "features/smallest"], "scale", {}),
        ("Div", [f"{name}/mean", f"{name}/scale"], "share", {}),
    )
    for operator, inputs, end, options in steps:
        made = f"{name}/{end}"
        graph.node.append(helper.make_node(operator, inputs, [made], made, **options))
    return f"{name}/share"
