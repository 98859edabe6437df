"""Modules of torch that a program has saved whole, as named tensors.

Such a file names the program's own classes; nothing of them is read but the attributes in which
torch keeps parameters, buffers and further modules. (torch/nn/modules/module.py)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tui_draggan.checkpoints.unpickling.values import MODULE_PARTS, Array, Record
from tui_draggan.errors import CheckpointError

MAX_PARTS = 20_000
"""Modules and tensors of one network, each counted under every name it has."""


def is_module(value: Any) -> bool:
    return isinstance(value, Record) and isinstance(value.state.get("_modules"), dict)


def modules_within(module: Record) -> Iterator[tuple[str, Record]]:
    """`module` itself, under an empty name, and all modules below it by their dotted names.

    Raises CheckpointError for more than `MAX_PARTS`.
    """
    todo = [("", module)]
    for count in range(MAX_PARTS + 1):
        if not todo:
            return
        if count == MAX_PARTS:
            break
        name, found = todo.pop()
        yield name, found
        children = [
            (f"{name}.{key}" if name else key, child)
            for key, child in found.state["_modules"].items()
            if isinstance(key, str) and is_module(child)
        ]
        todo.extend(reversed(children))
    raise _too_many()


def named_tensors(module: Record) -> dict[str, Array]:
    """What `module.state_dict()` would give. Raises CheckpointError for more than `MAX_PARTS`."""
    tensors: dict[str, Array] = {}
    for name, found in modules_within(module):
        for part in MODULE_PARTS[:2]:
            own = found.state.get(part)
            for key, tensor in own.items() if isinstance(own, dict) else ():
                if isinstance(tensor, np.ndarray):
                    tensors[f"{name}.{key}" if name else str(key)] = tensor
        if len(tensors) > MAX_PARTS:
            raise _too_many()
    return tensors


def _too_many() -> CheckpointError:
    return CheckpointError(f"has a network of more than {MAX_PARTS:,} parts; refused")
