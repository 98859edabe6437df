"""The tensors of a bundle that pivotal tuning changes, and where they lie: tuning.json.

`weights` are trained, by their names in the network; `made` are made from these, and the graph of
a tuning gives them (`export.tuning_graph`). Both lie as float32 in the bundle's file of weights,
each at an offset of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import TUNABLE, WEIGHTS, ModelBundle
from tui_draggan.engines.graph_files import check_files
from tui_draggan.errors import BundleError

MOST_TENSORS = 1000
FLOAT = 4
"""Bytes of a number."""


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in the file of weights."""

    offset: int
    """Bytes before it."""
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return FLOAT * math.prod(self.shape)

    def read(self, file: Path) -> Floats:
        """A copy of its values. Raises OSError."""
        values = np.fromfile(file, "<f4", math.prod(self.shape), offset=self.offset)
        return values.reshape(self.shape).astype(np.float32, copy=False)


@dataclass(frozen=True)
class Tunable:
    """What tuning changes."""

    weights: Mapping[str, Place]
    made: Mapping[str, Place]

    @property
    def places(self) -> dict[str, Place]:
        """All of them."""
        return {**self.weights, **self.made}


def read_tunable(bundle: ModelBundle) -> Tunable:
    """Raises BundleError where the bundle has none, or the file is not what it has to be."""
    bundle.require_tuning()
    check_files(bundle, TUNABLE)
    file, most = bundle.file(TUNABLE), bundle.files[WEIGHTS]["size"]
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        found = Tunable(_places(values["weights"]), _places(values["made"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"{file} does not say where weights lie ({error}); import the model again"
        ) from None
    for name, place in found.places.items():
        if not 0 <= place.offset <= most - place.size or any(side < 1 for side in place.shape):
            raise BundleError(f"{file}: {name} lies outside {WEIGHTS}; import the model again")
    return found


def _places(values: Mapping[str, Any]) -> dict[str, Place]:
    if len(values) > MOST_TENSORS:
        raise ValueError(f"{len(values)} tensors")
    return {
        str(name): Place(int(entry["offset"]), tuple(int(side) for side in entry["shape"]))
        for name, entry in values.items()
    }
