"""Pickles of stylegan3's own generators, T and R (training/networks_stylegan3.py).

Every layer is a module that says at which rates and cutoffs it works; its filters are stored too,
and must be those that these numbers give.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.checks import check_is, positive, positive_or_none
from tui_draggan.checkpoints.missing import MEAN_NOTE, fitting_multiplier, multiplier_note
from tui_draggan.checkpoints.modules import is_module
from tui_draggan.checkpoints.nvidia import (
    is_generator,
    modules_of,
    multiplier,
    tensors_of,
)
from tui_draggan.checkpoints.unpickling.messages import shown, worded
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread
from tui_draggan.checkpoints.unpickling.values import Array, Record
from tui_draggan.checkpoints.validation import (
    MAX_PARAMETERS,
    MAX_RESOLUTION,
    MAX_WIDTH,
    MEAN,
    checked_arrays,
    mapping_fields,
)
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig, LayerGeometry, Stage
from tui_draggan.stylegan.families import config_from
from tui_draggan.stylegan.filters import down_filter, up_filter

FREQUENCIES = "synthesis.input.freqs"
"""The tensor by which a generator in named tensors is recognised."""
_MODULES = re.compile(
    r"mapping(\.(fc\d+|embed))?|synthesis(\.(input|L\d{1,3}_\d{1,6}_\d{1,6})(\.affine)?)?"
)
_LAYER = re.compile(r"synthesis\.L(\d{1,3})_\d{1,6}_\d{1,6}")
_WEIGHT = re.compile(r"synthesis\.L(\d{1,3})_(\d{1,6})_(\d{1,6})\.weight")
_MAPPING_LAYER = re.compile(r"mapping\.fc\d+")
_FILTERS = {"up_filter", "down_filter"}
ASSUMED = "the file gives no cutoffs and clamps; those of the published networks are assumed"
MAX_LAYERS = 64
MAX_MARGIN = 256
MAX_TAPS = 64
MAX_INNER_NUMBERS = 2**30
"""Numbers of a map on a layer's finest grid; NVIDIA's largest, R at 1024 px, has 0.7 · 2**30."""
FILTER_TOLERANCE = 1e-4

Modules = Mapping[str, Record]
Tensors = Mapping[str, Array]


def is_stylegan3(generator: Record) -> bool:
    """Whether it is T or R: Fourier features in the place of a constant. Those of StyleGAN-XL,
    which is built from the same layers, it is not."""
    if not is_generator(generator) or "head_layer_names" in generator.state:
        return False
    parts = generator.state["_modules"]
    if not is_module(parts["mapping"]) or not is_module(parts["synthesis"]):
        return False
    mapping, synthesis = (parts[name].state["_modules"] for name in ("mapping", "synthesis"))
    return "input" in synthesis and "embed_proj" not in mapping


def read_stylegan3(generator: Record, notes: tuple[str, ...]) -> Checkpoint:
    """The generator that a module is. Raises CheckpointError where it is not complete, or of other
    filters, activations or number of colours than the published ones."""
    refuse_unread(generator, whole=generator.unread is not None)
    modules = modules_of(generator, _MODULES, "StyleGAN3")
    tensors = tensors_of(modules)
    lr = _mapping_lr(modules, tensors)
    layers = _layers(modules)
    config = _config(
        modules, layers, {**mapping_fields(tensors, _w_dim(tensors)), "mapping_lr": lr}
    )
    for geometry, (name, module) in zip(config.layers, layers, strict=True):
        _check_layer(name, module, geometry)
    named = {f"synthesis.{layer.name}" for layer in config.layers}
    if wrong := sorted({name for name, _ in layers} - named):
        raise CheckpointError(f"has a layer {shown(wrong[0])}, whose name does not say its size")
    weights = {
        name: tensor for name, tensor in tensors.items() if name.rpartition(".")[2] not in _FILTERS
    }
    return checked(config, weights, f"NVIDIA pickle ({config.architecture})", notes)


def checked(
    config: AliasFreeConfig, tensors: Tensors, format: str, notes: tuple[str, ...]
) -> Checkpoint:
    """The checkpoint of tensors that have NVIDIA's names, without filters; the mean w may be
    missing. Raises CheckpointError, naming the tensor, its shape and the expected one."""
    _check_cost(config)
    with torch.device("meta"):
        expected = {
            name: tuple(value.shape)
            for name, value in AliasFreeGenerator(config).state_dict().items()
        }
    if sum(map(math.prod, expected.values())) > MAX_PARAMETERS:
        raise CheckpointError(f"has more than {MAX_PARAMETERS:,} parameters")
    arrays = checked_arrays(tensors, expected, {MEAN}, config.family)
    turn = np.asarray(arrays["synthesis.input.transform"], np.float64)
    rigid = np.allclose(turn[:2, :2] @ turn[:2, :2].T, np.eye(2), atol=1e-4)
    if not rigid or not np.allclose(turn[2], (0, 0, 1)):
        raise CheckpointError("has an input transform that is more than a turn and a shift")
    if min(arrays[f"synthesis.{layer.name}.magnitude_ema"] for layer in config.layers) <= 0:
        raise CheckpointError("has a magnitude_ema that is not positive")
    if MEAN not in arrays:
        notes += (MEAN_NOTE,)
    return Checkpoint(format, config, arrays, notes)


def read_named_stylegan3(tensors: Tensors, described: Any, notes: tuple[str, ...]) -> Checkpoint:
    """The generator of tensors that have NVIDIA's names. described: its configuration, as this
    program's own files have it; None elsewhere: then the paper's numbers are assumed."""
    weights = _without_filters(tensors)
    if described is None:
        filters = [tensor for name, tensor in tensors.items() if name.endswith(".down_filter")]
        radial = any(filter.ndim == 2 for filter in filters) if filters else None
        lr, rms = fitting_multiplier(weights)
        published = replace(_published(weights, radial), mapping_lr=lr)
        notes = (*notes, multiplier_note(lr, rms), ASSUMED)
        return checked(published, weights, "state dict in NVIDIA's naming (StyleGAN3)", notes)
    try:
        config = config_from(described)
        if not isinstance(config, AliasFreeConfig):
            raise ValueError(f"family {config.family}")
    except (TypeError, ValueError, KeyError, OverflowError, AttributeError) as error:
        raise CheckpointError(f"has an unknown configuration ({error!r:.80})") from None
    return checked(config, weights, "generator of this program", notes)


def _without_filters(tensors: Tensors) -> Tensors:
    """They are designed anew."""
    return {
        name: tensor for name, tensor in tensors.items() if name.rpartition(".")[2] not in _FILTERS
    }


def _published(tensors: Tensors, radial: bool | None) -> AliasFreeConfig:
    """The published networks' rule (section 3.2 of the paper) for layers of these names. radial:
    None where the file holds no filters; then R is told by its 1×1 convolutions."""
    named = {
        int(match[1]): (int(match[2]), int(match[3]))
        for name in tensors
        if (match := _WEIGHT.fullmatch(name))
    }
    if sorted(named) != list(range(len(named))) or not 4 <= len(named) <= MAX_LAYERS:
        raise CheckpointError("has StyleGAN3 layers other than L0, L1 and so on, at least four")
    sizes, channels = zip(*(named[index] for index in range(len(named))), strict=True)
    weight = next(
        value for name, value in tensors.items() if re.match(r"synthesis\.L0_\d+_\d+\.weight", name)
    )
    mapping = mapping_fields(tensors, _w_dim(tensors))
    kernel = weight.shape[-1] if weight.ndim == 4 else 1
    try:
        rule = AliasFreeConfig.from_schedule(
            min(sizes[-1], MAX_RESOLUTION),
            layers=len(named) - 1,
            kernel=kernel,
            radial=kernel == 1 if radial is None else radial,
            **mapping,
        )
    except ValueError as error:
        raise CheckpointError(f"has layers that do not fit: {error}") from None
    if sizes != tuple(stage.size for stage in rule.stages):
        raise CheckpointError(
            f"has layers of {', '.join(map(str, sizes[:16]))} px; the published networks of "
            f"{sizes[-1]} px have others, and the file gives no cutoffs"
        )
    stages = zip(rule.stages, channels, strict=True)
    return replace(rule, stages=tuple(replace(stage, channels=count) for stage, count in stages))


def _mapping_lr(modules: Modules, tensors: Tensors) -> float:
    """The multiplier that all layers of the mapping network share; all other layers have one."""
    multipliers = set()
    for name, module in modules.items():
        if _MAPPING_LAYER.fullmatch(name):
            check_is(module.state.get("activation"), f"{name}.activation", "lrelu")
            multipliers.add(multiplier(name, module, tensors))
        elif name == "mapping.embed" or name.endswith(".affine"):
            check_is(module.state.get("activation"), f"{name}.activation", "linear")
            if not math.isclose(multiplier(name, module, tensors), 1, rel_tol=1e-4):
                raise CheckpointError(f"has {name} with a learning-rate multiplier; expected 1")
    if len(multipliers) != 1:
        raise CheckpointError("has a mapping network without one learning-rate multiplier")
    return multipliers.pop()


def _layers(modules: Modules) -> list[tuple[str, Record]]:
    """L0, L1, … in this order."""
    numbered = {
        int(match[1]): (name, module)
        for name, module in modules.items()
        if (match := _LAYER.fullmatch(name))
    }
    if "synthesis.input" not in modules:
        raise CheckpointError("has no synthesis.input; the StyleGAN3 generator is incomplete")
    if sorted(numbered) != list(range(len(numbered))) or not 3 <= len(numbered) <= MAX_LAYERS:
        found = ", ".join(f"L{index}" for index in sorted(numbered)[:16])
        raise CheckpointError(f"has the layers {found}; expected L0, L1 and so on, at least three")
    return [numbered[index] for index in range(len(numbered))]


def _w_dim(tensors: Tensors) -> int:
    weight = tensors.get("synthesis.input.affine.weight")
    if weight is None or weight.ndim != 2 or not 1 <= weight.shape[1] <= MAX_WIDTH:
        raise CheckpointError("has no synthesis.input.affine.weight of shape (4, w_dim)")
    return int(weight.shape[1])


def _config(
    modules: Modules, layers: list[tuple[str, Record]], mapping: dict[str, Any]
) -> AliasFreeConfig:
    stages = tuple(
        Stage(
            channels=_whole(module, name, "out_channels", MAX_WIDTH),
            size=_side(module, name, "out_size"),
            rate=_whole(module, name, "out_sampling_rate", MAX_RESOLUTION),
            cutoff=positive(module.state.get("out_cutoff"), f"{name}.out_cutoff"),
            half_width=positive(module.state.get("out_half_width"), f"{name}.out_half_width"),
        )
        for name, module in layers
    )
    if stages[-1].channels != 3:
        raise CheckpointError(f"makes pictures of {stages[-1].channels} channels; expected 3")
    name, first = layers[0]
    clamps = {
        positive_or_none(module.state.get("conv_clamp"), f"{name}.conv_clamp")
        for name, module in layers
    }
    if len(clamps) > 1:
        raise CheckpointError("has several values of conv_clamp; expected one for all layers")
    synthesis = modules["synthesis"]
    up_factor = _whole(first, name, "up_factor", MAX_TAPS)
    try:
        return AliasFreeConfig(
            stages=stages,
            critical=sum(module.state.get("is_critically_sampled") is True for _, module in layers)
            - 1,
            kernel=_whole(first, name, "conv_kernel", 7),
            radial=any(module.state.get("down_radial") is True for _, module in layers),
            filter_size=_whole(first, name, "up_taps", MAX_TAPS) // up_factor,
            oversampling=_whole(first, name, "tmp_sampling_rate", 8 * MAX_RESOLUTION)
            // stages[0].rate,
            output_scale=positive(synthesis.state.get("output_scale"), "synthesis.output_scale"),
            conv_clamp=clamps.pop(),
            **mapping,
        )
    except ValueError as error:
        raise CheckpointError(f"has layers that do not fit: {error}") from None


def _check_cost(config: AliasFreeConfig) -> None:
    """Raises CheckpointError where sizes are beyond what there may be."""
    if not 16 <= config.resolution <= MAX_RESOLUTION:
        raise CheckpointError(
            f"makes pictures of {config.resolution} px; expected 16 to {MAX_RESOLUTION}"
        )
    for layer in config.layers:
        stage = layer.target
        # The cutoff must leave room for the transition band of the first stage's amplitudes.
        if not 0 <= stage.margin <= MAX_MARGIN or stage.rate + 2 * stage.margin != stage.size:
            raise CheckpointError(f"has {layer.name} at {stage.rate} cells across the picture")
        if max(layer.up_taps, layer.down_taps) > MAX_TAPS or stage.cutoff > stage.rate / 2:
            raise CheckpointError(f"has {layer.name} with filters beyond its rate")
        if not layer.is_rgb and stage.channels * layer.inner_size**2 > MAX_INNER_NUMBERS:
            raise CheckpointError(
                f"has {stage.channels:,} channels at {layer.inner_size} px; rejected: they would "
                "expand beyond the limit"
            )
    if config.stages[0].cutoff >= config.stages[0].rate / 2 or not config.feature_layers:
        raise CheckpointError("has Fourier features beyond their sampling rate")


def _check_layer(name: str, module: Record, geometry: LayerGeometry) -> None:
    """Raises CheckpointError where what a layer says of itself is not what follows from its
    place."""
    source, state = geometry.source, module.state
    expected = {
        "in_channels": source.channels,
        "in_sampling_rate": source.rate,
        "in_cutoff": source.cutoff,
        "in_half_width": source.half_width,
        "conv_kernel": geometry.kernel,
        "up_factor": geometry.up,
        "down_factor": geometry.down,
        "up_taps": geometry.up_taps,
        "down_taps": geometry.down_taps,
    }
    for key, wanted in expected.items():
        if not math.isclose(positive(state.get(key), f"{name}.{key}"), wanted, rel_tol=1e-6):
            raise CheckpointError(f"has {name}.{key} {worded(state[key])}; expected {wanted:g}")
    check_is(state.get("is_torgb"), f"{name}.is_torgb", geometry.is_rgb)
    check_is(state.get("down_radial"), f"{name}.down_radial", geometry.radial)
    if _side(module, name, "in_size") != source.size:
        raise CheckpointError(f"has {name}.in_size other than {source.size}")
    if state.get("padding") != [*geometry.padding] * 2 and not geometry.is_rgb:
        raise CheckpointError(f"has {name}.padding other than {[*geometry.padding] * 2}")
    for key, taps in (("up_filter", up_filter(geometry)), ("down_filter", down_filter(geometry))):
        stored = module.state["_buffers"].get(key)
        stored = np.ones(1) if stored is None else np.asarray(stored)
        if stored.shape != taps.shape or not np.allclose(stored, taps, atol=FILTER_TOLERANCE):
            raise CheckpointError(
                f"has {name}.{key} other than a Kaiser low-pass of its cutoff and width"
            )


def _whole(module: Record, name: str, key: str, most: int) -> int:
    value = positive(module.state.get(key), f"{name}.{key}")
    if value != int(value) or value > most:
        raise CheckpointError(f"has {name}.{key} {value:g}; expected 1 to {most}")
    return int(value)


def _side(module: Record, name: str, key: str) -> int:
    """A size that is stored for both axes, or once."""
    value = module.state.get(key)
    sides = value.tolist() if isinstance(value, np.ndarray) and value.shape == (2,) else [value]
    most = MAX_RESOLUTION + 2 * MAX_MARGIN
    if any(type(side) is not int or not 1 <= side <= most for side in sides) or len({*sides}) > 1:
        raise CheckpointError(f"has {name}.{key} {worded(sides[0])}; expected a square's side")
    return int(sides[0] or 0)
