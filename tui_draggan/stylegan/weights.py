"""One file for the weights of several ONNX models.

The synthesis, training and evaluation graphs hold the same tensors. ONNX lets a tensor lie in
another file at an offset ("external data"): here every large tensor lies once in one file,
found by its contents, and all graphs point to it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import onnx
from onnx.external_data_helper import set_external_data

SMALLEST = 1024
"""Bytes from which on a tensor is stored apart."""
ALIGNMENT = 64
"""Offsets are multiples of this, for the vector units that read the mapped file."""


class SharedWeights:
    """The weights file `path`, written anew; `save` adds to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[bytes, int] = {}
        path.write_bytes(b"")

    def save(self, model: onnx.ModelProto, file: Path) -> None:
        """Moves the large initializers of `model` into the weights file, and writes `file`."""
        location = Path(os.path.relpath(self.path, file.parent)).as_posix()
        for tensor in model.graph.initializer:
            if len(tensor.raw_data) >= SMALLEST:
                offset = self._place(tensor.raw_data)
                set_external_data(tensor, location, offset=offset, length=len(tensor.raw_data))
                tensor.ClearField("raw_data")
        file.write_bytes(model.SerializeToString())

    def _place(self, data: bytes) -> int:
        key = hashlib.sha256(data).digest()
        if key not in self._places:
            with self.path.open("ab") as stream:
                stream.write(b"\0" * (-stream.tell() % ALIGNMENT))
                self._places[key] = stream.tell()
                stream.write(data)
        return self._places[key]
