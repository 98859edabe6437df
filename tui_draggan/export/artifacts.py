"""The drag step's training artifacts: export, differentiate, splice, lower.

1. `DragStep` and `Locate` are exported to ONNX (TorchScript exporter: the other one folds the
   trainable parameter away).
2. `generate_artifacts` differentiates `DragStep`. What `Locate` computes enters it as graph
   inputs, so no gradient reaches it: this is the stop-gradient ONNX Runtime does not have.
3. `Locate` is spliced in: it takes the features that are in the graph already, and its results
   take the place of those inputs.
4. Gradient operators without a (fast) CPU kernel are lowered to standard ones; for step.onnx
   all that are not standard.
5. Up to here the network's weights were graph inputs too; when saved they get their values.
"""

from __future__ import annotations

import copy
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from tui_draggan.engines.adam import EPSILON
from tui_draggan.engines.runtime import load_runtime
from tui_draggan.errors import EngineError
from tui_draggan.export.cropping import crop_gradient
from tui_draggan.export.lowering import lower
from tui_draggan.export.rewriting import attributes
from tui_draggan.export.standard import standardise
from tui_draggan.export.step_graph import DragStep, Locate
from tui_draggan.export.surgery import give_values, keep_outputs, splice
from tui_draggan.export.weights import SharedWeights

OPSET = 17
IR_VERSION = 8
"""ONNX Runtime 1.19 refuses what newer onnx packages stamp by themselves (> 10)."""
LATENT = "latent"
"""The only trainable parameter: `DragStep.latent`."""

SUPERVISION = ("selector", "reference", "weight", "near_first", "near_end")
STEP_INPUTS = (
    *("frozen", "mix", *SUPERVISION),
    *("outside_first", "outside_end", "outside_weight", "outside_reference"),
)
STEP_OUTPUTS = ("loss", "motion_loss", "mask_loss", "image", "outside", "features")
TRAINING_OUTPUTS = ("loss", "motion_loss", "mask_loss", "image", "new_handles")
EVAL_OUTPUTS = ("sampled", "outside")
STANDARD_OUTPUTS = (*TRAINING_OUTPUTS, *EVAL_OUTPUTS)


def write_artifacts(step: DragStep, folder: Path, weights: SharedWeights) -> None:
    """Writes training_model.onnx, eval_model.onnx, optimizer_model.onnx and checkpoint for the
    training API, step.onnx for every other runtime.

    The checkpoint holds the latent alone; the network's weights are constants of the graphs.
    """
    config = step.synthesis.config
    channels = config.channels[config.block_resolutions.index(step.feature_block)]
    locator = Locate(step.feature_block, channels, config.resolution)
    step_model = export_step(step, channels)
    locate = export_locate(locator)
    values = step.synthesis.state_dict(prefix="synthesis.") | locator.state_dict()
    with TemporaryDirectory() as work:
        _differentiate(step_model, work)
        training = onnx.load(Path(work, "training_model.onnx"))
        evaluation = onnx.load(Path(work, "eval_model.onnx"))
        optimizer = onnx.load(Path(work, "optimizer_model.onnx"))
        (folder / "checkpoint").write_bytes(Path(work, "checkpoint").read_bytes())

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
    _set_adam(optimizer)
    models = {
        "training_model": training,
        "eval_model": evaluation,
        "optimizer_model": optimizer,
        "step": standard,
    }
    for name, model in models.items():
        model.ir_version = IR_VERSION
        weights.save(model, folder / f"{name}.onnx", values)


def export_step(step: DragStep, channels: int) -> onnx.ModelProto:
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
    model = export_onnx(step, example, STEP_INPUTS, STEP_OUTPUTS, axes)
    latent = numpy_helper.from_array(step.latent.detach().numpy(), LATENT)
    give_values(model.graph, {LATENT}, lambda _: latent)
    return model


def export_locate(locate: Locate) -> onnx.ModelProto:
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
    return export_onnx(locate, example, inputs, outputs, axes)


def export_onnx(
    module: nn.Module,
    example: tuple[Any, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    axes: dict[str, dict[int, str]] | None = None,
    with_weights: bool = False,
    fold: bool = True,
) -> onnx.ModelProto:
    """The module's graph; parameters and buffers have their values only `with_weights`, and are
    inputs otherwise, by their state_dict names; `fold`: what depends on them alone is computed."""
    with TemporaryDirectory() as work, warnings.catch_warnings(), torch.no_grad():
        file = Path(work, "model.onnx")
        warnings.simplefilter("ignore")  # that this exporter is not the newest, and tracing's
        torch.onnx.export(
            module.eval(),
            example,
            file,
            export_params=with_weights,
            do_constant_folding=fold,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes or {},
        )
        model = onnx.load(file)
    model.ir_version = IR_VERSION
    return model


def _differentiate(model: onnx.ModelProto, folder: str) -> None:
    """ONNX Runtime's training artifacts of `model`, whose first output is the loss."""
    load_runtime()
    try:
        from onnxruntime.training import artifacts
    except ImportError as error:
        raise EngineError(
            f"export needs onnxruntime-training with its Python tools ({error}); "
            'install the extra "torch"'
        ) from error
    with _silence():
        artifacts.generate_artifacts(
            model,
            requires_grad=[LATENT],
            optimizer=artifacts.OptimType.AdamW,
            artifact_directory=folder,
            additional_output_names=[o.name for o in model.graph.output[1:]],
            loss_input_names=["loss"],
        )


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
