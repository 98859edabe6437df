"""RUN/tensorboard/: values and sample grids for TensorBoard.

tensorboardX's own `SummaryWriter` writes in a thread, which dies on a full disk with a traceback,
and whoever closes it then waits for ever. Here events are written at once, so errors come to
whoever writes. Training does without where tensorboardX is not installed.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from tui_draggan.arrays import Bytes

try:
    from tensorboardX import summary
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event, SessionLog
except ModuleNotFoundError:  # everything else works without
    summary = None

log = logging.getLogger(__name__)


def open_board(folder: Path, step: int) -> TensorBoard | None:
    """None, and a warning, without tensorboardX. Raises OSError."""
    if summary is None:
        log.warning("tensorboardX is not installed: nothing is written for TensorBoard")
        return None
    return TensorBoard(folder, step)


class TensorBoard:
    """An event file of its own for every start of the training.

    What earlier files have from `step` on is not shown. All methods raise OSError.
    """

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(exist_ok=True)
        self._events = EventsWriter(str(folder / "events"))
        self._write(step, session_log=SessionLog(status=SessionLog.START))

    def values(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._write(step, summary=summary.scalar(name, value))

    def picture(self, step: int, name: str, picture: Bytes) -> None:
        """picture (H, W, 3). All that was written so far is on the disk afterwards."""
        self._write(step, summary=summary.image(name, picture, dataformats="HWC"))
        self._events.flush()

    def close(self) -> None:
        self._events.close()

    def _write(self, step: int, **content: Any) -> None:
        self._events.write_event(Event(wall_time=time.time(), step=step, **content))
