from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.reading import read_checkpoint

Read = Callable[[bytes], Checkpoint]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads bytes as a file whose name says nothing."""

    def write_and_read(contents: bytes) -> Checkpoint:
        path = tmp_path / "network.bin"
        path.write_bytes(contents)
        return read_checkpoint(path)

    return write_and_read
