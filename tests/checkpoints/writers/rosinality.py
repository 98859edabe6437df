"""Checkpoints of rosinality's stylegan2-pytorch (model.py, train.py, convert_weight.py)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import Kind

KERNEL = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64 * 4


def rosinality_state(tensors: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """The state dict of its generator."""
    state = {}
    for index in range(kind.mapping_layers):
        for name in ("weight", "bias"):
            state[f"style.{index + 1}.{name}"] = tensors[f"mapping.fc{index}.{name}"]
    state["input.input"] = tensors["synthesis.b4.const"][None]
    convolutions = ["synthesis.b4.conv1"]
    for side in kind.sides[1:]:
        convolutions += [f"synthesis.b{side}.conv0", f"synthesis.b{side}.conv1"]
    for index, theirs in enumerate(convolutions):
        ours = "conv1" if index == 0 else f"convs.{index - 1}"
        state |= _modulated(tensors, theirs, ours)
        state[f"{ours}.activate.bias"] = tensors[f"{theirs}.bias"]
        state[f"{ours}.noise.weight"] = tensors[f"{theirs}.noise_strength"].reshape(1)
        state[f"noises.noise_{index}"] = tensors[f"{theirs}.noise_const"][None, None]
        if theirs.endswith("conv0"):
            state[f"{ours}.conv.blur.kernel"] = KERNEL
    for index, side in enumerate(kind.sides):
        ours = "to_rgb1" if index == 0 else f"to_rgbs.{index - 1}"
        state |= _modulated(tensors, f"synthesis.b{side}.torgb", ours)
        state[f"{ours}.bias"] = tensors[f"synthesis.b{side}.torgb.bias"].reshape(1, -1, 1, 1)
        if index:
            state[f"{ours}.upsample.kernel"] = KERNEL
    return state


def _modulated(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.conv.weight": tensors[f"{theirs}.weight"][None],
        f"{ours}.conv.modulation.weight": tensors[f"{theirs}.affine.weight"],
        f"{ours}.conv.modulation.bias": tensors[f"{theirs}.affine.bias"],
    }


def training_checkpoint(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """What train.py saves: both networks, the average, the optimisers, the options."""
    parameter = torch.nn.Parameter(torch.randn(3))
    optimiser = torch.optim.Adam([parameter])
    parameter.grad = torch.randn(3)
    optimiser.step()
    return {
        "g": {name: 0.9 * tensor for name, tensor in state.items()},
        "d": {"convs.0.0.weight": torch.randn(3, 3)},
        "g_ema": dict(state),
        "g_optim": optimiser.state_dict(),
        "d_optim": optimiser.state_dict(),
        "args": argparse.Namespace(size=32, latent=12, n_mlp=3, lr=0.002, ckpt=None, wandb=False),
        "ada_aug_p": 0.0,
    }
