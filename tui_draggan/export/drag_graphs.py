"""The graphs of one iteration, which lie in the folder drag/ of a bundle.

1. `DragStep` and `Locate` are traced.
2. `DragStep` is differentiated. What `Locate` computes enters it as graph inputs, so no gradient
   reaches it: the reference of motion supervision is detached, and tracking has no gradient.
3. `Locate` is spliced in: it takes the features that are in the graph already, and its results
   take the place of those inputs.
4. The gradient is cropped to the window where it is not zero.
5. Operators without a (fast) CPU kernel are lowered to others; for step.onnx all that are not
   standard.
6. Each graph of an iteration gets a second form for steps that nobody looks at, without what runs
   for the picture alone and with the last convolution where it is read (`last_convolution`): two
   files, since a graph that can leave something out needs control flow.
7. The network's weights are graph inputs until the graphs are saved: then they get their values.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnx import helper

from tui_draggan.bundle import (
    CHECKPOINT,
    EVAL_MODEL,
    OPTIMIZER_MODEL,
    STEP,
    TRAINING_MODEL,
    WITHOUT_PICTURE,
)
from tui_draggan.engines.ort_training import LATENT
from tui_draggan.export.cropping import crop_gradient
from tui_draggan.export.gradient import differentiate, note_shapes
from tui_draggan.export.graph_surgery import keep_outputs, splice
from tui_draggan.export.last_convolution import crop_last_convolution
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
IMAGE = "image"
SUPERVISION = ("selector", "reference", "weight", "near_first", "near_end")
STEP_INPUTS = (
    *("frozen", "mix", *SUPERVISION),
    *("outside_first", "outside_end", "outside_weight", "outside_reference"),
)
STEP_OUTPUTS = ("loss", "motion_loss", "mask_loss", IMAGE, "outside", "features")
TRAINING_OUTPUTS = ("loss", "motion_loss", "mask_loss", IMAGE, "new_handles", "mismatch")
EVAL_OUTPUTS = ("sampled", "outside")
STANDARD_OUTPUTS = (*TRAINING_OUTPUTS, *EVAL_OUTPUTS, GRADIENT)
STANDARD = (STEP, WITHOUT_PICTURE[STEP])
"""Graphs of standard operators."""


def write_drag_graphs(step: DragStep, bundle: Path, weights: SharedWeights) -> None:
    """Writes the step graph into a bundle's folder, for every runtime; where onnxruntime's training
    tools are installed, also what its training API runs.

    The checkpoint holds the latent alone; the network's weights are constants of the graphs.
    """
    config = step.synthesis.config
    channels = config.feature_channels(step.feature_block)
    locator = Locate(config.size_of(step.feature_block), channels, config.size)
    values = step.synthesis.state_dict(prefix="synthesis.") | locator.state_dict()
    matrices = {name: value.numpy() for name, value in values.items() if value.ndim == 2}
    forward, locate = trace_step(step, channels), trace_locate(locator)
    note_shapes(forward)
    # Lowered alike, so that its features are the same to the bit.
    evaluation = copy.deepcopy(forward)
    _add_gradient(forward, list(step.latent.shape))
    for model in (forward, evaluation):
        splice(model, locate, SUPERVISION)
    crop_gradient(forward, matrices)

    models = {STEP: _giving(forward, STANDARD_OUTPUTS)}
    unseen = _giving(forward, _unseen(STANDARD_OUTPUTS))
    if crop_last_convolution(unseen.graph) or step.draws_beyond_features:
        models[WITHOUT_PICTURE[STEP]] = unseen
    if has_training_tools():
        training = copy.deepcopy(forward)
        total = accumulate(training, LATENT, GRADIENT)
        models[TRAINING_MODEL] = _giving(training, (*TRAINING_OUTPUTS, total))
        if step.draws_beyond_features:  # of large networks the API would hold the weights twice
            # It keeps the gradient of one model of two: so the other gives its own.
            unseen = _giving(training, (*_unseen(TRAINING_OUTPUTS), GRADIENT, total))
            crop_last_convolution(unseen.graph)
            models[WITHOUT_PICTURE[TRAINING_MODEL]] = unseen
        models[EVAL_MODEL] = _giving(evaluation, EVAL_OUTPUTS)
    for name, model in models.items():
        lower(model)
        if name in STANDARD:
            standardise(model, OPSET)
    if has_training_tools():
        latent = step.latent.detach().numpy()
        models[OPTIMIZER_MODEL], checkpoint = optimizer_and_checkpoint(LATENT, latent)
        (bundle / CHECKPOINT).write_bytes(checkpoint)
    for name, model in models.items():
        model.ir_version = IR_VERSION
        weights.save(model, bundle / name, values)


def _add_gradient(model: onnx.ModelProto, shape: list[int]) -> None:
    """Differentiates the loss by the latent of that shape; the gradient is one output more."""
    gradient = differentiate(model, "loss", [LATENT])[LATENT]
    model.graph.node.append(helper.make_node("Identity", [gradient], [GRADIENT], GRADIENT))
    output = helper.make_tensor_value_info(GRADIENT, onnx.TensorProto.FLOAT, shape)
    model.graph.output.append(output)


def _giving(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """A copy with these outputs, and what they need."""
    copied = copy.deepcopy(model)
    keep_outputs(copied, outputs)
    return copied


def _unseen(outputs: Sequence[str]) -> list[str]:
    """Without those that need the whole map of features."""
    return [name for name in outputs if name not in (IMAGE, "outside")]


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
    outputs = ("new_handles", *SUPERVISION, "sampled", "mismatch")
    axes = {name: {0: "points"} for name in ("handles", "targets", "templates")}
    axes |= {name: {0: "points"} for name in ("new_handles", "sampled", "mismatch")}
    axes |= {"disc": {0: "pixels"}, "window": {0: "side"}}
    axes |= {
        "selector": {0: "cells", 1: "samples"},
        "reference": {1: "samples"},
        "weight": {0: "samples"},
    }
    return trace(locate, example, inputs, outputs, axes)
