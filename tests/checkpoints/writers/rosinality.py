"""Checkpoints of rosinality's stylegan2-pytorch (model.py, train.py, convert_weight.py), and of
programs that descend from it: e4e, pSp (training/coach.py), BasicSR (archs/stylegan2_arch.py)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import KERNEL, Kind


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


def encoder_checkpoint(state: Mapping[str, Tensor], mean: Tensor | None) -> dict[str, Any]:
    """What e4e and pSp save: encoder and decoder in one state dict, a mean w for each row."""
    encoder = {
        "encoder.input_layer.0.weight": torch.randn(4, 3, 3, 3),
        "encoder.styles.0.convs.0.weight": torch.randn(4, 4, 3, 3),
        "encoder.styles.0.linear.bias": torch.randn(4),
    }
    decoder = {f"decoder.{name}": tensor for name, tensor in state.items()}
    saved = {"state_dict": encoder | decoder, "opts": {"stylegan_size": 32, "device": "cuda:0"}}
    return saved if mean is None else {**saved, "latent_avg": mean}


def basicsr_state(tensors: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """The state dict of BasicSR's StyleGAN2Generator; its resampling filters are no buffers."""
    state = {"constant_input.weight": tensors["synthesis.b4.const"][None]}
    for index in range(kind.mapping_layers):
        for name in ("weight", "bias"):
            state[f"style_mlp.{index + 1}.{name}"] = tensors[f"mapping.fc{index}.{name}"]
    layers = ["synthesis.b4.conv1"]
    for side in kind.sides[1:]:
        layers += [f"synthesis.b{side}.conv0", f"synthesis.b{side}.conv1"]
    for index, theirs in enumerate(layers):
        ours = "style_conv1" if index == 0 else f"style_convs.{index - 1}"
        state |= _modulated_conv(tensors, theirs, ours)
        state[f"{ours}.weight"] = tensors[f"{theirs}.noise_strength"].reshape(1)
        state[f"{ours}.activate.bias"] = tensors[f"{theirs}.bias"]
        state[f"noises.noise{index}"] = tensors[f"{theirs}.noise_const"][None, None]
    for index, side in enumerate(kind.sides):
        ours = "to_rgb1" if index == 0 else f"to_rgbs.{index - 1}"
        state |= _modulated_conv(tensors, f"synthesis.b{side}.torgb", ours)
        state[f"{ours}.bias"] = tensors[f"synthesis.b{side}.torgb.bias"].reshape(1, -1, 1, 1)
    return state


def _modulated_conv(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.modulated_conv.weight": tensors[f"{theirs}.weight"][None],
        f"{ours}.modulated_conv.modulation.weight": tensors[f"{theirs}.affine.weight"],
        f"{ours}.modulated_conv.modulation.bias": tensors[f"{theirs}.affine.bias"],
    }
