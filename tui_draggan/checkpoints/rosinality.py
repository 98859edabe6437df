"""Tensor names of rosinality's stylegan2-pytorch, and of programs that descend from it.

`style.{i}` are the mapping network's layers from 1 on (0 normalises z), `input.input` the
constant, `conv1` and `to_rgb1` the block of 4 px, `convs.{2k}`, `convs.{2k+1}` and `to_rgbs.{k}`
that of 8·2^k px. `noises.noise_{k}` are the noise maps in the order of the layers. BasicSR's
StyleGAN2 (basicsr/archs/stylegan2_arch.py) has other names for the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.errors import CheckpointError

CONSTANT, BASICSR_CONSTANT = "input.input", "constant_input.weight"
CONSTANTS = (CONSTANT, BASICSR_CONSTANT)
"""The tensors by which the namings are recognised."""

_FROM_BASICSR = (
    (r"style_mlp\.(.+)", r"style.\1"),
    (re.escape(BASICSR_CONSTANT), CONSTANT),
    (r"style_(conv1|convs\.\d+)\.weight", r"\1.noise.weight"),
    (r"(?:style_)?(conv1|convs\.\d+|to_rgb1|to_rgbs\.\d+)\.modulated_conv\.(.+)", r"\1.conv.\2"),
    (r"style_(conv1|convs\.\d+)\.activate\.bias", r"\1.activate.bias"),
    (r"noises\.noise(\d+)", r"noises.noise_\1"),
)

_CONV = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "activate.bias": "bias",
    "noise.weight": "noise_strength",
    "conv.blur.kernel": "resample_filter",
}
_TO_RGB = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "bias": "bias",
    "upsample.kernel": "resample_filter",
}
_DIMENSIONS = {"weight": 4, "bias": 1, "const": 3, "noise_const": 2, "noise_strength": 0}
"""Dimensions of NVIDIA's tensors; rosinality's have more, of size one, around them."""


def _later_block(index: int) -> str:
    return f"synthesis.b{8 * 2**index}"


def _layer(index: int) -> str:
    """The k-th layer after the first."""
    return f"{_later_block(index // 2)}.conv{index % 2}"


def _noise(index: int) -> str:
    return f"{_layer(index - 1) if index else 'synthesis.b4.conv1'}.noise_const"


Names = Callable[[re.Match[str]], str | None]

_RENAMED: tuple[tuple[str, Names], ...] = (
    (
        r"style\.([1-9]\d?)\.(weight|bias)",
        lambda found: f"mapping.fc{int(found[1]) - 1}.{found[2]}",
    ),
    (re.escape(CONSTANT), lambda found: "synthesis.b4.const"),
    (r"conv1\.(.+)", lambda found: _within("synthesis.b4.conv1", _CONV, found[1])),
    (r"to_rgb1\.(.+)", lambda found: _within("synthesis.b4.torgb", _TO_RGB, found[1])),
    (r"convs\.(\d\d?)\.(.+)", lambda found: _within(_layer(int(found[1])), _CONV, found[2])),
    (
        r"to_rgbs\.(\d\d?)\.(.+)",
        lambda found: _within(f"{_later_block(int(found[1]))}.torgb", _TO_RGB, found[2]),
    ),
    (r"noises\.noise_(\d\d?)", lambda found: _noise(int(found[1]))),
)


def _within(layer: str, names: dict[str, str], name: str) -> str | None:
    return f"{layer}.{names[name]}" if name in names else None


def nvidia_names(tensors: Mapping[str, Array]) -> tuple[str, dict[str, Array]]:
    """The format in words, and the same tensors by NVIDIA's names and in NVIDIA's shapes.

    Unknown ones keep their name. Raises CheckpointError where a tensor has numbers along a
    dimension that should be one.
    """
    format = "rosinality's stylegan2-pytorch"
    if BASICSR_CONSTANT in tensors:
        format = "BasicSR's StyleGAN2"
        tensors = {_from_basicsr(name): tensor for name, tensor in tensors.items()}
    renamed = {}
    for name, tensor in tensors.items():
        to = _renamed(name)
        dimensions = _DIMENSIONS.get(to.rpartition(".")[2]) if to else None
        if to is None or dimensions is None or ".affine." in to or to.startswith("mapping."):
            renamed[to or name] = tensor
        else:
            renamed[to] = _squeezed(name, tensor, dimensions)
    return format, renamed


def _from_basicsr(name: str) -> str:
    for pattern, to in _FROM_BASICSR:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, to, name)
    return name


def _renamed(name: str) -> str | None:
    for pattern, names in _RENAMED:
        if found := re.fullmatch(pattern, name):
            return names(found)
    return None


def _squeezed(name: str, tensor: Array, dimensions: int) -> Array:
    """Takes dimensions of size one from the front, then from the back."""
    shape = tensor.shape
    while len(shape) > dimensions and shape[0] == 1:
        shape = shape[1:]
    while len(shape) > dimensions and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != dimensions:
        raise CheckpointError(
            f"has {shown(name)} of shape {tensor.shape}; "
            f"expected {dimensions} dimensions besides those of size 1"
        )
    return tensor.reshape(shape)
