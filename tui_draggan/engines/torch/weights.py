"""The weights that a bundle's graphs hold, by name (`export.shared_weights` writes them)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

SAME = "same as "
"""Beginning of a file's note on a weight that equals another, whose name follows: the exporter
made one of the two."""


def read_weights(file: Path) -> dict[str, NDArray[Any]]:
    """The initializers of an ONNX file by name. Large ones stay on the disk until they are used."""
    weights: dict[str, NDArray[Any]] = {}
    model = onnx.load(file, load_external_data=False)
    for tensor in model.graph.initializer:
        if uses_external_data(tensor):
            place = ExternalDataInfo(tensor)
            kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
            path, start, shape = file.parent / place.location, place.offset or 0, tuple(tensor.dims)
            weights[tensor.name] = np.memmap(path, kind, "c", start, shape)
        else:
            weights[tensor.name] = np.array(numpy_helper.to_array(tensor))
    for note in model.metadata_props:
        if note.value.startswith(SAME):
            weights[note.key] = weights[note.value.removeprefix(SAME)]
    return weights
