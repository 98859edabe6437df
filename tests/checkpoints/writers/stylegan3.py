"""Pickles of stylegan3's alias-free generators (training/networks_stylegan3.py).

Names, attributes and buffers are the original's; schedules and filters come from the plain form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.checkpoints.writers.nvidia import record
from tests.checkpoints.writers.pickling import Call
from tests.plain_stylegan3 import Kernel, PlainStyleGAN3

Z_DIM, W_DIM, CLASSES = 4, 5, 3


def random_stylegan3(radial: bool, c_dim: int = 0) -> PlainStyleGAN3:
    """A network of 32 px and six layers with small margins, every tensor random."""
    plain = PlainStyleGAN3({}, 32, layers=6, radial=radial, margin=4, clamp=1.5)
    torch.manual_seed(0)
    channels = [7, 6, 6, 5, 4, 4, 3]
    kernel = 1 if radial else 3
    mapped = Z_DIM + (W_DIM if c_dim else 0)
    tensors = {
        "mapping.fc0.weight": 100 * torch.randn(W_DIM, mapped),
        "mapping.fc0.bias": 100 * torch.randn(W_DIM),
        "mapping.fc1.weight": 100 * torch.randn(W_DIM, W_DIM),
        "mapping.fc1.bias": 100 * torch.randn(W_DIM),
        "mapping.w_avg": torch.randn(W_DIM),
        "synthesis.input.weight": torch.randn(7, 7),
        "synthesis.input.affine.weight": 0.3 * torch.randn(4, W_DIM),
        "synthesis.input.affine.bias": torch.tensor([1.0, 0.2, -0.1, 0.3]),
        "synthesis.input.transform": torch.eye(3),
        "synthesis.input.freqs": torch.randn(7, 2),
        "synthesis.input.phases": torch.rand(7) - 0.5,
    }
    if c_dim:
        tensors["mapping.embed.weight"] = torch.randn(W_DIM, c_dim)
        tensors["mapping.embed.bias"] = torch.randn(W_DIM)
    for index, outputs in enumerate(channels):
        inputs, side = channels[max(index - 1, 0)], 1 if index == 6 else kernel
        name = f"synthesis.L{index}_{plain.size(index)}_{outputs}"
        tensors |= {
            f"{name}.weight": (4 if index == 6 else 1) * torch.randn(outputs, inputs, side, side),
            f"{name}.bias": 0.3 * torch.randn(outputs),
            f"{name}.magnitude_ema": 0.5 + torch.rand([]),
            f"{name}.affine.weight": torch.randn(inputs, W_DIM),
            f"{name}.affine.bias": 1 + 0.3 * torch.randn(inputs),
        }
    return PlainStyleGAN3(tensors, 32, layers=6, radial=radial, margin=4, clamp=1.5)


def stylegan3_record(plain: PlainStyleGAN3, **attributes: Any) -> Call:
    """The generator. `attributes` are its own, beside the original's."""
    tensors = dict(plain.tensors)
    names = [key.split(".")[1] for key in tensors if key.endswith("magnitude_ema")]
    layers = {
        name: _layer(plain, index, _below(tensors, f"synthesis.{name}"))
        for index, name in enumerate(names)
    }
    embed = _below(tensors, "mapping.embed")
    w_dim = len(tensors["mapping.w_avg"])
    z_dim = tensors["mapping.fc0.weight"].shape[1] - (w_dim if embed else 0)
    dims = {"z_dim": z_dim, "w_dim": w_dim, "num_ws": plain.layers + 2}
    dims["c_dim"] = embed["weight"].shape[1] if embed else 0
    picture = {"img_resolution": plain.resolution, "img_channels": 3}
    synthesis = record(
        "SynthesisNetwork",
        {
            **picture,
            **{"w_dim": w_dim, "num_ws": plain.layers + 2, "num_layers": plain.layers},
            **{"num_critical": plain.critical, "margin_size": plain.margin},
            **{"output_scale": 0.25, "num_fp16_res": 4, "layer_names": names},
        },
        {},
        modules={"input": _input(plain, _below(tensors, "synthesis.input")), **layers},
    )
    dense = {
        f"fc{index}": _fully_connected(_below(tensors, f"mapping.fc{index}"), "lrelu", 0.01)
        for index in range(2)
    }
    if embed:
        dense["embed"] = _fully_connected(embed, "linear", 1)
    mapping = record(
        "MappingNetwork",
        {**dims, "num_layers": 2, "w_avg_beta": 0.998, "trainable_layers": 2}
        | ({} if embed else {"embed": None}),
        {},
        buffers={"w_avg": tensors["mapping.w_avg"]},
        modules=dense,
    )
    return record(
        "Generator",
        {**dims, **picture, **attributes},
        {},
        modules={"synthesis": synthesis, "mapping": mapping},
    )


