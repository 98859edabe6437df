"""From named arrays to a checkpoint: which generator it is, and that all of it is there.

Shapes say nearly everything about a generator. They are looked at first, the numbers only after
every tensor has the shape that it must have: nothing large is made for a file that does not fit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.missing import MEAN_NOTE, noise_notes, sampled_noise
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.errors import CheckpointError
from tui_draggan.size import Size
from tui_draggan.stylegan.config import Architecture, GeneratorConfig

MAX_RESOLUTION = 1024
"""Name of the last block; the side of the picture where the constant is 4×4."""
MAX_CONST = 16
"""Rows and columns of the constant; published ones have 4×4, StyleGAN-Human's 4×2."""
MAX_WIDTH = 4096
"""Width of z, w, a label's embedding, a mapping layer and a feature map; NVIDIA's have 512."""
MAX_CLASSES = 100_000
MAX_MAPPING_LAYERS = 64
MAX_PARAMETERS = 2**28
"""1 GiB in float32; the largest published generator (1024 px) has 30 million."""
MAX_MAP_NUMBERS = 2**27
"""Numbers of one feature map, half a GiB in float32; NVIDIA's largest have 2**25 (32 × 1024²)."""
MAX_SHARING = 2
"""How many times the memory that holds them the tensors may take one by one."""
GREY, RGB, RGBA = 1, 3, 4
"""Channels of a picture."""
MEAN = "mapping.w_avg"
FILTER = "resample_filter"
FIR = np.outer((1, 3, 3, 1), (1, 3, 3, 1)) / 64

Shape = tuple[int, ...]
Tensors = Mapping[str, Array]


def validated(
    tensors: Tensors,
    *,
    format: str,
    mapping_lr: float = 0.01,
    conv_clamp: float | None = None,
    architecture: str | None = None,
    style_bias: float = 0.0,
    notes: tuple[str, ...] = (),
) -> Checkpoint:
    """The checkpoint of `tensors`, which have NVIDIA's names, in float32.

    architecture: what the file says it is; None where only its tensors tell.
    style_bias: what the file's own program adds to each style, which NVIDIA's has in the bias.
    What the file lacks is made up for (`missing`), grey pictures become coloured ones, both with
    a note. Raises CheckpointError, naming the tensor, its shape and the expected one.
    """
    filters = {name for name in tensors if name.rpartition(".")[2] == FILTER}
    for name in filters:
        check_filter(tensors[name], name)
    tensors = {name: tensor for name, tensor in tensors.items() if name not in filters}
    config = _config(tensors, mapping_lr=mapping_lr, conv_clamp=conv_clamp)
    if architecture not in (None, config.architecture):
        raise CheckpointError(
            f"says that its architecture is {shown(str(architecture))}, "
            f"but has the tensors of {config.architecture}"
        )
    colours = _colours(tensors, config.resolution)
    expected = expected_shapes(config, colours)
    _check_cost(config, expected)
    layers = [name.removesuffix(".noise_const") for name in expected if "noise_const" in name]
    silent = [layer for layer in layers if f"{layer}.noise_strength" not in tensors]
    unmapped = [
        layer for layer in layers if layer not in silent and f"{layer}.noise_const" not in tensors
    ]
    for layer in silent:
        tensors.pop(f"{layer}.noise_const", None)
    optional = {MEAN, *_noise(silent), *_noise(unmapped)}
    arrays = checked_arrays(tensors, expected, optional, config.family)
    arrays |= {name: np.zeros(expected[name], np.float32) for name in _noise(silent)}
    maps = [f"{layer}.noise_const" for layer in unmapped]
    arrays |= sampled_noise({name: expected[name] for name in maps})
    notes += noise_notes(silent, unmapped, len(layers))
    if MEAN not in arrays:
        notes += (MEAN_NOTE,)
    if style_bias:
        biases = [name for name in arrays if name.endswith(".affine.bias")]
        arrays |= {name: np.add(arrays[name], style_bias, dtype=np.float32) for name in biases}
    if colours == GREY:
        arrays |= {name: np.repeat(arrays[name], 3, axis=0) for name in _of_torgb(config)}
        notes += ("greyscale pictures; the one channel is copied to red, green and blue",)
    return Checkpoint(format, config, arrays, notes)


