"""Pickles of the TensorFlow era (dnnlib/tflib/network.py; training/networks*.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from tests.checkpoints.writers.generators import Kind
from tests.checkpoints.writers.nvidia import SOURCE
from tests.checkpoints.writers.pickling import Instance, Name, pickled

Variables = list[tuple[str, Any]]


def tensorflow_pickle(
    tensors: Mapping[str, Tensor],
    kind: Kind,
    *,
    version: int = 4,
    protocol: int = 4,
    numpy_core: str = "numpy.core",
    arguments: Mapping[str, Any] | None = None,
    more_variables: Variables | None = None,
) -> bytes:
    """The tuple (G, D, Gs); the generator is Gs.

    arguments: further static arguments. more_variables: of the synthesis network.
    """
    static = {
        "num_channels": kind.colours,
        "resolution": kind.resolution,
        "label_size": kind.c_dim,
        "fmap_base": 8192,
        "mapping_lrmul": kind.mapping_lr,
        "architecture": kind.architecture,
        **({} if kind.conv_clamp is None else {"conv_clamp": kind.conv_clamp}),
        **(arguments or {}),
    }

    def network(name: str, values: Mapping[str, Tensor]) -> Instance:
        parts = {
            "synthesis": _network(
                "G_synthesis", version, static, _synthesis(values, kind) + (more_variables or [])
            ),
            "mapping": _network("G_mapping", version, static, _mapping(values, kind)),
        }
        own: Variables = [("lod", np.float32(0))]
        if "mapping.w_avg" in values:
            own.append(("dlatent_avg", values["mapping.w_avg"].numpy()))
        return _network(name, version, static, own, parts)

    other = {name: 0.9 * tensor for name, tensor in tensors.items()}
    discriminator = _network("D", version, {}, [("4x4/Dense0/weight", np.ones((2, 2), "f4"))])
    networks = (network("G", other), discriminator, network("Gs", tensors))
    return pickled(networks, protocol, numpy_core)


def _network(
    name: str,
    version: int,
    static: Mapping[str, Any],
    variables: Variables,
    components: Mapping[str, Any] | None = None,
) -> Instance:
    state = {
        "version": version,
        "name": name,
        "static_kwargs": dict(static),
        "components": dict(components or {}),
        "build_module_src": SOURCE,
        "build_func_name": "G_main",
        "variables": variables,
    }
    return Instance(Name("dnnlib.tflib.network", "Network"), attributes=state)


def _mapping(tensors: Mapping[str, Tensor], kind: Kind) -> Variables:
    variables: Variables = []
    layers = {f"fc{index}": f"Dense{index}" for index in range(kind.mapping_layers)}
    if kind.c_dim:
        layers["embed"] = "LabelEmbed"
    for theirs, ours in layers.items():
        weight, bias = (tensors[f"mapping.{theirs}.{name}"].numpy() for name in ("weight", "bias"))
        variables += [(f"{ours}/weight", np.ascontiguousarray(weight.T)), (f"{ours}/bias", bias)]
    return variables


def _synthesis(tensors: Mapping[str, Tensor], kind: Kind) -> Variables:
    variables: Variables = [
        ("4x4/Const/const", tensors["synthesis.b4.const"].numpy()[None]),
    ]
    for side in kind.sides:
        block, scope = f"synthesis.b{side}", f"{side}x{side}"
        log = int(math.log2(side))
        if side == 4:
            layers = [("conv1", "Conv", 0)]
        else:
            layers = [("conv0", "Conv0_up", 2 * log - 5), ("conv1", "Conv1", 2 * log - 4)]
        for theirs, ours, index in layers:
            variables += _convolution(tensors, f"{block}.{theirs}", f"{scope}/{ours}")
            if f"{block}.{theirs}.noise_const" in tensors:
                noise = tensors[f"{block}.{theirs}.noise_const"].numpy()[None, None]
                strength = np.float32(tensors[f"{block}.{theirs}.noise_strength"].item())
                variables += [
                    (f"noise{index}", noise),
                    (f"{scope}/{ours}/noise_strength", strength),
                ]
        if f"{block}.torgb.weight" in tensors:
            variables += _convolution(tensors, f"{block}.torgb", f"{scope}/ToRGB")
        if f"{block}.skip.weight" in tensors:
            weight = tensors[f"{block}.skip.weight"].numpy().transpose(2, 3, 1, 0)
            variables.append((f"{scope}/Skip/weight", np.ascontiguousarray(weight)))
    return variables


def _convolution(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> Variables:
    """(O, I, k, k) becomes (k, k, I, O), turned by 180° where it samples up."""
    weight = tensors[f"{theirs}.weight"].numpy().transpose(2, 3, 1, 0)
    if ours.endswith("Conv0_up"):
        weight = weight[::-1, ::-1]
    return [
        (f"{ours}/weight", np.ascontiguousarray(weight)),
        (f"{ours}/bias", tensors[f"{theirs}.bias"].numpy()),
        (f"{ours}/mod_weight", np.asfortranarray(tensors[f"{theirs}.affine.weight"].numpy().T)),
        (f"{ours}/mod_bias", tensors[f"{theirs}.affine.bias"].numpy() - 1),
    ]
