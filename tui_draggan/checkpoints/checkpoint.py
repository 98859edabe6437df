"""What the readers hand on: inert records while a file is read, a checkpoint at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.stylegan.config import GeneratorConfig

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Record:
    """An object of a class that a pickle names: the name and its attributes; nothing was run."""

    class_name: str
    state: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A StyleGAN2 generator as it stood in a file, in this program's (NVIDIA's) names."""

    format: str
    """What the file was recognised as, in words: «stylegan2-ada-pytorch pickle»."""
    config: GeneratorConfig
    tensors: dict[str, NDArray[np.floating[Any]]]
    """By the names of `network.Generator.state_dict()`; checked to fit `config` and finite.
    `mapping.w_avg` is left out where the file has none. May be views of the mapped file."""
    notes: tuple[str, ...] = ()
    """What was assumed or changed, a line each: «no mean w in the file; it is sampled»."""

    @property
    def parameters(self) -> int:
        """How many numbers the tensors hold."""
        return sum(int(tensor.size) for tensor in self.tensors.values())
