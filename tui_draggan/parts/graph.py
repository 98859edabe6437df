"""The head in the model's own graph: w+ → parts, in standard operators, for every engine.

The graph is the model's synthesis network, from which all that only the picture needs is dropped;
its weights stay where they are, so the file holds the head and little else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tui_draggan.arrays import Floats
from tui_draggan.bundle import MANIFEST, PARTS, ModelBundle
from tui_draggan.engines import runtime
from tui_draggan.errors import BundleError
from tui_draggan.export.graph_surgery import keep_outputs
from tui_draggan.files import replacing, sha256
from tui_draggan.parts.head import Features, Head

SMALLEST, LARGEST = 16, 256
"""Blocks whose features are looked at: coarser ones tell no borders, finer ones little more."""
FEATURES = re.compile(r"/b(\d+)/conv1/activation/(LeakyRelu|Clip)_output_0")
"""Values that the exporter has named after the module that gives them, and its operator: a clamp
is the last where there is one."""


def feature_values(model: onnx.ModelProto) -> dict[int, str]:
    """Names of the features of each block, of a synthesis graph."""
    found: dict[int, str] = {}
    for node in model.graph.node:
        for output in node.output:
            match = FEATURES.fullmatch(output)
            if match is None or not SMALLEST <= int(match[1]) <= LARGEST:
                continue
            if match[2] == "Clip" or int(match[1]) not in found:
                found[int(match[1])] = output
    return dict(sorted(found.items()))


@dataclass(frozen=True, eq=False)
class FeatureNetwork:
    """Gives the features of several blocks."""

    session: Any
    blocks: tuple[int, ...]

    def __call__(self, ws: Floats) -> Features:
        """w+ (L, w_dim) → by block (C, h, w). Raises EngineError."""
        with runtime.failing_as("features"):
            found = self.session.run(None, {"ws": ws[None]})
        return {block: values[0] for block, values in zip(self.blocks, found, strict=True)}


@contextmanager
def feature_network(bundle: ModelBundle) -> Iterator[FeatureNetwork]:
    """The features of a model's blocks. Raises BundleError where its network is another."""
    model = onnx.load(bundle.file("synthesis.onnx"))
    values = _values(model, bundle)
    for name in values.values():
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    keep_outputs(model, tuple(values.values()))
    with TemporaryDirectory() as folder:
        file = Path(folder, "features.onnx")
        onnx.save(model, file)
        yield FeatureNetwork(runtime.open_session(file, "cpu"), tuple(values))


def parts_graph(bundle: ModelBundle, head: Head) -> onnx.ModelProto:
    """w+ (1, L, w_dim) → parts (H, W), uint8; its weights lie where the synthesis network's do.
    Raises BundleError where the network is another than the head's."""
    model = onnx.load(bundle.file("synthesis.onnx"), load_external_data=False)
    values = _values(model, bundle)
    graph = model.graph
    count, (height, width) = len(head.names), bundle.info.size

    def constant(name: str, array: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def add(operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        graph.node.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    sizes = constant("parts/sizes", np.array([1, count, height, width], np.int64))
    total = constant("parts/bias", head.bias[None, :, None, None])
    for block, weight in head.weights.items():
        own = constant(f"parts/b{block}/weight", weight[:, :, None, None])
        logits = add("Conv", [values[block], own], f"parts/b{block}/logits")
        large = add(
            "Resize",
            [logits, "", "", sizes],
            f"parts/b{block}/large",
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        total = add("Add", [total, large], f"parts/b{block}/total")
    best = add("ArgMax", [total], "parts/best", axis=1, keepdims=0)
    rows = constant("parts/shape", np.array([height, width], np.int64))
    flat = add("Reshape", [best, rows], "parts/flat")
    add("Cast", [flat], "parts", to=TensorProto.UINT8)
    graph.output.append(helper.make_tensor_value_info("parts", TensorProto.UINT8, [height, width]))
    keep_outputs(model, ("parts",))
    return model


def add_parts(bundle: ModelBundle, head: Head) -> None:
    """Puts the head into a model, in place of another: its graph and the parts' names.

    Raises OutputError where the model's folder cannot be written, BundleError.
    """
    model = parts_graph(bundle, head)
    file = bundle.file(PARTS)
    manifest = bundle.file(MANIFEST)
    values = json.loads(manifest.read_text(encoding="utf-8"))
    with replacing(file) as work:
        work.write_bytes(model.SerializeToString())
    values["parts"] = list(head.names)
    values["files"][PARTS] = {"size": file.stat().st_size, "sha256": sha256(file)}
    values["files"] = dict(sorted(values["files"].items()))
    with replacing(manifest) as work:
        work.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _values(model: onnx.ModelProto, bundle: ModelBundle) -> dict[int, str]:
    values = feature_values(model)
    if not values:
        raise BundleError(
            f"{bundle.info.name} names no features of StyleGAN2's blocks; parts need them"
        )
    return values
