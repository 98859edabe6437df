"""Arrays out of files of numpy and torch, read without running what they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.checkpoints.mapped import map_file
from tui_draggan.checkpoints.unpickling.pickles import is_torch_file, read_torch_file
from tui_draggan.errors import CheckpointError, UsageError
from tui_draggan.files import check_readable

LARGEST = 256 << 20
"""Bytes that the arrays of a file may take."""
ARRAY = "array"
"""Name of the array of a file that has one without a name: an .npy, a tensor of torch.save."""


def read_arrays(path: Path, expected: str) -> dict[str, Any]:
    """What a file of np.savez, np.save or torch.save holds, by name; the content decides which.

    expected: «a file of directions». Values of numpy's files are arrays; those of torch's whatever
    `unpickling.pickles` makes. Raises UsageError, naming the file.
    """
    check_readable(path, expected)
    try:
        data = map_file(path)
        of_torch = is_torch_file(data)
    except CheckpointError as error:
        raise _damaged(path, expected) from error
    if of_torch:
        return _of_torch(path, data)
    if len(data) > LARGEST:
        raise _too_large(path)
    return _of_numpy(path, expected)


def _of_torch(path: Path, data: memoryview) -> dict[str, Any]:
    try:
        content = read_torch_file(data)
    except CheckpointError as error:
        raise UsageError(f"{path} {error}") from error
    if isinstance(content, dict):
        return {str(name): value for name, value in content.items()}
    return {ARRAY: content}


def _of_numpy(path: Path, expected: str) -> dict[str, Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {ARRAY: loaded}
        with loaded as file:
            if sum(entry.file_size for entry in file.zip.infolist()) > LARGEST:
                raise _too_large(path)
            return dict(file)
    except UsageError:
        raise
    except Exception as error:  # numpy and zipfile raise nearly anything on damaged files
        raise _damaged(path, expected) from error


def _damaged(path: Path, expected: str) -> UsageError:
    return UsageError(f"{path} is not {expected}, or it is damaged")


def _too_large(path: Path) -> UsageError:
    return UsageError(f"{path} unpacks to more than {LARGEST >> 20} MB; it is not read")
