"""generator.pt: a generator's weights as this program writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tui_draggan.errors import UsageError
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator


def save_generator(generator: Generator, classes: tuple[str, ...], path: Path) -> None:
    """Writes {"config": dict, "state": state_dict, "classes": names} by torch.save."""
    state = {name: value.contiguous() for name, value in generator.state_dict().items()}
    values = {"config": generator.config.to_dict(), "state": state, "classes": list(classes)}
    torch.save(values, path)


def load_generator(path: Path) -> Generator:
    """Reads weights as `save_generator` and training write them.

    Only tensors and plain values are read, no code. Raises UsageError for any other file.
    """
    return load_named_generator(path)[0]


def load_named_generator(path: Path) -> tuple[Generator, tuple[str, ...]]:
    """`load_generator`, and the names of its classes where the file has them ("classes")."""
    return generator_in(read_values(path), path)


def read_values(path: Path) -> dict[str, Any]:
    """Tensors and plain values of a .pt file. Raises UsageError."""
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; expected a generator's weights (.pt)") from None
    except Exception as error:  # unpickling what is no checkpoint raises nearly anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(f"{path} cannot be read as weights ({reason})") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} holds a {type(values).__name__}; expected a generator's weights")
    return values


def generator_in(values: dict[str, Any], path: Path) -> tuple[Generator, tuple[str, ...]]:
    """The generator of a file's values, and the names of its classes. Raises UsageError."""
    if not {"config", "state"} <= values.keys():
        raise UsageError(
            f'{path} has no "config" and "state"; it is not a generator of this program'
        )
    try:
        generator = Generator.from_state(
            GeneratorConfig.from_dict(values["config"]), values["state"]
        )
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"{path} holds weights that do not fit ({reason})") from error
    if not all(bool(tensor.isfinite().all()) for tensor in generator.state_dict().values()):
        raise UsageError(f"{path} holds weights that are not finite")
    return generator, tuple(map(str, values.get("classes", ())))