def checked_arrays(
    tensors: Tensors, expected: Mapping[str, Shape], optional: set[str], family: str
) -> dict[str, NDArray[np.float32]]:
    """The tensors in float32, in the order of `expected`. Raises CheckpointError where one is
    missing that is not `optional`, has another shape, or is none of the family's."""
    _check_shapes(tensors, expected, optional, family)
    _check_sharing(tensors)
    return {name: _numbers(name, tensors[name]) for name in expected if name in tensors}


def check_filter(kernel: Any, name: str) -> None:
    """Raises CheckpointError where `kernel` is not the outer product of [1, 3, 3, 1] at any scale.

    It may be given as an array or a list of four numbers, or as an array of 4×4.
    """
    if isinstance(kernel, (list, tuple)) and all(type(value) in (int, float) for value in kernel):
        kernel = np.array(kernel, np.float64)
    # Not of any list: one that holds the same large array many times would become one array.
    values = kernel if isinstance(kernel, np.ndarray) else np.empty(0)
    if values.shape in ((4,), (4, 4)) and values.dtype.kind in "iuf":
        values = values.astype(np.float64)
        values = np.outer(values, values) if values.ndim == 1 else values
        gain = values.sum()
        if 0 < gain < np.inf and np.allclose(values, FIR * gain, atol=1e-3 * gain):
            return
    raise CheckpointError(f"resamples with another filter than [1, 3, 3, 1] ({shown(name)})")


def expected_shapes(config: GeneratorConfig, colours: int = RGB) -> dict[str, Shape]:
    """Name and shape of every tensor of a generator, as in `network.Generator.state_dict()`."""
    return dict(_mapping_shapes(config)) | dict(_synthesis_shapes(config, colours))


def _mapping_shapes(config: GeneratorConfig) -> Iterator[tuple[str, Shape]]:
    embed_dim = (config.embed_dim or config.w_dim) if config.c_dim else 0
    if embed_dim:
        yield "mapping.embed.weight", (embed_dim, config.c_dim)
        yield "mapping.embed.bias", (embed_dim,)
    inputs = config.z_dim + embed_dim
    inner = [config.mapping_dim or config.w_dim] * (config.mapping_layers - 1)
    for i, outputs in enumerate([*inner, config.w_dim]):
        yield f"mapping.fc{i}.weight", (outputs, inputs)
        yield f"mapping.fc{i}.bias", (outputs,)
        inputs = outputs
    yield MEAN, (config.w_dim,)


def _synthesis_shapes(config: GeneratorConfig, colours: int) -> Iterator[tuple[str, Shape]]:
    inputs = 0
    for resolution, outputs in zip(config.block_resolutions, config.channels, strict=True):
        block = f"synthesis.b{resolution}"
        noise: dict[str, Shape] = {
            "noise_strength": (),
            "noise_const": tuple(config.size_of(resolution)),
        }
        layers = {"conv1": (outputs, outputs, 3, noise)}
        if inputs:
            layers["conv0"] = (outputs, inputs, 3, noise)
        else:
            yield f"{block}.const", (outputs, *config.const)
        if config.has_torgb(resolution):
            layers["torgb"] = (colours, outputs, 1, {})
        for layer, (out, into, kernel, others) in layers.items():
            yield f"{block}.{layer}.weight", (out, into, kernel, kernel)
            yield f"{block}.{layer}.bias", (out,)
            yield f"{block}.{layer}.affine.weight", (into, config.w_dim)
            yield f"{block}.{layer}.affine.bias", (into,)
            yield from ((f"{block}.{layer}.{name}", shape) for name, shape in others.items())
        if config.architecture == "resnet" and inputs:
            yield f"{block}.skip.weight", (outputs, inputs, 1, 1)
        inputs = outputs


