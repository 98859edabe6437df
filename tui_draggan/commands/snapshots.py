"""Pictures of the snapshots of a training run, for the gallery: drawn by a process of its own,
which reads the weights and is started when the first is wanted."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from tui_draggan import children
from tui_draggan.arrays import Bytes
from tui_draggan.edit.orders import Deliver
from tui_draggan.run_folder import RunFolder
from tui_draggan.tui.services import SnapshotPicture
from tui_draggan.wording import printable

DRAWING = "tui_draggan.commands.snapshot_drawing"

log = logging.getLogger(__name__)


class SnapshotPictures:
    """Those of one run. Any thread may call it; pictures are delivered in one of its own."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._changed = threading.Condition()
        self._wanted: list[SnapshotPicture] = []
        self._deliver: Deliver[SnapshotPicture] = lambda subject, picture: None
        self._broken: set[Path] = set()
        """Snapshots that cannot be drawn, which has been said."""
        self._closed = False
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def files(self) -> list[Path]:
        """The snapshots, the newest first."""
        return self._run.list_snapshots()[::-1]

    def want(self, pictures: Sequence[SnapshotPicture], deliver: Deliver[SnapshotPicture]) -> None:
        """Wants these, the first one first, in place of those that were wanted before."""
        with self._changed:
            self._wanted = [one for one in pictures if one.file not in self._broken]
            self._deliver = deliver
            if self._wanted and self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._work, name="draggan-snapshots", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        with self._changed:
            self._closed = True
            child = self._child
            self._changed.notify_all()
        if child is not None:
            child.kill()
        if self._thread is not None:
            self._thread.join(1.0)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._closed)
                if self._closed:
                    return
                wanted, deliver = self._wanted.pop(0), self._deliver
            picture = self._drawn(wanted)
            if picture is not None:
                deliver(wanted, picture)

    def _drawn(self, wanted: SnapshotPicture) -> Bytes | None:
        """The picture (H, W, 3 or 4); None where there is none, which is said once."""
        try:
            answer = self._ask(wanted)
        except (OSError, ValueError):
            answer = "the process that draws it has ended"
        if not isinstance(answer, str):
            return answer
        with self._changed:
            self._broken.add(wanted.file)
            if not self._closed:
                log.warning("snapshot %s: %s", wanted.file.name, printable(answer))
            self._end()
        return None

    def _ask(self, wanted: SnapshotPicture) -> Bytes | str:
        """The picture, or why there is none. Raises OSError or ValueError where the child ends."""
        child = self._started()
        assert child.stdin is not None and child.stdout is not None
        seed = wanted.seed
        question = [str(wanted.file), seed.seed, seed.psi, seed.label]
        child.stdin.write(json.dumps(question).encode() + b"\n")
        child.stdin.flush()
        head = json.loads(child.stdout.readline())
        if isinstance(head, str):
            return head
        data = child.stdout.read(int(np.prod(head)))
        return np.frombuffer(data, np.uint8).reshape(head)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._changed:
            if self._child is None:
                self._child = subprocess.Popen(
                    children.command(DRAWING),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            return self._child

    def _end(self) -> None:
        """Where it has ended, another is started the next time."""
        child = self._child
        if child is not None and child.poll() is not None:
            self._child = None
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
