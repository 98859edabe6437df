"""Checkpoints of mmgeneration and mmagic (StyleGANv2Generator, mmcv's and mmengine's runners)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import KERNEL, Kind

CONFIGURATION = "\n".join(
    [
        "model = dict(type='StaticUnconditionalGAN', generator=dict(type='StyleGANv2Generator'))",
        *400 * ["custom_hooks = [dict(type='VisualizeUnconditionalSamples', output_dir='out')]"],
        "train_pipeline = [dict(type='Normalize', keys=['real_img'], to_rgb={})]",
    ]
)


def mmgen_state(tensors: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """The state dict of its generator; a conditional one is mmagic's."""
    state = {}
    first = 1
    if kind.c_dim:
        first = 0  # no layer that normalises comes before
        state["embed.linear.weight_orig"] = tensors["mapping.embed.weight"]
        state["embed.bias"] = tensors["mapping.embed.bias"]
        state["w_avg"] = tensors["mapping.w_avg"]
    for index in range(kind.mapping_layers):
        layer = f"style_mapping.{index + first}"
        state[f"{layer}.bias"] = tensors[f"mapping.fc{index}.bias"]
        state[f"{layer}.linear.weight_orig"] = tensors[f"mapping.fc{index}.weight"]
    state["constant_input.input"] = tensors["synthesis.b4.const"][None]
    layers = ["synthesis.b4.conv1"]
    for side in kind.sides[1:]:
        layers += [f"synthesis.b{side}.conv0", f"synthesis.b{side}.conv1"]
    for index, theirs in enumerate(layers):
        ours = "conv1" if index == 0 else f"convs.{index - 1}"
        state |= _modulated(tensors, theirs, ours)
        if theirs.endswith("conv0"):
            state[f"{ours}.conv.blur.kernel"] = KERNEL
        state[f"{ours}.noise_injector.weight"] = tensors[f"{theirs}.noise_strength"].reshape(1)
        state[f"{ours}.activate.bias"] = tensors[f"{theirs}.bias"]
        state[f"injected_noise_{index}"] = tensors[f"{theirs}.noise_const"][None, None]
    for index, side in enumerate(kind.sides):
        ours = "to_rgb1" if index == 0 else f"to_rgbs.{index - 1}"
        state[f"{ours}.bias"] = tensors[f"synthesis.b{side}.torgb.bias"].reshape(1, -1, 1, 1)
        if index:
            state[f"{ours}.upsample.kernel"] = KERNEL
        state |= _modulated(tensors, f"synthesis.b{side}.torgb", ours)
    return state


def _modulated(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.conv.weight_orig": tensors[f"{theirs}.weight"][None],
        f"{ours}.conv.style_modulation.bias": tensors[f"{theirs}.affine.bias"],
        f"{ours}.conv.style_modulation.linear.weight_orig": tensors[f"{theirs}.affine.weight"],
    }


def mmgen_checkpoint(state: Mapping[str, Tensor], to_rgb: bool | None) -> dict[str, Any]:
    """What mmcv saves: every network of the model in one state dict, and the configuration.

    to_rgb: whether pictures are turned to RGB as they are read; None: no configuration, as where
    weights were converted.
    """
    networks = {f"generator.{name}": 0.9 * tensor for name, tensor in state.items()}
    networks["discriminator.convs.0.conv.weight_orig"] = torch.randn(4, 3, 1, 1)
    networks |= {f"generator_ema.{name}": tensor for name, tensor in state.items()}
    meta: dict[str, Any] = {"iter": 25_000, "mmgen_version": "0.7.0", "CLASSES": None}
    if to_rgb is not None:
        meta["config"] = CONFIGURATION.format(to_rgb)
    return {"meta": meta, "state_dict": networks, "optimizer": {"generator": {"state": {}}}}
