"""Pickles of the TensorFlow era: StyleGAN2 and stylegan2-ada, a tuple (G, D, Gs) of networks.

A `dnnlib.tflib.network.Network` holds its version, its static arguments, its variables as pairs of
name and array, and its components (mapping, synthesis), which are networks with variables of their
own. Gs is the moving average, which gives the pictures. (dnnlib/tflib/network.py, `__getstate__`)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.checks import check_is, positive, positive_or_none
from tui_draggan.checkpoints.unpickling.messages import shown, worded
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread
from tui_draggan.checkpoints.unpickling.values import Array, Record
from tui_draggan.checkpoints.validation import check_filter, validated
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import ARCHITECTURES

NETWORK = "dnnlib.tflib.network.Network"
OLDEST_VERSION = 4
SYNTHESIS_FUNCTIONS = ("G_synthesis_stylegan2", "G_synthesis")
COMPONENTS = ("mapping", "synthesis")
STYLE_BIAS = 1.0
"""What the program adds to each style; NVIDIA's later ones have it in the bias."""

_LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
_VARIABLES = {
    "weight": "weight",
    "bias": "bias",
    "noise_strength": "noise_strength",
    "mod_weight": "affine.weight",
    "mod_bias": "affine.bias",
}
_FIXED: dict[str, tuple[Any, ...]] = {
    "nonlinearity": ("lrelu",),
    "mapping_nonlinearity": ("lrelu",),
    "normalize_latents": (True,),
    "mapping_func": ("G_mapping",),
    "synthesis_func": SYNTHESIS_FUNCTIONS,
}
"""Static arguments, and the values of them that this program's generator has."""
_READ = {
    *_FIXED,
    *("architecture", "conv_clamp", "mapping_lrmul", "resample_kernel", "use_noise"),
}
_IRRELEVANT = {
    # The shapes say it.
    *("num_channels", "resolution", "latent_size", "label_size", "dlatent_size", "label_fmaps"),
    *("mapping_layers", "mapping_fmaps", "fmap_base", "fmap_decay", "fmap_min", "fmap_max"),
    *("fmap_const", "dlatent_broadcast"),
    # It matters in training, or for speed.
    *("truncation_psi", "truncation_cutoff", "truncation_psi_val", "truncation_cutoff_val"),
    *("dlatent_avg_beta", "w_avg_beta", "style_mixing_prob", "randomize_noise", "structure"),
    *("dtype", "num_fp16_res", "fused_modconv"),
}


