"""A file of weights, recognised by what is in it, to a checkpoint.

Nothing that a file names is imported or run. The file is mapped, not loaded: weights in float32
stay where they are until a network is built from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.mapped import map_file
from tui_draggan.checkpoints.nvidia import is_nvidia, read_nvidia
from tui_draggan.checkpoints.safetensors_file import is_safetensors, read_safetensors
from tui_draggan.checkpoints.state_dicts import read_state_dict
from tui_draggan.checkpoints.tensorflow import is_tensorflow, read_tensorflow
from tui_draggan.checkpoints.torch_zip import is_zip, read_torch_zip
from tui_draggan.checkpoints.unpickling.legacy_torch import is_legacy_torch
from tui_draggan.checkpoints.unpickling.pickles import is_pickle, read_legacy_torch, read_pickle
from tui_draggan.errors import CheckpointError

EXPECTED = "expected a StyleGAN2 generator: an NVIDIA .pkl, a torch .pt or a .safetensors file"
ARCHIVES = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!": "rar",
}


def read_checkpoint(path: Path) -> Checkpoint:
    """The generator in the file `path`, whatever its name.

    Raises CheckpointError, a line that begins with `path`: what is wrong with it.
    """
    data = map_file(path)
    try:
        return _checkpoint(_content(path, data))
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}") from error


def _content(path: Path, data: memoryview) -> Any:
    """What the file holds: dicts, lists, arrays, records."""
    if is_zip(data):
        return read_torch_zip(path)
    if is_legacy_torch(data):
        return read_legacy_torch(data)
    if is_pickle(data):
        return read_pickle(data)
    if is_safetensors(data):
        return read_safetensors(path, data)
    raise CheckpointError(_accident(bytes(data[:1024])))


def _checkpoint(content: Any) -> Checkpoint:
    if is_nvidia(content):
        return read_nvidia(content)
    if is_tensorflow(content):
        return read_tensorflow(content)
    if isinstance(content, Mapping):
        return read_state_dict(content)
    raise CheckpointError(f"holds a {type(content).__name__}; {EXPECTED}")


def _accident(head: bytes) -> str:
    """What a file that is no checkpoint probably is, from its first bytes."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page: the download went wrong; download the file itself"
    if head.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, the weights were not fetched; run git lfs pull"
    if head[257:262] == b"ustar":
        return "is a tar archive; unpack it first"
    for magic, name in ARCHIVES.items():
        if head.startswith(magic):
            return f"is compressed with {name}; unpack it first"
    if head.startswith(b"\x89HDF"):
        return f"is an HDF5 file; {EXPECTED}"
    if head[:1] == b"\x08" and head[2:3] in (b"\x12", b"\x3a"):
        return "is an ONNX model, whose graph cannot be trained further; take its checkpoint"
    return f"has an unknown format; {EXPECTED}"
