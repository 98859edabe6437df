"""Pickles of stylegan2-ada-pytorch and stylegan3 (torch_utils/persistence.py, networks*.py)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.checkpoints.writers.generators import Kind
from tests.checkpoints.writers.pickling import Call, Instance, Name, pickled

SOURCE = "raise SystemExit('the source in the checkpoint was run')\n" + "# layers\n" * 1000
FILTER = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64

Modules = dict[str, Any]


def nvidia_pickle(
    tensors: Mapping[str, Tensor],
    kind: Kind,
    *,
    program: str = "ada",
    networks: tuple[str, ...] = ("G", "D", "G_ema", "augment_pipe"),
    protocol: int = 4,
    numpy_core: str = "numpy._core",
) -> bytes:
    """program: «ada» for stylegan2-ada-pytorch, «stylegan3» for its networks_stylegan2."""
    generator = generator_record(tensors, kind, program)
    contents: dict[str, Any] = {
        "G": generator_record(
            {name: 0.9 * tensor for name, tensor in tensors.items()}, kind, program
        ),
        "D": record("Discriminator", {"c_dim": 0}, {"b4.weight": torch.randn(3, 3)}),
        "G_ema": generator,
        "augment_pipe": None,
    }
    snapshot = {name: contents[name] for name in networks}
    snapshot["training_set_kwargs"] = Instance(
        Name("dnnlib.util", "EasyDict"), items={"class_name": "ImageFolderDataset", "xflip": True}
    )
    return pickled(snapshot, protocol, numpy_core)


def generator_record(
    tensors: Mapping[str, Tensor], kind: Kind, program: str = "ada", **attributes: Any
) -> Call:
    """The generator alone. `attributes` are added to the synthesis network's."""
    stylegan3 = program == "stylegan3"
    mapping: Modules = {
        f"fc{index}": _fully_connected(tensors, f"mapping.fc{index}", "lrelu", kind.mapping_lr)
        for index in range(kind.mapping_layers)
    }
    if kind.c_dim:
        mapping["embed"] = _fully_connected(tensors, "mapping.embed", "linear", 1)
    square = _square(kind)
    dims = {"z_dim": kind.z_dim, "c_dim": kind.c_dim, "w_dim": kind.w_dim}
    blocks = {f"b{side}": _block(tensors, kind, side, stylegan3) for side in kind.sides}
    picture = {"img_resolution": kind.resolution, "img_channels": kind.colours}
    num_ws = 2 * len(kind.sides)
    return record(
        "Generator",
        {**dims, **picture, **square, "num_ws": num_ws},
        {},
        modules={
            "synthesis": record(
                "SynthesisNetwork",
                {
                    **picture,
                    "w_dim": kind.w_dim,
                    "img_resolution_log2": int(math.log2(kind.resolution)),
                    "block_resolutions": kind.sides,
                    "num_ws": num_ws,
                    **({"num_fp16_res": 4} if stylegan3 else {}),
                    **square,
                    **attributes,
                },
                {},
                modules=blocks,
            ),
            "mapping": record(
                "MappingNetwork",
                {
                    **dims,
                    "num_ws": num_ws,
                    "num_layers": kind.mapping_layers,
                    "w_avg_beta": 0.998 if stylegan3 else 0.995,
                },
                {},
                buffers=_of(tensors, "mapping", "w_avg"),
                modules=mapping,
            ),
        },
    )


def _square(kind: Kind) -> dict[str, Any]:
    """StyleGAN-Human's networks say on every level that they are twice as high as wide; eps696's
    the sides of their constant (training/networks.py of either)."""
    if kind.const == (4, 4):
        return {}
    return {"square": False} if kind.const == (4, 2) else {"init_res": list(kind.const)}


