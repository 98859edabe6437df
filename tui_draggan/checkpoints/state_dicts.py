"""Generators as named tensors, in NVIDIA's naming or in those of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tui_draggan.checkpoints import genforce, mmgen, rosinality
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.checks import check_is, positive, positive_or_none
from tui_draggan.checkpoints.locate import NVIDIA_CONSTANT, Place
from tui_draggan.checkpoints.missing import (
    USUAL_MULTIPLIER,
    fitting_multiplier,
    multiplier_note,
)
from tui_draggan.checkpoints.other_files import other_architecture
from tui_draggan.checkpoints.stylegan3 import FREQUENCIES, read_named_stylegan3
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.checkpoints.validation import MEAN, validated
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import ARCHITECTURES

ROSINALITY_MEAN = "latent_avg"
MAX_ROWS = 64
"""Rows of w+, each with a mean of its own."""


def read_state_dict(place: Place, notes: tuple[str, ...]) -> Checkpoint:
    """The generator at a place that is a dict. Raises CheckpointError where it does not fit."""
    tensors = _tensors(place)
    if architecture := other_architecture(tensors):
        raise CheckpointError(architecture)
    if NVIDIA_CONSTANT in tensors:
        return _read_nvidia_names(tensors, place, notes)
    if FREQUENCIES in tensors:
        return _read_stylegan3(tensors, place, notes)
    if genforce.CONSTANT in tensors:
        return _read_genforce(tensors, notes)
    if mmgen.CONSTANT in tensors:
        return _read_mmgen(tensors, place, notes)
    return _read_rosinality(tensors, place, notes)


def _tensors(place: Place) -> dict[str, Array]:
    """By their names without the prefix. Raises CheckpointError where one could not be read.

    Beside a generator at the top of a file there are other things, whose names have no dot.
    """
    assert isinstance(place.generator, Mapping)
    own = {
        name.removeprefix(place.prefix): value
        for name, value in place.generator.items()
        if isinstance(name, str) and name.startswith(place.prefix)
    }
    refuse_unread({name: value for name, value in own.items() if place.keys or "." in name})
    return {name: value for name, value in own.items() if isinstance(value, np.ndarray)}


def _read_nvidia_names(
    tensors: dict[str, Array], place: Place, notes: tuple[str, ...]
) -> Checkpoint:
    config = place.beside("config")
    if isinstance(config, Mapping) and "mapping_lr" in config:
        architecture = config.get("architecture")
        check_is(architecture, "architecture", None, *ARCHITECTURES)
        checkpoint = validated(
            tensors,
            format="generator of this program",
            mapping_lr=positive(config["mapping_lr"], "mapping_lr"),
            conv_clamp=positive_or_none(config.get("conv_clamp"), "conv_clamp"),
            architecture=architecture,
            notes=notes,
        )
        classes = _class_names(place.beside("classes"), checkpoint.config.c_dim)
        return replace(checkpoint, classes=classes)
    multiplier, rms = fitting_multiplier(tensors)
    return validated(
        tensors,
        format="state dict in NVIDIA's naming",
        mapping_lr=multiplier,
        notes=(
            *notes,
            multiplier_note(multiplier, rms),
            "the file does not give conv_clamp; activations are not clamped",
        ),
    )


def _read_stylegan3(tensors: dict[str, Array], place: Place, notes: tuple[str, ...]) -> Checkpoint:
    config = place.beside("config")
    own = config if isinstance(config, Mapping) and "stages" in config else None
    checkpoint = read_named_stylegan3(tensors, own, notes)
    if own is None:
        return checkpoint
    classes = _class_names(place.beside("classes"), checkpoint.config.c_dim)
    return replace(checkpoint, classes=classes)


def _class_names(names: Any, c_dim: int) -> tuple[str, ...]:
    """Names of the classes in a file of this program; none where it has none."""
    names = names or ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise CheckpointError("has classes that are not a list of names")
    if names and len(names) != c_dim:
        raise CheckpointError(f"has {len(names)} class names for {c_dim} classes")
    return tuple(names)


def _read_rosinality(tensors: dict[str, Array], place: Place, notes: tuple[str, ...]) -> Checkpoint:
    mean = tensors.pop(ROSINALITY_MEAN, place.beside(ROSINALITY_MEAN))
    format, renamed = rosinality.nvidia_names(tensors)
    if isinstance(mean, np.ndarray):
        renamed[MEAN], note = _mean_w(mean)
        notes += note
    return _unclamped(renamed, format, notes)


def _mean_w(mean: Array) -> tuple[Array, tuple[str, ...]]:
    """One w from a mean of any of the shapes (w,), (1, w) and (rows, w), and what to say of it."""
    if mean.ndim != 2 or not 1 <= len(mean) <= MAX_ROWS or mean.dtype.kind != "f":
        return mean, ()
    if (mean == mean[0]).all():
        return mean[0], ()
    apart = float((mean.max(axis=0).astype(np.float64) - mean.min(axis=0)).max())
    note = (
        f"the file has another mean w for each of {len(mean)} rows of w+, up to {apart:.2g} "
        "apart; their mean is used"
    )
    return mean.mean(axis=0, dtype=np.float64), (note,)


def _read_genforce(tensors: dict[str, Array], notes: tuple[str, ...]) -> Checkpoint:
    renamed = genforce.nvidia_names(tensors)
    return _unclamped(renamed, genforce.FORMAT, notes, style_bias=genforce.STYLE_BIAS)


def _read_mmgen(tensors: dict[str, Array], place: Place, notes: tuple[str, ...]) -> Checkpoint:
    _, renamed = rosinality.nvidia_names(mmgen.rosinality_names(tensors))
    bgr = mmgen.is_bgr(place.beside("meta"))
    checkpoint = _unclamped(
        renamed,
        mmgen.FORMAT,
        (
            *notes,
            "the file's pictures are BGR by its configuration; red and blue are exchanged"
            if bgr
            else "the file does not say that its pictures are BGR; RGB is assumed",
        ),
    )
    return checkpoint.with_colours_reversed() if bgr else checkpoint


def _unclamped(
    tensors: dict[str, Array], format: str, notes: tuple[str, ...], style_bias: float = 0.0
) -> Checkpoint:
    """Of programs that clamp nothing and have one learning-rate multiplier, 0.01, in their code.

    Where the weights speak for another one, as those of a changed program, that is taken.
    """
    multiplier, rms = fitting_multiplier(tensors)
    if multiplier != USUAL_MULTIPLIER:
        notes += (multiplier_note(multiplier, rms),)
    return validated(
        tensors, format=format, mapping_lr=multiplier, style_bias=style_bias, notes=notes
    )
