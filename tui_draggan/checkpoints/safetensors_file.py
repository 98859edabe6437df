"""Files of safetensors, read by its own library: names and numbers, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan.checkpoints.unpickling.limits import Budget, MiB
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

MAX_HEADER_BYTES = 4 * MiB
"""100 bytes for each tensor, of which there are some hundred."""


def is_safetensors(data: memoryview) -> bool:
    """Eight bytes of length, then JSON of that length."""
    return len(data) > 8 and _header_bytes(data) <= len(data) - 8 and data[8] == ord("{")


def read_safetensors(path: Path, data: memoryview) -> dict[str, Array]:
    """The tensors by their names, views of the mapped file. Raises CheckpointError."""
    if _header_bytes(data) > MAX_HEADER_BYTES:
        raise CheckpointError("has an oversized header; refused")
    from safetensors import SafetensorError, safe_open

    budget = Budget(len(data))
    try:
        # Its front end for torch maps the file and knows bfloat16; the one for numpy does neither.
        with safe_open(path, framework="pt") as file:
            return {name: _array(file.get_tensor(name), budget) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(
            f"is a damaged safetensors file ({shown(str(error))}); download it again"
        ) from None


def _array(tensor: Tensor, budget: Budget) -> Array:
    """A view of the tensor but for bfloat16, which numpy lacks. Raises CheckpointError."""
    import torch

    if tensor.dtype == torch.bfloat16:
        budget.copy(4 * tensor.numel())
        tensor = tensor.float()
    try:
        array: Array = tensor.numpy()
        return array
    except (TypeError, RuntimeError):
        kind = str(tensor.dtype).removeprefix("torch.")
        raise CheckpointError(f"has tensors of the type {kind}; expected floats") from None


def _header_bytes(data: memoryview) -> int:
    return int.from_bytes(data[:8], "little")
