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
"""Before the name of a weight in a file's notes, where the exporter made one of two equal ones."""


def read_weights(file: Path) -> dict[str, NDArray[Any]]:
    """The initializers of an ONNX file by name. Large ones stay on the disk until they are used."""
    found: dict[str, NDArray[Any]] = {}
    model = onnx.load(file, load_external_data=False)
    for tensor in model.graph.initializer:
        if uses_external_data(tensor):
            place = ExternalDataInfo(tensor)
            kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
            path, start, shape = file.parent / place.location, place.offset or 0, tuple(tensor.dims)
            found[tensor.name] = np.memmap(path, kind, "c", start, shape)
        else:
            found[tensor.name] = np.array(numpy_helper.to_array(tensor))
    for note in model.metadata_props:
        if note.value.startswith(SAME):
            found[note.key] = found[note.value.removeprefix(SAME)]
    return found