def _below(tensors: dict[str, Tensor], module: str) -> dict[str, Tensor]:
    prefix = f"{module}."
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _input(plain: PlainStyleGAN3, tensors: dict[str, Tensor]) -> Call:
    return record(
        "SynthesisInput",
        {
            **{"w_dim": tensors["affine.weight"].shape[1], "channels": len(tensors["phases"])},
            **{"size": np.array([plain.size(0)] * 2)},
            **{
                "sampling_rate": np.float64(plain.rate(0)),
                "bandwidth": np.float64(plain.cutoff(0)),
            },
        },
        {"weight": tensors["weight"]},
        buffers={name: tensors[name] for name in ("transform", "freqs", "phases")},
        modules={"affine": _fully_connected(_below(tensors, "affine"), "linear", 1)},
    )


def _layer(plain: PlainStyleGAN3, index: int, tensors: dict[str, Tensor]) -> Call:
    before, is_torgb = max(index - 1, 0), index == plain.layers
    critical = index >= plain.layers - plain.critical
    into, out = plain.rate(before), plain.rate(index)
    inner = max(into, out) * (1 if is_torgb else 2)
    up, down = inner // into, inner // out
    up_taps, down_taps = (1 if is_torgb else plain.taps * factor for factor in (up, down))
    outputs, inputs, kernel, _ = tensors["weight"].shape
    radial = plain.radial and not critical
    up_filter = down_filter = None
    if not is_torgb:
        widths = 2 * plain.half_width(before), 2 * plain.half_width(index)
        places = (np.arange(up_taps) - (up_taps - 1) / 2) / inner
        up_filter = torch.tensor(Kernel(up_taps, plain.cutoff(before), widths[0], inner)(places))
        low_pass = Kernel(down_taps, plain.cutoff(index), widths[1], inner)
        places = (np.arange(down_taps) - (down_taps - 1) / 2) / inner
        down_filter = torch.tensor(low_pass.radial()[0] if radial else low_pass(places))
    total = (plain.size(index) - 1) * down + 1 - (plain.size(before) + kernel - 1) * up
    total += up_taps + down_taps - 2
    padding = [(total + up) // 2, total - (total + up) // 2]
    return record(
        "SynthesisLayer",
        {
            "w_dim": tensors["affine.weight"].shape[1],
            **{"is_torgb": is_torgb, "is_critically_sampled": critical},
            **{"use_fp16": False, "in_channels": inputs, "out_channels": outputs},
            "in_size": np.array([plain.size(before)] * 2),
            "out_size": np.array([plain.size(index)] * 2),
            **{"in_sampling_rate": into, "out_sampling_rate": out, "tmp_sampling_rate": inner},
            "in_cutoff": np.float64(plain.cutoff(before)),
            "out_cutoff": np.float64(plain.cutoff(index)),
            "in_half_width": np.float64(plain.half_width(before)),
            "out_half_width": np.float64(plain.half_width(index)),
            **{"conv_kernel": kernel, "conv_clamp": plain.clamp, "magnitude_ema_beta": 0.999},
            **{"up_factor": up, "up_taps": up_taps, "down_factor": down, "down_taps": down_taps},
            **{"down_radial": radial, "padding": padding * 2},
        },
        {"weight": tensors["weight"], "bias": tensors["bias"]},
        buffers={
            "magnitude_ema": tensors["magnitude_ema"],
            "up_filter": None if up_filter is None else up_filter.float(),
            "down_filter": None if down_filter is None else down_filter.float(),
        },
        modules={"affine": _fully_connected(_below(tensors, "affine"), "linear", 1)},
    )


def _fully_connected(tensors: dict[str, Tensor], activation: str, lr_multiplier: float) -> Call:
    outputs, inputs = tensors["weight"].shape
    return record(
        "FullyConnectedLayer",
        {
            **{"in_features": inputs, "out_features": outputs, "activation": activation},
            **{"weight_gain": lr_multiplier / np.sqrt(inputs), "bias_gain": lr_multiplier},
        },
        {"weight": tensors["weight"], "bias": tensors["bias"]},
    )