def _config(tensors: Tensors, *, mapping_lr: float, conv_clamp: float | None) -> GeneratorConfig:
    """What the names and shapes say; only those that are needed for it are looked at."""
    resolutions = _block_resolutions(tensors)
    last = resolutions[-1]
    channels = tuple(
        _width(tensors, f"synthesis.b{resolution}.conv1.weight", 4, 0) for resolution in resolutions
    )
    w_dim = _width(tensors, "synthesis.b4.conv1.affine.weight", 2, 1)
    architecture: Architecture = "orig"
    if f"synthesis.b{last}.skip.weight" in tensors:
        architecture = "resnet"
    elif "synthesis.b4.torgb.weight" in tensors:
        architecture = "skip"
    return GeneratorConfig(
        resolution=last,
        channels=channels,
        **mapping_fields(tensors, w_dim),
        mapping_lr=mapping_lr,
        architecture=architecture,
        conv_clamp=conv_clamp,
        const=_const(tensors),
        alpha=_colours(tensors, last) == RGBA,
    )


def mapping_fields(tensors: Tensors, w_dim: int) -> dict[str, Any]:
    """What the shapes of the mapping network's tensors say, by a configuration's fields."""
    layers = sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in tensors)
    if not 1 <= layers <= MAX_MAPPING_LAYERS:
        raise CheckpointError(
            f"has a mapping network of {layers} layers; expected 1 to {MAX_MAPPING_LAYERS}"
        )
    c_dim = embed_dim = 0
    if "mapping.embed.weight" in tensors:
        c_dim = _width(tensors, "mapping.embed.weight", 2, 1, at_most=MAX_CLASSES)
        embed_dim = _width(tensors, "mapping.embed.weight", 2, 0)
    z_dim = _width(tensors, "mapping.fc0.weight", 2, 1, at_most=2 * MAX_WIDTH) - embed_dim
    if z_dim == 0:
        raise CheckpointError(
            "has z_dim 0, pictures of the class alone; expected a latent of 1 or more numbers"
        )
    if not 1 <= z_dim <= MAX_WIDTH:
        raise CheckpointError(f"has z_dim {z_dim}; expected 1 to {MAX_WIDTH}")
    mapping_dim = w_dim if layers == 1 else _width(tensors, "mapping.fc0.weight", 2, 0)
    return {
        "z_dim": z_dim,
        "w_dim": w_dim,
        "c_dim": c_dim,
        "mapping_layers": layers,
        "mapping_dim": None if mapping_dim == w_dim else mapping_dim,
        "embed_dim": None if embed_dim in (0, w_dim) else embed_dim,
    }


def _const(tensors: Tensors) -> Size:
    name = "synthesis.b4.const"
    _width(tensors, name, 3, 0)
    *_, rows, columns = shape = tensors[name].shape
    if not (1 <= rows <= MAX_CONST and 1 <= columns <= MAX_CONST):
        raise CheckpointError(
            f"has {name} of shape {shape}; expected 1 to {MAX_CONST} rows and columns"
        )
    return Size(rows, columns)


def _block_resolutions(tensors: Tensors) -> list[int]:
    """4, 8, … up to the last block's name."""
    matches = (re.match(r"synthesis\.b(\d{1,6})\.", name) for name in tensors)
    resolutions = sorted({int(match[1]) for match in matches if match})
    if not resolutions or resolutions != [4 * 2**i for i in range(len(resolutions))]:
        sides = ", ".join(map(str, resolutions[:12])) or "none"
        raise CheckpointError(f"has synthesis blocks of {sides} px; expected 4, 8, 16 and so on")
    if not 8 <= resolutions[-1] <= MAX_RESOLUTION:
        raise CheckpointError(
            f"makes pictures of {resolutions[-1]} px; expected 8 to {MAX_RESOLUTION}"
        )
    return resolutions


def _width(
    tensors: Tensors, name: str, dimensions: int, axis: int, at_most: int = MAX_WIDTH
) -> int:
    if name not in tensors:
        raise CheckpointError(f"has no {name}; the generator is incomplete")
    shape = tensors[name].shape
    if len(shape) != dimensions:
        raise CheckpointError(f"has {name} of shape {shape}; expected {dimensions} dimensions")
    if not 1 <= shape[axis] <= at_most:
        raise CheckpointError(f"has {name} of shape {shape}; expected 1 to {at_most} wide")
    return int(shape[axis])


