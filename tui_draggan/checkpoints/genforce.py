"""Tensor names of genforce's PyTorch generators (models/stylegan2_generator.py), as SeFa's too.

`mapping.dense{i}`, `truncation.w_avg`; `synthesis.early_layer.const`, then `synthesis.layer{k}` in
the order of the convolutions and `synthesis.output{i}`, the ToRGB of the block of 4·2^i px. The
numbers are TensorFlow's: up-sampling kernels are turned by 180°, and each style lacks the one that
the program adds to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.errors import CheckpointError

CONSTANT = "synthesis.early_layer.const"
"""The tensor by which the naming is recognised."""
FORMAT = "genforce's PyTorch StyleGAN2"
STYLE_BIAS = 1.0
"""What the program adds to each style (`additional_bias`)."""

_NAMES = {
    "weight": "weight",
    "bias": "bias",
    "style.weight": "affine.weight",
    "style.bias": "affine.bias",
    "noise": "noise_const",
    "noise_strength": "noise_strength",
    "filter.kernel": "resample_filter",
}


def nvidia_names(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The same tensors by NVIDIA's names, with the axes in NVIDIA's order; all of them are views.

    Unknown ones keep their name. Raises CheckpointError for a conditional generator.
    """
    if "mapping.label_weight" in tensors:
        raise CheckpointError(
            "is a conditional StyleGAN2 generator of genforce, which normalises z and label "
            "together; its unconditional ones can be read"
        )
    return {_renamed(name): _arranged(name, tensor) for name, tensor in tensors.items()}


def _renamed(name: str) -> str:
    if found := re.fullmatch(r"mapping\.dense(\d+)\.(weight|bias)", name):
        return f"mapping.fc{found[1]}.{found[2]}"
    if name == "truncation.w_avg":
        return "mapping.w_avg"
    if name == CONSTANT:
        return "synthesis.b4.const"
    if name == "synthesis.upsample.kernel":
        return "synthesis.resample_filter"
    found = re.fullmatch(r"synthesis\.(layer|output)(\d\d?)\.(.+)", name)
    if found and found[3] in _NAMES:
        return f"{_layer(found[1], int(found[2]))}.{_NAMES[found[3]]}"
    return name


def _layer(kind: str, index: int) -> str:
    """layer0 is conv1 at 4 px, then conv0 and conv1 of each block take turns."""
    if kind == "output":
        return f"synthesis.b{4 * 2**index}.torgb"
    return f"synthesis.b{4 * 2 ** ((index + 1) // 2)}.conv{(index + 1) % 2}"


def _arranged(name: str, tensor: Array) -> Array:
    last = name.rpartition(".")[2]
    if last in ("const", "noise", "kernel"):
        while tensor.ndim > (3 if last == "const" else 2) and len(tensor) == 1:
            tensor = tensor[0]
    elif re.fullmatch(r"synthesis\.layer\d*[13579]\.weight", name) and tensor.ndim == 4:
        tensor = tensor[:, :, ::-1, ::-1]
    return tensor
