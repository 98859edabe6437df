"""Checkpoints of genforce (models/stylegan2_generator.py, runners/base_runner.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import KERNEL, Kind


def genforce_state(tensors: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """The state dict of its generator, in the order in which its modules are made."""
    state = {}
    for index in range(kind.mapping_layers):
        for name in ("weight", "bias"):
            state[f"mapping.dense{index}.{name}"] = tensors[f"mapping.fc{index}.{name}"]
    if "mapping.w_avg" in tensors:
        state["truncation.w_avg"] = tensors["mapping.w_avg"]
    state["synthesis.early_layer.const"] = tensors["synthesis.b4.const"][None]
    for block, side in enumerate(kind.sides):
        if block:
            state |= _convolution(tensors, f"b{side}.conv0", f"layer{2 * block - 1}")
        state |= _convolution(tensors, f"b{side}.conv1", f"layer{2 * block}")
        if f"synthesis.b{side}.torgb.weight" in tensors:
            state |= _modulated(tensors, f"b{side}.torgb", f"output{block}")
    if kind.architecture == "skip":
        state["synthesis.upsample.kernel"] = KERNEL[None, None]
    return state


def _convolution(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    state = _modulated(tensors, theirs, ours)
    if theirs.endswith("conv0"):
        state[f"synthesis.{ours}.weight"] = state[f"synthesis.{ours}.weight"].flip(2, 3)
        state[f"synthesis.{ours}.filter.kernel"] = KERNEL[None, None]
    if f"synthesis.{theirs}.noise_const" in tensors:
        state[f"synthesis.{ours}.noise"] = tensors[f"synthesis.{theirs}.noise_const"][None, None]
    state[f"synthesis.{ours}.noise_strength"] = tensors[f"synthesis.{theirs}.noise_strength"]
    return state


def _modulated(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    """Its dense layer adds the one itself (`additional_bias`)."""
    return {
        f"synthesis.{ours}.weight": tensors[f"synthesis.{theirs}.weight"],
        f"synthesis.{ours}.bias": tensors[f"synthesis.{theirs}.bias"],
        f"synthesis.{ours}.style.weight": tensors[f"synthesis.{theirs}.affine.weight"],
        f"synthesis.{ours}.style.bias": tensors[f"synthesis.{theirs}.affine.bias"] - 1,
    }


def genforce_checkpoint(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """What its runner saves: models, metadata, optimisers, learning rates."""
    return {
        "models": {
            "discriminator": {"input0.conv.weight": torch.randn(4, 3, 1, 1)},
            "generator": {name: 0.9 * tensor for name, tensor in state.items()},
            "generator_smooth": dict(state),
        },
        "running_metadata": {"iter": 25_000, "seen_img": 800_000},
        "optimizers": {"generator": {"state": {}, "param_groups": [{"lr": 0.002}]}},
        "learning_rates": {"generator": {"last_epoch": 25_000, "_step_count": 25_001}},
    }
