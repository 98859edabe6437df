"""The state dict of one generator under the names of each program."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from tests.checkpoints.writers.generators import Kind
from tests.checkpoints.writers.genforce import genforce_state
from tests.checkpoints.writers.mmgen import mmgen_state
from tests.checkpoints.writers.rosinality import basicsr_state, rosinality_state

NAMINGS: dict[str, Callable[[dict[str, Tensor], Kind], dict[str, Tensor]]] = {
    "NVIDIA": lambda tensors, kind: tensors,
    "rosinality": rosinality_state,
    "BasicSR": basicsr_state,
    "genforce": genforce_state,
    "OpenMMLab": mmgen_state,
}
"""By a word of the format that reading says."""
