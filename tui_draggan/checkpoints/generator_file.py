"""This program's own files of weights: a bundle's generator.pt, a run's network.pt and snapshots.

torch.save writes them; they are read as anybody's are, without running anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.locate import Place
from tui_draggan.checkpoints.mapped import map_file
from tui_draggan.checkpoints.reading import read_content
from tui_draggan.checkpoints.state_dicts import read_state_dict
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread
from tui_draggan.errors import CheckpointError, UsageError
from tui_draggan.stylegan.families import AnyGenerator, config_from, described
from tui_draggan.stylegan.network import Generator

PLAIN = (str, int, float, bool, type(None))


def save_generator(generator: AnyGenerator, classes: tuple[str, ...], path: Path) -> None:
    """Writes {"config": dict, "state": state_dict, "classes": names} by torch.save."""
    state = {name: value.contiguous() for name, value in generator.state_dict().items()}
    values = {"config": described(generator.config), "state": state, "classes": list(classes)}
    torch.save(values, path)


def load_generator(path: Path) -> Generator:
    """Reads weights as `save_generator` and training write them.

    Raises UsageError for any other file.
    """
    return load_named_generator(path)[0]


def load_named_generator(path: Path) -> tuple[Generator, tuple[str, ...]]:
    """`load_generator`, and the names of its classes where the file has them ("classes")."""
    return generator_in(read_values(path), path)


def read_values(path: Path) -> dict[Any, Any]:
    """Tensors and plain values in dicts, lists and tuples, as torch.save was given them.

    Tensors are copies on the CPU; those in bfloat16 come in float32. Raises UsageError.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; expected weights (.pt)")
    try:
        values = read_content(path, map_file(path))
        refuse_unread(values)
        if not isinstance(values, dict):
            raise CheckpointError(f"holds a {type(values).__name__}; expected a dict of weights")
        return {key: _with_tensors(value) for key, value in values.items()}
    except CheckpointError as error:
        reason = str(error).removeprefix(f"{path} ")
        raise UsageError(f"{path} cannot be read as weights: it {reason}") from error


def generator_in(values: dict[Any, Any], path: Path) -> tuple[Generator, tuple[str, ...]]:
    """The generator in a file's values, and the names of its classes. Raises UsageError."""
    if not all(isinstance(values.get(key), dict) for key in ("config", "state")):
        raise UsageError(
            f'{path} has no "config" and "state"; it is not a generator of this program'
        )
    try:
        checkpoint = _checkpoint(values)
    except CheckpointError as error:
        raise UsageError(f"{path} holds weights that do not fit: it {error}") from error
    generator = build_generator(checkpoint)
    if not isinstance(generator, Generator):
        raise UsageError(f"{path} holds a {generator.config.architecture}; expected a StyleGAN2")
    return generator, checkpoint.classes


def _checkpoint(values: dict[Any, Any]) -> Checkpoint:
    """The generator under "state", which must be what "config" says, without anything missing.

    The tensors say how large it is; nothing is made of a size that only "config" claims.
    """
    state = {
        name: value.numpy() if isinstance(value, Tensor) else value
        for name, value in values["state"].items()
    }
    checkpoint = read_state_dict(Place(("state",), "", state, (values,)), ())
    for note in checkpoint.notes:
        raise CheckpointError(f"has {note}")
    try:
        config = config_from(values["config"])
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CheckpointError(f"has an unknown configuration ({error!r:.80})") from None
    for name, given in config.to_dict().items():
        expected = checkpoint.config.to_dict()[name]
        of_width = name in ("mapping_dim", "embed_dim") and given == config.w_dim
        if given != expected and not of_width:
            raise CheckpointError(f"has a configuration with another {name} than its tensors")
    return checkpoint


def _with_tensors(value: Any) -> Any:
    """`value` with tensors for its arrays. Raises CheckpointError for what is not plain."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value, value.dtype.newbyteorder("="), order="K"))
    if isinstance(value, dict):
        return {key: _with_tensors(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_with_tensors, value))
    if isinstance(value, PLAIN):
        return value
    raise CheckpointError(f"holds a {type(value).__name__}; expected tensors and plain values")
