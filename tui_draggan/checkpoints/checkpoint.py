"""What the readers hand on: a generator's configuration and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.stylegan.families import AnyConfig


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A generator as it stood in a file, in this program's (NVIDIA's) names."""

    format: str
    """Format of the file, in words: «NVIDIA pickle (stylegan2-ada-pytorch)»."""
    config: AnyConfig
    tensors: dict[str, NDArray[np.floating[Any]]]
    """Weights by the names of the family's `Generator.state_dict()`; they fit `config`, are finite.
    `mapping.w_avg` is left out where the file has none. May be views of the mapped file."""
    notes: tuple[str, ...] = ()
    """Assumptions and changes, a line each."""
    classes: tuple[str, ...] = ()
    """Names of the classes; only this program's own files have them."""

    @property
    def parameters(self) -> int:
        """Number of elements of all tensors."""
        return sum(int(tensor.size) for tensor in self.tensors.values())

    def with_colours_reversed(self) -> Checkpoint:
        """The same generator with red and blue of its pictures exchanged."""
        order = [2, 1, 0, 3] if self.config.alpha else [2, 1, 0]
        turned = {
            name: tensor[order]
            for name, tensor in self.tensors.items()
            if name.endswith((".torgb.weight", ".torgb.bias"))
        }
        return replace(self, tensors={**self.tensors, **turned})