def is_tensorflow(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and any(_is_network(entry) for entry in value)


def read_tensorflow(networks: tuple[Any, ...] | list[Any]) -> Checkpoint:
    """The generator Gs. Raises CheckpointError where it is none, or not of StyleGAN2."""
    if len(networks) != 3 or not _is_network(networks[2]):
        raise CheckpointError("has TensorFlow networks, but not three of them: (G, D, Gs)")
    network = networks[2]
    variables = dict(_variables(network))
    _check_kind(network, variables)
    refuse_unread(network)
    arguments = network.state.get("static_kwargs")
    if not isinstance(arguments, dict):
        raise CheckpointError("has a TensorFlow network without static_kwargs; it is damaged")
    _check_arguments(arguments)
    architecture = arguments.get("architecture")
    check_is(architecture, "architecture", None, *ARCHITECTURES)
    if arguments.get("use_noise") is False:
        variables = {name: value for name, value in variables.items() if "noise" not in name}
    unknown = sorted(shown(str(name)) for name in arguments.keys() - _READ - _IRRELEVANT)
    return validated(
        {_nvidia_name(name): _nvidia_layout(name, value) for name, value in variables.items()},
        format="TensorFlow pickle (stylegan2, stylegan2-ada)",
        mapping_lr=positive(arguments.get("mapping_lrmul", 0.01), "mapping_lrmul"),
        conv_clamp=positive_or_none(arguments.get("conv_clamp"), "conv_clamp"),
        architecture=architecture,
        style_bias=STYLE_BIAS,
        notes=tuple(f"unknown argument {name}; ignored" for name in unknown[:8]),
    )


def _is_network(value: Any) -> bool:
    return isinstance(value, Record) and value.class_name == NETWORK


def _variables(network: Record) -> Iterator[tuple[str, Array]]:
    """Variables of the network and its components: «synthesis/4x4/Conv/weight»."""
    yield from _own_variables(network, "")
    components = network.state.get("components")
    for name, component in components.items() if isinstance(components, dict) else ():
        if name not in COMPONENTS or not _is_network(component):
            raise CheckpointError(
                f"has a component {worded(name)}; expected {' and '.join(COMPONENTS)}"
            )
        yield from _own_variables(component, f"{name}/")


def _own_variables(network: Record, prefix: str) -> Iterator[tuple[str, Array]]:
    variables = network.state.get("variables")
    if not isinstance(variables, list):
        raise CheckpointError("has a TensorFlow network without variables; it is damaged")
    for entry in variables:
        match entry:
            case (str("lod"), _) if not prefix:
                pass  # of progressive growing, which StyleGAN2 has left behind
            case (str(name), np.ndarray() as value):
                yield prefix + name, value
            case (str(name), float(value)):  # numpy's scalars come as Python's
                yield prefix + name, np.array(value)
            case _:
                raise CheckpointError("has a TensorFlow variable in an unknown form; refused")


def _check_kind(network: Record, variables: dict[str, Array]) -> None:
    """Raises CheckpointError, by name, for generators of other architectures."""
    if any("StyleMod" in name for name in variables):
        raise CheckpointError(
            "is a StyleGAN1 generator; it modulates activations (AdaIN) instead of weights, "
            "this program edits StyleGAN2 and StyleGAN3"
        )
    version = network.state.get("version")
    if not isinstance(version, int) or version < OLDEST_VERSION:
        raise CheckpointError(
            f"is a TensorFlow network of version {worded(version)}, as Progressive GAN and "
            f"StyleGAN1 have it; StyleGAN2 has {OLDEST_VERSION} or more"
        )
    if any("LabelConcat/" in name for name in variables):
        raise CheckpointError(
            "is a conditional StyleGAN2 generator of the first TensorFlow code (LabelConcat), "
            "which normalises z and label together; those of stylegan2-ada can be read"
        )
    if any("ToRGB_lod" in name for name in variables):
        raise CheckpointError(
            "is a generator of the StyleGAN2 paper's configurations B to D, which grow "
            "progressively; expected E or F"
        )


def _check_arguments(arguments: dict[str, Any]) -> None:
    for name, values in _FIXED.items():
        if name in arguments:
            check_is(arguments[name], name, *values)
    check_filter(arguments.get("resample_kernel", [1, 3, 3, 1]), "resample_kernel")


def _nvidia_name(name: str) -> str:
    if name == "dlatent_avg":
        return "mapping.w_avg"
    if found := re.fullmatch(r"mapping/Dense(\d+)/(weight|bias)", name):
        return f"mapping.fc{found[1]}.{found[2]}"
    if found := re.fullmatch(r"mapping/LabelEmbed/(weight|bias)", name):
        return f"mapping.embed.{found[1]}"
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const"
    if found := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        return f"{_layer_of_noise(int(found[1]))}.noise_const"
    if (
        (found := re.fullmatch(r"synthesis/(\d+)x\1/(\w+)/(\w+)", name))
        and found[2] in _LAYERS
        and found[3] in _VARIABLES
    ):
        return f"synthesis.b{found[1]}.{_LAYERS[found[2]]}.{_VARIABLES[found[3]]}"
    return name


def _layer_of_noise(index: int) -> str:
    """0 is conv1 at 4 px; conv0 at r px is 2·log2 r − 5, conv1 there 2·log2 r − 4."""
    resolution = 2 ** ((index + 5) // 2)
    return f"synthesis.b{resolution}.conv{0 if index % 2 else 1}"


def _nvidia_layout(name: str, value: Array) -> Array:
    """A view of `value` with the axes in NVIDIA's later order."""
    if value.ndim == 4 and name.endswith("/weight"):  # (k, k, I, O)
        if "/Conv0_up/" in name or "/Skip/" in name:
            value = value[::-1, ::-1]  # TensorFlow's up-sampling convolution turns its kernel
        return value.transpose(3, 2, 0, 1)
    if value.ndim == 2 and name.endswith("weight"):  # (I, O)
        return value.T
    if name == "synthesis/4x4/Const/const" and value.ndim == 4 and len(value) == 1:
        constant: Array = value[0]
        return constant
    if re.fullmatch(r"synthesis/noise\d+", name) and value.shape[:2] == (1, 1):
        noise: Array = value[0, 0]
        return noise
    return value
