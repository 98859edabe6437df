"""One file for the weights of several ONNX models.

The synthesis, training and evaluation graphs hold the same tensors. ONNX lets a tensor lie in
another file at an offset ("external data"): here every large tensor lies once in one file,
looked up by its contents, and all graphs point to it.

Until a graph is saved, its weights are inputs without values. A graph that holds them is copied
by every tool it passes through, and a large network many times over is gigabytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.external_data_helper import set_external_data
from torch import Tensor

from tui_draggan.engines.graph_cache import LARGE
from tui_draggan.engines.torch.weights import SAME
from tui_draggan.export.graph_surgery import give_values

SMALLEST = 1024
"""Bytes from which on a tensor is stored in the file of weights."""
PREFIX = "synthesis."
"""Before the names of the network's tensors in graphs that hold more than it."""
ALIGNMENT = 64
"""Offsets are multiples of this, for the vector units that read the mapped file."""


class SharedWeights:
    """The weights file `path`, written anew; `save` adds to it."""

    def __init__(self, path: Path, apart: Container[str] = ()) -> None:
        """apart: names of tensors that may change later: each has a place of its own in the file,
        from `LARGE` bytes on, whatever equals it."""
        self.path = path
        self._apart = apart
        self._places: dict[bytes, int] = {}
        path.write_bytes(b"")

    def place(self, name: str, tensor: Tensor) -> int:
        """The offset of a tensor's values in the file, in bytes; it is added where it is new."""
        return self._place(name, tensor.numpy())

    def save(self, model: onnx.ModelProto, file: Path, weights: Mapping[str, Tensor]) -> None:
        """Writes `file`: `model`, with values for those of its inputs that are in `weights`."""
        location = self._location(file)
        give_values(
            model.graph, weights, lambda name: self._stored(name, weights[name].numpy(), location)
        )
        held = [item.name for item in model.graph.initializer if item.name in weights]
        for name in sorted(weights.keys() - held):
            for other in held:
                if torch.equal(weights[name], weights[other]):
                    model.metadata_props.add(key=name, value=SAME + other)
                    break
        file.write_bytes(model.SerializeToString())

    def take(self, model: onnx.ModelProto, file: Path, beginning: str) -> None:
        """Moves the values of the model's own tensors whose names begin like that; `file` is where
        it is to be saved."""
        for item in model.graph.initializer:
            if item.name.startswith(beginning):
                array = numpy_helper.to_array(item)
                item.CopyFrom(self._stored(item.name, array, self._location(file)))

    def _location(self, file: Path) -> str:
        """The file of weights as `file` names it."""
        return Path(os.path.relpath(self.path, file.parent)).as_posix()

    def _stored(self, name: str, array: NDArray[Any], location: str) -> onnx.TensorProto:
        if array.nbytes < (LARGE if self._is_apart(name) else SMALLEST):
            return numpy_helper.from_array(array, name)
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor = onnx.TensorProto(name=name, data_type=kind, dims=array.shape, raw_data=b"")
        set_external_data(tensor, location, offset=self._place(name, array), length=array.nbytes)
        tensor.ClearField("raw_data")
        return tensor

    def _place(self, name: str, array: NDArray[Any]) -> int:
        own = name.removeprefix(PREFIX).encode() if self._is_apart(name) else b""
        key = hashlib.sha256(array.data).digest() + own
        if key not in self._places:
            with self.path.open("ab") as stream:
                stream.write(b"\0" * (-stream.tell() % ALIGNMENT))
                self._places[key] = stream.tell()
                stream.write(array.data)
        return self._places[key]

    def _is_apart(self, name: str) -> bool:
        return name.removeprefix(PREFIX) in self._apart
