"""Pickles of stylegan3's alias-free generators (training/networks_stylegan3.py).

Names, attributes and buffers are the original's; the sizes are small and need not work together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.checkpoints.writers.nvidia import record
from tests.checkpoints.writers.pickling import Call

CHANNELS, W_DIM = 3, 5
SIZES = ((36, 36), (36, 52), (52, 64), (64, 64))
"""Sides of the input and the output of each layer, the last being ToRGB."""


def stylegan3_record(radial: bool, **attributes: Any) -> Call:
    """The generator: T, or R where the filters are radial. `attributes` are the generator's own."""
    last = len(SIZES) - 1
    layers = {
        f"L{index}_{out}_{CHANNELS}": _layer(radial, into, out, index, last)
        for index, (into, out) in enumerate(SIZES)
    }
    synthesis = record(
        "SynthesisNetwork",
        {
            "w_dim": W_DIM,
            "num_ws": last + 2,
            "img_resolution": 64,
            "img_channels": 3,
            "num_layers": last,
            "num_critical": 2,
            "margin_size": 10,
            "output_scale": 0.25,
            "num_fp16_res": 4,
            "layer_names": list(layers),
        },
        {},
        modules={"input": _input(), **layers},
    )
    mapping = record(
        "MappingNetwork",
        {
            **{"z_dim": 4, "c_dim": 0, "w_dim": W_DIM, "num_ws": last + 2, "num_layers": 1},
            **{"w_avg_beta": 0.998, "embed": None},
        },
        {},
        buffers={"w_avg": torch.randn(W_DIM)},
        modules={"fc0": _fully_connected(4, W_DIM, "lrelu", 0.01)},
    )
    return record(
        "Generator",
        {"z_dim": 4, "c_dim": 0, "w_dim": W_DIM, "img_resolution": 64, "img_channels": 3}
        | {"num_ws": last + 2, **attributes},
        {},
        modules={"synthesis": synthesis, "mapping": mapping},
    )


def _input() -> Call:
    return record(
        "SynthesisInput",
        {
            **{"w_dim": W_DIM, "channels": CHANNELS, "size": np.array([36, 36])},
            **{"sampling_rate": np.float64(16), "bandwidth": np.float64(2)},
        },
        {"weight": torch.randn(CHANNELS, CHANNELS)},
        buffers={
            "transform": torch.eye(3),
            "freqs": torch.randn(CHANNELS, 2),
            "phases": torch.rand(CHANNELS),
        },
        modules={"affine": _fully_connected(W_DIM, 4, "linear", 1)},
    )


def _layer(radial: bool, into: int, out: int, index: int, last: int) -> Call:
    is_torgb, critical = index == last, index >= last - 2
    kernel = 1 if radial or is_torgb else 3
    taps = 1 if is_torgb else 12
    down_radial = radial and not critical
    return record(
        "SynthesisLayer",
        {
            **{"w_dim": W_DIM, "is_torgb": is_torgb, "is_critically_sampled": critical},
            **{"use_fp16": False, "in_channels": CHANNELS, "out_channels": CHANNELS},
            **{"in_size": np.array([into, into]), "out_size": np.array([out, out])},
            **{"in_sampling_rate": 16, "out_sampling_rate": 16, "tmp_sampling_rate": 32},
            **{"in_cutoff": np.float64(2), "out_cutoff": np.float64(3)},
            **{"in_half_width": np.float64(6), "out_half_width": np.float64(5)},
            **{"conv_kernel": kernel, "conv_clamp": 256, "magnitude_ema_beta": 0.999},
            **{"up_factor": 2, "up_taps": taps, "down_factor": 2, "down_taps": taps},
            **{"down_radial": down_radial, "padding": [9, 8, 9, 8]},
        },
        {"weight": torch.randn(CHANNELS, CHANNELS, kernel, kernel), "bias": torch.randn(CHANNELS)},
        buffers={
            "magnitude_ema": torch.ones([]),
            "up_filter": None if is_torgb else torch.randn(taps),
            "down_filter": None if is_torgb else torch.randn([taps] * (1 + down_radial)),
        },
        modules={"affine": _fully_connected(W_DIM, CHANNELS, "linear", 1)},
    )


def _fully_connected(into: int, out: int, activation: str, lr_multiplier: float) -> Call:
    return record(
        "FullyConnectedLayer",
        {
            **{"in_features": into, "out_features": out, "activation": activation},
            **{"weight_gain": lr_multiplier / np.sqrt(into), "bias_gain": lr_multiplier},
        },
        {"weight": torch.randn(out, into), "bias": torch.randn(out)},
    )
