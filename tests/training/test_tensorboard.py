"""What TensorBoard finds, and what a disk that refuses it leads to."""

from __future__ import annotations

import io
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event, SessionLog

from tui_draggan.training.tensorboard import TensorBoard

GRID = np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)


def events(folder: Path) -> list[Event]:
    """All records (TFRecord: length, its checksum, the data, its checksum) of the files."""
    found = []
    for path in sorted(folder.iterdir()):
        stream = io.BytesIO(path.read_bytes())
        while header := stream.read(12):
            found.append(Event.FromString(stream.read(struct.unpack("<Q", header[:8])[0])))
            stream.read(4)
    return found


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files cannot grow larger: for whoever writes, the same as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_values_and_grids_are_events(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path / "tensorboard", step=7)
    board.values(8, {"d": 0.5, "g": 1.25})
    board.picture(9, "samples", GRID)
    board.close()
    version, start, d, g, picture = events(tmp_path / "tensorboard")
    assert version.file_version
    assert (start.step, start.session_log.status) == (7, SessionLog.START)
    scalars = [(e.step, e.summary.value[0].tag, e.summary.value[0].simple_value) for e in (d, g)]
    assert scalars == [(8, "d", 0.5), (8, "g", 1.25)]
    drawn = Image.open(io.BytesIO(picture.summary.value[0].image.encoded_image_string))
    assert picture.step == 9 and np.array_equal(np.asarray(drawn), GRID)


def test_a_full_disk_is_said_at_once_and_closing_does_not_hang(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path / "tensorboard", step=0)
    with largest_file(4096):
        with pytest.raises(OSError):
            board.picture(1, "samples", GRID)
        with suppress(OSError):
            board.close()
