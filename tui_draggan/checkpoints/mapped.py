"""A file as memory: its bytes are read from disk when, and only where, they are looked at."""

from __future__ import annotations

import mmap
import stat
from pathlib import Path

from tui_draggan.checkpoints.unpickling.limits import MAX_FILE_BYTES
from tui_draggan.errors import CheckpointError


def map_file(path: Path) -> memoryview:
    """The bytes of `path`, read-only. The map lives as long as a view or an array of it does.

    Whoever cuts the file short in that time ends this process (SIGBUS), as with any mapped file.
    Raises CheckpointError where `path` is no file, is empty or is larger than `MAX_FILE_BYTES`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CheckpointError(f"{path} is not a file; expected a checkpoint")
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size == 0:
                raise CheckpointError(f"{path} is empty; expected a checkpoint")
            if size > MAX_FILE_BYTES:
                raise CheckpointError(
                    f"{path} has {size / 1e9:.1f} GB; a StyleGAN2 checkpoint has less than "
                    f"{MAX_FILE_BYTES / 1e9:.1f} GB"
                )
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