def _colours(tensors: Tensors, last: int) -> int:
    """Channels of the picture by the last block."""
    colours = _width(tensors, f"synthesis.b{last}.torgb.weight", 4, 0)
    if colours not in (GREY, RGB, RGBA):
        raise CheckpointError(
            f"makes pictures of {colours} channels; expected 3 (colour), 4 (colour and alpha) or "
            "1 (greyscale)"
        )
    return colours


def _check_cost(config: GeneratorConfig, expected: dict[str, Shape]) -> None:
    """Raises CheckpointError where a picture would take more memory than there may be."""
    parameters = sum(math.prod(shape) for shape in expected.values())
    if parameters > MAX_PARAMETERS:
        raise CheckpointError(f"has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are read")
    for resolution, channels in zip(config.block_resolutions, config.channels, strict=True):
        size = config.size_of(resolution)
        if channels * size.area > MAX_MAP_NUMBERS:
            raise CheckpointError(
                f"has {channels:,} channels at {size} px, maps of "
                f"{4 * channels * size.area / 1e9:.1f} GB; "
                f"at most {MAX_MAP_NUMBERS // size.area:,} channels are computed there"
            )


def _check_sharing(tensors: Tensors) -> None:
    """Raises CheckpointError where tensors lie upon each other: few numbers would become many.

    A few may; programs save one tensor of zeros under several names.
    """
    extents = sorted(map(_extent, tensors.values()))
    held, reached = 0, 0
    for begin, end in extents:
        held += max(end, reached) - max(begin, reached)
        reached = max(end, reached)
    size = sum(tensor.nbytes for tensor in tensors.values())
    if size > MAX_SHARING * held:
        raise CheckpointError(
            f"has tensors of {size / 1e6:,.1f} MB that share {held / 1e6:,.1f} MB; "
            "rejected: they would expand beyond the limit"
        )


def _extent(tensor: Array) -> tuple[int, int]:
    """First byte of the memory in which `tensor` lies, and the first behind it."""
    begin = end = int(tensor.__array_interface__["data"][0])
    for count, stride in zip(tensor.shape, tensor.strides, strict=True):
        if stride < 0:
            begin += (count - 1) * stride
        else:
            end += (count - 1) * stride
    return begin, end + tensor.itemsize


def _check_shapes(
    tensors: Tensors, expected: Mapping[str, Shape], optional: set[str], family: str
) -> None:
    for name, shape in expected.items():
        if name not in tensors and name not in optional:
            raise CheckpointError(f"has no {name}; expected one of shape {shape}")
        if name in tensors and tensors[name].shape != shape:
            raise CheckpointError(f"has {name} of shape {tensors[name].shape}; expected {shape}")
    for name in tensors:
        if name not in expected:
            raise CheckpointError(
                f"has {shown(name)} of shape {tensors[name].shape}, "
                f"which a {family} generator does not have"
            )


def _numbers(name: str, tensor: Array) -> NDArray[np.float32]:
    """`tensor` in float32, a view where it is so already. Raises where it is not finite."""
    if tensor.dtype.kind != "f":
        raise CheckpointError(f"has {name} of the type {tensor.dtype}; expected floats")
    with np.errstate(over="ignore"):
        numbers = np.asarray(tensor, np.float32)
    if not (np.isfinite(numbers.min()) and np.isfinite(numbers.max())):
        raise CheckpointError(f"has numbers in {name} that are not finite")
    return numbers


def _noise(layers: list[str]) -> list[str]:
    return [f"{layer}.{name}" for layer in layers for name in ("noise_strength", "noise_const")]


def _of_torgb(config: GeneratorConfig) -> list[str]:
    return [
        f"synthesis.b{resolution}.torgb.{name}"
        for resolution in config.block_resolutions
        if config.has_torgb(resolution)
        for name in ("weight", "bias")
    ]
