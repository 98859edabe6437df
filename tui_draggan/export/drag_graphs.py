"""The graphs of one iteration, which lie in the folder drag/ of a bundle.

1. `DragStep` and `Locate` are traced.
2. `DragStep` is differentiated. What `Locate` computes enters it as graph inputs, so no gradient
   reaches it: this is the stop-gradient ONNX Runtime does not have.
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
from onnx import numpy_helper

from tui_draggan.export.cropping import crop_gradient
from tui_draggan.export.graph_surgery import give_values, keep_outputs, splice
from tui_draggan.export.lowering import lower
from tui_draggan.export.shared_weights import SharedWeights
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.step_graph import DragStep, Locate
from tui_draggan.export.tracing import IR_VERSION, OPSET, trace
from tui_draggan.export.training_api import LATENT, differentiate

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
    """Writes training_model.onnx, eval_model.onnx, optimizer_model.onnx and checkpoint for the
    training API, step.onnx for every other runtime.

    The checkpoint holds the latent alone; the network's weights are constants of the graphs.
    """
    config = step.synthesis.config
    channels = config.channels[config.block_resolutions.index(step.feature_block)]
    locator = Locate(step.feature_block, channels, config.resolution)
    step_model = trace_step(step, channels)
    locate = trace_locate(locator)
    values = step.synthesis.state_dict(prefix="synthesis.") | locator.state_dict()
    training, evaluation, optimizer, checkpoint = differentiate(step_model)
    (folder / "checkpoint").write_bytes(checkpoint)

    matrices = {name: value.numpy() for name, value in values.items() if value.ndim == 2}
    gradients = [o.name for o in training.graph.output if o.name not in STEP_OUTPUTS]
    for model in (training, evaluation):
        splice(model, locate, SUPERVISION)
    crop_gradient(training, matrices)
    standard = copy.deepcopy(training)
    keep_outputs(training, [*TRAINING_OUTPUTS, *gradients])
    keep_outputs(evaluation, EVAL_OUTPUTS)
    keep_outputs(standard, [*STANDARD_OUTPUTS, *gradients])
    for model in (training, evaluation, standard):
        lower(model)
    standardise(standard, LATENT, OPSET)
    models = {
        "training_model": training,
        "eval_model": evaluation,
        "optimizer_model": optimizer,
        "step": standard,
    }
    for name, model in models.items():
        model.ir_version = IR_VERSION
        weights.save(model, folder / f"{name}.onnx", values)


def trace_step(step: DragStep, channels: int) -> onnx.ModelProto:
    config, h = step.synthesis.config, step.feature_block
    samples = 3
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
        torch.zeros(2, h),
        torch.zeros(channels, 2, h),
    )
    axes = {
        "selector": {0: "cells", 1: "samples"},
        "reference": {1: "samples"},
        "weight": {0: "samples"},
        "outside_weight": {0: "rows"},
        "outside_reference": {1: "rows"},
        "outside": {1: "rows"},
    }
    model = trace(step, example, STEP_INPUTS, STEP_OUTPUTS, axes)
    latent = numpy_helper.from_array(step.latent.detach().numpy(), LATENT)
    give_values(model.graph, {LATENT}, lambda _: latent)
    return model


def trace_locate(locate: Locate) -> onnx.ModelProto:
    h = locate.size
    example = (
        torch.zeros(1, locate.channels, h, h),
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
