"""The graphs of one iteration, which lie in the folder drag/ of a bundle.

1. `DragStep` and `Locate` are traced.
2. `DragStep` is differentiated. What `Locate` computes enters it as graph inputs, so no gradient
   reaches it: the reference of motion supervision is detached, and tracking has no gradient.
3. `Locate` is spliced in: it takes the features that are in the graph already, and its results
   take the place of those inputs.
4. The gradient is cropped to the window where it is not zero.
5. Operators without a (fast) CPU kernel are lowered to others; for step.onnx all that are not
   standard.
6. The network's weights are graph inputs until the graphs are saved: then they get their values.
"""

from __future__ import annotations

import copy
from pathlib import Path

import onnx
import torch
from onnx import helper

from tui_draggan.engines.ort_training import LATENT
from tui_draggan.export.cropping import crop_gradient
from tui_draggan.export.gradient import differentiate, note_shapes
from tui_draggan.export.graph_surgery import keep_outputs, splice
from tui_draggan.export.lowering import lower
from tui_draggan.export.shared_weights import SharedWeights
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.step_graph import DragStep, Locate
from tui_draggan.export.tracing import IR_VERSION, OPSET, trace
from tui_draggan.export.training_api import (
    accumulate,
    has_training_tools,
    optimizer_and_checkpoint,
)

GRADIENT = "gradient"
"""The loss's gradient by the latent, in its shape."""
SUPERVISION = ("selector", "reference", "weight", "near_first", "near_end")
STEP_INPUTS = (
    *("frozen", "mix", *SUPERVISION),
    *("outside_first", "outside_end", "outside_weight", "outside_reference"),
)
STEP_OUTPUTS = ("loss", "motion_loss", "mask_loss", "image", "outside", "features")
TRAINING_OUTPUTS = ("loss", "motion_loss", "mask_loss", "image", "new_handles")
EVAL_OUTPUTS = ("sampled", "outside")
STANDARD_OUTPUTS = (*TRAINING_OUTPUTS, *EVAL_OUTPUTS)


def write_drag_graphs(step: DragStep, folder: Path, weights: SharedWeights) -> None:
    """Writes step.onnx, for every runtime; where onnxruntime's training tools are installed, also
    training_model.onnx, eval_model.onnx, optimizer_model.onnx and checkpoint for its training API.

    The checkpoint holds the latent alone; the network's weights are constants of the graphs.
    """
    config = step.synthesis.config
    channels = config.channels[config.block_resolutions.index(step.feature_block)]
    locator = Locate(config.size_of(step.feature_block), channels, config.size)
    forward, locate = trace_step(step, channels), trace_locate(locator)
    values = step.synthesis.state_dict(prefix="synthesis.") | locator.state_dict()
    matrices = {name: value.numpy() for name, value in values.items() if value.ndim == 2}

    note_shapes(forward)
    evaluation = copy.deepcopy(
        forward
    )  # lowered alike, so that its features are the same to the bit
    gradient = differentiate(forward, "loss", [LATENT])[LATENT]
    forward.graph.node.append(helper.make_node("Identity", [gradient], [GRADIENT], GRADIENT))
    shape = list(step.latent.shape)
    forward.graph.output.append(
        helper.make_tensor_value_info(GRADIENT, onnx.TensorProto.FLOAT, shape)
    )
    for model in (forward, evaluation):
        splice(model, locate, SUPERVISION)
    crop_gradient(forward, matrices)
    models = {"step": forward}
    if has_training_tools():
        training = models["training_model"] = copy.deepcopy(forward)
        keep_outputs(training, [*TRAINING_OUTPUTS, GRADIENT])
        accumulate(training, LATENT, GRADIENT)
        keep_outputs(evaluation, EVAL_OUTPUTS)
        models["eval_model"] = evaluation
    keep_outputs(forward, [*STANDARD_OUTPUTS, GRADIENT])
    for model in models.values():
        lower(model)
    standardise(forward, OPSET)
    if "training_model" in models:
        latent = step.latent.detach().numpy()
        models["optimizer_model"], checkpoint = optimizer_and_checkpoint(LATENT, latent)
        (folder / "checkpoint").write_bytes(checkpoint)
    for name, model in models.items():
        model.ir_version = IR_VERSION
        weights.save(model, folder / f"{name}.onnx", values)


def trace_step(step: DragStep, channels: int) -> onnx.ModelProto:
    config, samples = step.synthesis.config, 3
    width = config.size_of(step.feature_block).width
    example = (
        torch.zeros(config.num_ws, config.w_dim),
        torch.zeros(step.rows, step.rows),
        torch.zeros(6, samples),
        torch.zeros(channels, samples),
        torch.zeros(samples),
        torch.tensor([0, 0]),
        torch.tensor([2, 3]),
        torch.tensor([0]),
        torch.tensor([2]),
        torch.zeros(2, width),
        torch.zeros(channels, 2, width),
    )
    axes = {
        "selector": {0: "cells", 1: "samples"},
        "reference": {1: "samples"},
        "weight": {0: "samples"},
        "outside_weight": {0: "rows"},
        "outside_reference": {1: "rows"},
        "outside": {1: "rows"},
    }
    return trace(step, example, STEP_INPUTS, STEP_OUTPUTS, axes)


def trace_locate(locate: Locate) -> onnx.ModelProto:
    example = (
        torch.zeros(1, locate.channels, *locate.cells),
        *(torch.zeros(2, 2), torch.ones(2, 2), torch.zeros(2, locate.channels)),
        *(torch.zeros(5, 2), torch.zeros(3), torch.zeros(1)),
    )
    inputs = ("features", "handles", "targets", "templates", "disc", "window", "anchor")
    outputs = ("new_handles", *SUPERVISION, "sampled")
    axes = {name: {0: "points"} for name in ("handles", "targets", "templates")}
    axes |= {"new_handles": {0: "points"}, "sampled": {0: "points"}}
    axes |= {"disc": {0: "pixels"}, "window": {0: "side"}}
    axes |= {
        "selector": {0: "cells", 1: "samples"},
        "reference": {1: "samples"},
        "weight": {0: "samples"},
    }
    return trace(locate, example, inputs, outputs, axes)
