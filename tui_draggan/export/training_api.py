"""What ONNX Runtime's training package makes of a graph: its gradient and its optimizer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import onnx
from onnx import helper

from tui_draggan.engines.adam import EPSILON
from tui_draggan.engines.runtime import load_runtime
from tui_draggan.errors import EngineError
from tui_draggan.export.graph_rewriting import attributes

LATENT = "latent"
"""The only trainable parameter: `DragStep.latent`."""


class TrainingArtifacts(NamedTuple):
    """What ONNX Runtime's training API runs."""

    training: onnx.ModelProto
    """The graph and its gradient by the latent, which is added to a parameter of the runtime."""
    evaluation: onnx.ModelProto
    optimizer: onnx.ModelProto
    """Adam as the paper's."""
    checkpoint: bytes
    """The latent."""


def differentiate(model: onnx.ModelProto) -> TrainingArtifacts:
    """The artifacts of `model`, whose first output is the loss.

    Raises EngineError where the package is not installed.
    """
    load_runtime()
    try:
        from onnxruntime.training import artifacts
    except ImportError as error:
        raise EngineError(
            f"export needs onnxruntime-training with its Python tools ({error}); "
            'install the extra "torch"'
        ) from error
    with TemporaryDirectory() as folder:
        with _silence():
            artifacts.generate_artifacts(
                model,
                requires_grad=[LATENT],
                optimizer=artifacts.OptimType.AdamW,
                artifact_directory=folder,
                additional_output_names=[o.name for o in model.graph.output[1:]],
                loss_input_names=["loss"],
            )
        names = "training_model", "eval_model", "optimizer_model"
        training, evaluation, optimizer = (onnx.load(Path(folder, f"{n}.onnx")) for n in names)
        checkpoint = Path(folder, "checkpoint").read_bytes()
    _set_adam(optimizer)
    return TrainingArtifacts(training, evaluation, optimizer, checkpoint)


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