def _block(tensors: Mapping[str, Tensor], kind: Kind, side: int, stylegan3: bool) -> Call:
    name = f"synthesis.b{side}"
    modules: Modules = {}
    for child in ("conv0", "conv1"):
        if f"{name}.{child}.weight" in tensors:
            modules[child] = _styled(tensors, f"{name}.{child}", kind, side, stylegan3)
    if f"{name}.torgb.weight" in tensors:
        inputs = tensors[f"{name}.torgb.weight"].shape[1]
        modules["torgb"] = record(
            "ToRGBLayer",
            {"conv_clamp": kind.conv_clamp, "weight_gain": 1 / np.sqrt(inputs)},
            _of(tensors, f"{name}.torgb", "weight", "bias"),
            modules={"affine": _fully_connected(tensors, f"{name}.torgb.affine", "linear", 1)},
        )
    if f"{name}.skip.weight" in tensors:
        inputs = tensors[f"{name}.skip.weight"].shape[1]
        modules["skip"] = record(
            "Conv2dLayer",
            {
                "activation": "linear",
                "up": 2,
                "down": 1,
                "conv_clamp": None,
                "padding": 0,
                "weight_gain": 1 / np.sqrt(inputs),
                "act_gain": 1,
                "bias": None,  # set before there is one: no parameter, to torch
            },
            _of(tensors, f"{name}.skip", "weight"),
            buffers={"resample_filter": FILTER},
        )
    return record(
        "SynthesisBlock",
        {
            "in_channels": 0 if side == 4 else tensors[f"{name}.conv0.weight"].shape[1],
            "w_dim": kind.w_dim,
            "resolution": side,
            "img_channels": kind.colours,
            "is_last": side == kind.resolution,
            "architecture": kind.architecture,
            "use_fp16": side > 8,
            "channels_last": False,
            "num_conv": 1 if side == 4 else 2,
            "num_torgb": int("torgb" in modules),
            **_square(kind),
            **({"fused_modconv_default": "inference_only"} if stylegan3 else {}),
        },
        _of(tensors, name, "const") if side == 4 else {},
        buffers={"resample_filter": FILTER},
        modules=modules,
    )


def _styled(
    tensors: Mapping[str, Tensor], name: str, kind: Kind, side: int, stylegan3: bool
) -> Call:
    out, into = tensors[f"{name}.weight"].shape[:2]
    use_noise = f"{name}.noise_const" in tensors
    return record(
        "SynthesisLayer",
        {
            **({"in_channels": into, "out_channels": out, "w_dim": 0} if stylegan3 else {}),
            "resolution": side,
            "up": 2 if name.endswith("conv0") else 1,
            "use_noise": use_noise,
            "activation": "lrelu",
            "conv_clamp": kind.conv_clamp,
            "padding": 1,
            "act_gain": np.sqrt(2),
            **_square(kind),
        },
        _of(tensors, name, "weight", "bias", *(["noise_strength"] if use_noise else [])),
        buffers={
            "resample_filter": FILTER,
            **(_of(tensors, name, "noise_const") if use_noise else {}),
        },
        modules={"affine": _fully_connected(tensors, f"{name}.affine", "linear", 1)},
    )


def _fully_connected(
    tensors: Mapping[str, Tensor], name: str, activation: str, lr_multiplier: float
) -> Call:
    inputs = tensors[f"{name}.weight"].shape[1]
    return record(
        "FullyConnectedLayer",
        {
            "activation": activation,
            "weight_gain": lr_multiplier / np.sqrt(inputs),
            "bias_gain": lr_multiplier,
        },
        _of(tensors, name, "weight", "bias"),
    )


def _of(tensors: Mapping[str, Tensor], module: str, *names: str) -> dict[str, Tensor]:
    return {name: tensors[f"{module}.{name}"] for name in names if f"{module}.{name}" in tensors}


def record(
    class_name: str,
    attributes: Mapping[str, Any],
    parameters: Mapping[str, Tensor | None],
    *,
    buffers: Mapping[str, Tensor | None] | None = None,
    modules: Modules | None = None,
) -> Call:
    """A persistent object: its class's source and name, and its `__dict__`."""
    state = {
        "training": False,
        "_parameters": OrderedDict(
            (name, None if tensor is None else torch.nn.Parameter(tensor, requires_grad=False))
            for name, tensor in parameters.items()
        ),
        "_buffers": OrderedDict(buffers or {}),
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_forward_hooks": OrderedDict(),
        "_modules": OrderedDict(modules or {}),
        **attributes,
        "_init_args": (),
        "_init_kwargs": Instance(Name("dnnlib.util", "EasyDict"), items={"resolution": 256}),
    }
    meta = {
        "type": "class",
        "version": 6,
        "module_src": SOURCE,
        "class_name": class_name,
        "state": state,
    }
    return Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), (meta,))
