"""Plain state dicts: named tensors, of which only the names say what they are.

They come out of torch's files and safetensors, at the top or under a key, in NVIDIA's naming or in
rosinality's, and sometimes with a prefix that a wrapper has left on every name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tui_draggan.checkpoints import rosinality
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.checks import check_is, positive, positive_or_none
from tui_draggan.checkpoints.unpickling.messages import shown, worded
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.checkpoints.validation import MEAN, validated
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import ARCHITECTURES

AVERAGED = ("g_ema", "G_ema", "params_ema")
RAW = ("g", "G", "generator", "state_dict", "state")
"""Keys under which a state dict may lie; `state`, next to `config`, in this program's own files."""
NVIDIA_CONSTANT = "synthesis.b4.const"
STYLEGAN3_INPUT = "synthesis.input.freqs"


def read_state_dict(content: Mapping[Any, Any]) -> Checkpoint:
    """The generator whose tensors are in `content`, or in a dict within it.

    Raises CheckpointError where there is none, or one that does not fit.
    """
    for key, tensors in _places(content):
        if (prefix := _prefix(tensors)) is not None:
            own = {
                name.removeprefix(prefix): tensor
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }
            if rosinality.CONSTANT in own:
                return _read_rosinality(own, content, _notes(key, content))
            return _read_nvidia_names(own, content, _notes(key, content))
    keys = ", ".join(worded(key) for key in list(content)[:8]) or "nothing"
    raise CheckpointError(
        f"has no StyleGAN2 generator in NVIDIA's or rosinality's naming; it holds {keys}"
    )


def _places(content: Mapping[Any, Any]) -> list[tuple[str | None, dict[str, Array]]]:
    inner = [(key, content.get(key)) for key in (*AVERAGED, *RAW)]
    return [
        (key, {name: value for name, value in place.items() if _is_named_tensor(name, value)})
        for key, place in [*inner, (None, content)]
        if isinstance(place, Mapping)
    ]


def _is_named_tensor(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, np.ndarray)


def _prefix(tensors: Mapping[str, Array]) -> str | None:
    """What stands before the names of the generator, the averaged one of several; None: no such.

    Raises CheckpointError where there are several to choose from, and for StyleGAN3.
    """
    prefixes = []
    for name in tensors:
        if _ends(name, STYLEGAN3_INPUT):
            raise CheckpointError(
                "is a StyleGAN3 generator; its layers filter Fourier features instead of a "
                "constant, this program edits StyleGAN2 only"
            )
        for constant in (NVIDIA_CONSTANT, rosinality.CONSTANT):
            if _ends(name, constant):
                prefixes.append(name.removesuffix(constant))
    averaged = [prefix for prefix in prefixes if "ema" in prefix.lower()]
    if len(prefixes) > 1 and len(averaged) == 1:
        prefixes = averaged
    if len(prefixes) > 1:
        names = ", ".join(shown(prefix) or "one without a prefix" for prefix in prefixes[:4])
        raise CheckpointError(f"holds several generators ({names}); save one of them on its own")
    return prefixes[0] if prefixes else None


def _ends(name: str, ending: str) -> bool:
    return f".{name}".endswith(f".{ending}")


def _notes(key: str | None, content: Mapping[Any, Any]) -> tuple[str, ...]:
    if key in ("g", "G") or (key == "generator" and "discriminator" in content):
        return (f"no averaged generator in the file; using {key}",)
    return ()


def _read_nvidia_names(
    tensors: Mapping[str, Array], content: Mapping[Any, Any], notes: tuple[str, ...]
) -> Checkpoint:
    config = content.get("config")
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
        return replace(checkpoint, classes=_class_names(content, checkpoint.config.c_dim))
    return validated(
        tensors,
        format="state dict in NVIDIA's naming",
        notes=(
            *notes,
            "the file does not give the mapping network's learning-rate multiplier; 0.01, the "
            "usual value, is assumed",
            "the file does not give conv_clamp; activations are not clamped",
        ),
    )


def _class_names(content: Mapping[Any, Any], c_dim: int) -> tuple[str, ...]:
    """Of a file of this program; none where it has none."""
    names = content.get("classes") or ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise CheckpointError("has classes that are not a list of names")
    if names and len(names) != c_dim:
        raise CheckpointError(f"has {len(names)} class names for {c_dim} classes")
    return tuple(names)


def _read_rosinality(
    tensors: Mapping[str, Array], content: Mapping[Any, Any], notes: tuple[str, ...]
) -> Checkpoint:
    """Its program has one learning-rate multiplier, 0.01, and does not clamp."""
    renamed = rosinality.nvidia_names(tensors)
    mean = content.get("latent_avg")
    if isinstance(mean, np.ndarray):
        renamed[MEAN] = mean[0] if mean.ndim == 2 and len(mean) == 1 else mean
    return validated(renamed, format="rosinality's stylegan2-pytorch", notes=notes)
