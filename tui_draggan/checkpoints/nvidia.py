"""Pickles of stylegan2-ada-pytorch and of stylegan3's networks_stylegan2.

A network is a record of its class's name and its attributes; the children in `_modules` are records
too. What the generator is, is read from its attributes: the two programs have different defaults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.checks import check_is, positive, positive_or_none
from tui_draggan.checkpoints.modules import is_module
from tui_draggan.checkpoints.unpickling.messages import shown, worded
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread
from tui_draggan.checkpoints.unpickling.values import Array, Record
from tui_draggan.checkpoints.validation import validated
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import ARCHITECTURES

_MODULES = re.compile(
    r"mapping(\.(fc\d+|embed))?"
    r"|synthesis(\.b\d+(\.((conv0|conv1|torgb)(\.affine)?|skip))?)?"
)
_FOREIGN_LAYERS = {"early_layer", "init"}
"""First layers of genforce's synthesis network and of FastGAN's."""
_MAPPING_LAYER = re.compile(r"mapping\.fc\d+")
_BLOCK = re.compile(r"synthesis\.b\d+")
_CONVOLUTION = re.compile(r"synthesis\.b\d+\.conv[01]")
_CLAMPED = re.compile(r"synthesis\.b\d+\.(conv[01]|torgb)")
_LINEAR = re.compile(r"mapping\.embed|synthesis\..+\.(affine|torgb|skip)")

_KNOWN = {
    *("training", "z_dim", "c_dim", "w_dim", "num_ws", "img_resolution", "img_channels"),
    *("img_resolution_log2", "block_resolutions", "num_fp16_res", "num_layers", "w_avg_beta"),
    *("in_channels", "out_channels", "in_features", "out_features", "resolution", "is_last"),
    *("architecture", "use_fp16", "channels_last", "fused_modconv_default", "num_conv"),
    *("num_torgb", "up", "down", "padding", "use_noise", "activation", "conv_clamp"),
    *("act_gain", "weight_gain", "bias_gain", "square"),
}
"""Attributes of NVIDIA's own modules, and StyleGAN-Human's `square`, which shapes tell too; torch's
begin with an underscore."""
NAMED_AT_MOST = 8

Modules = Mapping[str, Record]


def is_generator(value: Any) -> bool:
    """Whether `value` is a module with the two parts of a generator; discriminators have others,
    other programs' generators other first layers.

    Where it is of a class that we do not know, its layers have to have NVIDIA's attributes too.
    """
    if not is_module(value) or not {"mapping", "synthesis"} <= value.state["_modules"].keys():
        return False
    mapping, synthesis = (value.state["_modules"][part] for part in ("mapping", "synthesis"))
    if is_module(synthesis) and _FOREIGN_LAYERS & synthesis.state["_modules"].keys():
        return False
    if value.unread is None:
        return True
    layers = mapping.state["_modules"].values() if is_module(mapping) else ()
    return any(is_module(layer) and "weight_gain" in layer.state for layer in layers)


def read_nvidia(generator: Record, notes: tuple[str, ...]) -> Checkpoint:
    """The generator that a module (`is_module`) is.

    Raises CheckpointError where it is none, of another architecture, or with another activation,
    filter or number of channels than this program's.
    """
    _check_kind(generator)
    refuse_unread(generator, whole=generator.unread is not None)
    modules = modules_of(generator, _MODULES, "StyleGAN2")
    tensors = tensors_of(modules)
    _check_activations(modules)
    return validated(
        tensors,
        format=(
            "NVIDIA pickle (stylegan3, networks_stylegan2)"
            if "num_fp16_res" in modules["synthesis"].state
            else "NVIDIA pickle (stylegan2-ada-pytorch)"
        ),
        mapping_lr=_mapping_lr(modules, tensors),
        conv_clamp=_conv_clamp(modules),
        architecture=_architecture(modules),
        notes=(*notes, *_foreign_notes(generator, modules)),
    )


def _check_kind(generator: Record) -> None:
    """Raises CheckpointError, by name, for networks of other architectures."""
    if not is_generator(generator):
        raise CheckpointError(
            f"holds a network of the class {shown(generator.class_name)} "
            "without mapping and synthesis; expected a StyleGAN2 generator"
        )
    parts = generator.state["_modules"]
    if not is_module(parts["mapping"]) or not is_module(parts["synthesis"]):
        return
    if "embed_proj" in parts["mapping"].state["_modules"] or "head_layer_names" in generator.state:
        raise CheckpointError(
            "is a StyleGAN-XL generator; it grows StyleGAN3's layers stage by stage, "
            "this program edits StyleGAN2 and StyleGAN3"
        )


def _foreign_notes(generator: Record, modules: Modules) -> tuple[str, ...]:
    """On attributes that NVIDIA's programs do not have: what a changed program does with them.

    DragGAN's own generator class scales finished pictures to the size `resize`.
    """
    notes: tuple[str, ...] = ()
    known = set(_KNOWN)
    resize, own = generator.state.get("resize"), modules["synthesis"].state.get("img_resolution")
    if type(resize) is int and type(own) is int:
        known.add("resize")
        if resize != own:
            notes += (
                f"the program that made the file scales its finished pictures of {own} px to "
                f"{resize} px; here they keep the network's {own} px",
            )
    foreign = dict.fromkeys(
        shown(str(name))
        for module in (generator, *modules.values())
        for name, value in module.state.items()
        if value is not None and name not in known and not str(name).startswith("_")
    )
    if foreign:
        names = ", ".join(list(foreign)[:NAMED_AT_MOST])
        notes += (f"ignored, since NVIDIA's programs have no such attributes: {names}",)
    return notes


def children(module: Record, name: str) -> Iterator[tuple[str, Record]]:
    """Modules that are there; torch has None in the place of one that was taken out."""
    for key, child in module.state["_modules"].items():
        if child is None:
            continue
        if not isinstance(key, str) or not is_module(child):
            raise CheckpointError(f"has in {name} a module {worded(key)} in an unknown form")
        yield key, child


def modules_of(generator: Record, names: re.Pattern[str], kind: str) -> dict[str, Record]:
    """All modules of a generator by their dotted names.

    Raises CheckpointError for a name that does not match `names`, which are those of the `kind`.
    """

    def descendants(name: str, module: Record) -> Iterator[tuple[str, Record]]:
        if not names.fullmatch(name):
            raise CheckpointError(f"has a module {shown(name)}, which no {kind} generator has")
        yield name, module
        for key, child in children(module, name):
            yield from descendants(f"{name}.{key}", child)

    return {
        name: module
        for part, child in children(generator, "the generator")
        for name, module in descendants(part, child)
    }


def tensors_of(modules: Mapping[str, Record]) -> dict[str, Array]:
    """The tensors of all modules by their dotted names. Raises CheckpointError."""
    return {
        f"{name}.{key}": tensor
        for name, module in modules.items()
        for key, tensor in _own_tensors(name, module)
    }


def _own_tensors(name: str, module: Record) -> Iterator[tuple[str, Array]]:
    for kind in ("_parameters", "_buffers"):
        tensors = module.state.get(kind)
        if not isinstance(tensors, dict):
            raise CheckpointError(f"has {name} without {kind}; the file is damaged")
        for key, tensor in tensors.items():
            if tensor is None or (
                module.state.get("use_noise") is False and key in ("noise_const", "noise_strength")
            ):
                continue
            if not isinstance(key, str) or not isinstance(tensor, np.ndarray):
                raise CheckpointError(f"has in {name} a tensor {worded(key)} in an unknown form")
            yield key, tensor


def _check_activations(modules: Modules) -> None:
    for name, module in modules.items():
        activation = module.state.get("activation")
        if _CONVOLUTION.fullmatch(name) or _MAPPING_LAYER.fullmatch(name):
            check_is(activation, f"{name}.activation", "lrelu")
        elif _LINEAR.fullmatch(name):
            check_is(activation, f"{name}.activation", "linear", None)


def _mapping_lr(modules: Modules, tensors: Mapping[str, Array]) -> float:
    """The multiplier that all layers of the mapping network share; all other layers have one."""
    multipliers = set()
    for name, module in modules.items():
        if _MAPPING_LAYER.fullmatch(name):
            multipliers.add(multiplier(name, module, tensors))
        elif _LINEAR.fullmatch(name):
            own = multiplier(name, module, tensors)
            if not math.isclose(own, 1, rel_tol=1e-4):
                raise CheckpointError(
                    f"has {name} with the learning-rate multiplier {own:g}; expected 1"
                )
    if len(multipliers) > 1:
        raise CheckpointError(
            "has several learning-rate multipliers in its mapping network: "
            f"{', '.join(f'{value:g}' for value in sorted(multipliers)[:8])}; expected one"
        )
    return multipliers.pop() if multipliers else 1.0


def multiplier(name: str, module: Record, tensors: Mapping[str, Array]) -> float:
    """What the layer multiplies its stored bias with, and its weights beyond 1/√inputs."""
    weight = tensors.get(f"{name}.weight")
    if weight is None:
        raise CheckpointError(f"has no {name}.weight")
    inputs = math.prod(weight.shape[1:])
    weight_gain = positive(module.state.get("weight_gain"), f"{name}.weight_gain")
    of_weights = weight_gain * math.sqrt(inputs)
    found = positive(module.state.get("bias_gain", of_weights), f"{name}.bias_gain")
    if not math.isclose(found, of_weights, rel_tol=1e-4):
        raise CheckpointError(
            f"has {name}.weight_gain {weight_gain:g}; "
            f"expected {found:g}/√{inputs}, as its bias_gain says"
        )
    return found


def _conv_clamp(modules: Modules) -> float | None:
    values = {
        positive_or_none(module.state.get("conv_clamp"), f"{name}.conv_clamp")
        for name, module in modules.items()
        if _CLAMPED.fullmatch(name)
    }
    if len(values) > 1:
        raise CheckpointError("has several values of conv_clamp; expected one for all layers")
    return values.pop() if values else None


def _architecture(modules: Modules) -> str | None:
    """What the blocks say; the constant's block has no say in orig and resnet, yet says it too."""
    names = {name for name in modules if _BLOCK.fullmatch(name)}
    for name in names:
        check_is(modules[name].state.get("architecture"), f"{name}.architecture", *ARCHITECTURES)
    said = {modules[name].state["architecture"] for name in names}
    if len(said) > 1:
        raise CheckpointError(f"has blocks of the architectures {', '.join(sorted(said))}")
    return said.pop() if said else None
