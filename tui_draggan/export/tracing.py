"""Torch modules as ONNX graphs.

By the TorchScript exporter: the other one folds the trainable parameter away.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from torch import nn

OPSET = 17
IR_VERSION = 8
"""ONNX Runtime 1.19 refuses what newer onnx packages stamp by themselves (> 10)."""


def trace(
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
