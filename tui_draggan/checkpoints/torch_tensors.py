"""torch's tensors as arrays on the same memory; the only module here that handles torch."""

from __future__ import annotations

from typing import Any

import torch

from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.errors import CheckpointError


def array_of(value: Any, budget: Budget) -> Any:
    """An array for a tensor, a view but for bfloat16, which numpy lacks; other values unchanged.

    Raises CheckpointError for a tensor that meets its numbers more than once, or whose type has
    no array.
    """
    if not isinstance(value, torch.Tensor):
        return value
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise CheckpointError(
            "has a tensor larger than its storage; rejected: it would expand beyond the limit"
        )
    value = value.detach()
    if value.dtype == torch.bfloat16:
        budget.copy(4 * value.numel())
        value = value.float()
    try:
        return value.numpy()
    except (TypeError, RuntimeError):
        kind = str(value.dtype).removeprefix("torch.")
        raise CheckpointError(f"has tensors of the type {kind}; expected floats") from None
