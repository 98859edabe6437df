"""What ONNX Runtime's training API wants besides the differentiated graph."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tui_draggan.engines.adam import EPSILON
from tui_draggan.engines.runtime import has_training_api, load_runtime
from tui_draggan.errors import EngineError
from tui_draggan.export.gradient.tape import MICROSOFT
from tui_draggan.export.graph_rewriting import attributes
from tui_draggan.export.graph_surgery import replace_items
from tui_draggan.export.tracing import IR_VERSION, OPSET


def has_training_tools() -> bool:
    """Whether onnxruntime here is a training build with its Python tools."""
    if not has_training_api(load_runtime()):
        return False
    try:
        importlib.import_module("onnxruntime.training.artifacts")
    except ImportError:
        return False
    return True


def accumulate(model: onnx.ModelProto, parameter: str, gradient: str) -> str:
    """Makes a differentiated model one for the training API, in place: its `gradient` is added to
    a buffer that the API keeps for the input `parameter` and clears when it is told to.

    Names are those that the API looks for. Returns that of the output which must be there.
    """
    graph = model.graph
    (given,) = (value for value in graph.input if value.name == parameter)
    buffer, total = (f"{parameter}_grad.accumulation.{end}" for end in ("buffer", "out"))
    reset = helper.make_tensor_value_info("lazy_reset_grad", onnx.TensorProto.BOOL, [1])
    place = onnx.ValueInfoProto()
    place.CopyFrom(given)
    place.name = buffer
    # Its own inputs stand last, as where the API wrote the graph itself.
    others = [value for value in graph.input if value.name != parameter]
    replace_items(graph.input, [*others, given, place, reset])
    node = helper.make_node(
        "InPlaceAccumulatorV2", [buffer, gradient, reset.name], [total], total, domain=MICROSOFT
    )
    graph.node.append(node)
    graph.output.append(helper.make_tensor_value_info(total, onnx.TensorProto.BOOL, [1]))
    return total


def optimizer_and_checkpoint(
    parameter: str, value: NDArray[np.float32]
) -> tuple[onnx.ModelProto, bytes]:
    """The paper's Adam as the API's optimizer model, and a checkpoint that holds one parameter.

    The package writes them for a graph of its own making: they depend on the parameter alone.
    """
    artifacts = importlib.import_module("onnxruntime.training.artifacts")
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", [parameter], ["loss"], "loss", keepdims=0)],
        "parameter",
        [helper.make_tensor_value_info("unused", onnx.TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("loss", onnx.TensorProto.FLOAT, [])],
        [numpy_helper.from_array(value, parameter)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    with TemporaryDirectory() as folder:
        with _silence():
            artifacts.generate_artifacts(
                model,
                requires_grad=[parameter],
                optimizer=artifacts.OptimType.AdamW,
                artifact_directory=folder,
                loss_input_names=["loss"],
            )
        optimizer = onnx.load(Path(folder, "optimizer_model.onnx"))
        checkpoint = Path(folder, "checkpoint").read_bytes()
    _set_adam(optimizer)
    return optimizer, checkpoint


def _set_adam(optimizer: onnx.ModelProto) -> None:
    """The paper's optimiser is Adam with its usual ε, added after the bias correction; the
    artifact's AdamW has 1e-6, added before."""
    nodes = [node for node in optimizer.graph.node if node.op_type == "AdamWOptimizer"]
    wanted = {"epsilon": EPSILON, "adam_mode": 0}
    if not nodes or not wanted.keys() <= attributes(nodes[0]).keys():
        raise EngineError("the optimizer artifact has no AdamWOptimizer with epsilon and mode")
    kept = [a for a in nodes[0].attribute if a.name not in wanted]
    del nodes[0].attribute[:]
    nodes[0].attribute.extend([*kept, *(helper.make_attribute(*item) for item in wanted.items())])


@contextmanager
def _silence() -> Iterator[None]:
    """Drops what C++ code writes to the file descriptors of stdout and stderr.

    `generate_artifacts` prints hundreds of INFO lines that no logger setting reaches.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    with Path(os.devnull).open("wb") as nowhere:
        try:
            for descriptor in saved:
                os.dup2(nowhere.fileno(), descriptor)
            yield
        finally:
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)
