"""The folder of a training run, and the names of all that lies in it.

RUN/config.json            the whole configuration
RUN/log.jsonl              a JSON object a line: step, kimg, seconds, and what was worth logging
RUN/samples/000120.png     the averaged generator's pictures after 120 kimg
RUN/snapshots/00007500.pt  everything, to resume from step 7500; the newest few
RUN/network.pt             the averaged generator, to evaluate and to import, with its discriminator
RUN/tensorboard/           log and samples for TensorBoard
RUN/lock                   locked by the process that trains

Nothing here needs torch: a run can be watched from a machine that has none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tui_draggan.errors import UsageError
from tui_draggan.files import lock, unwritable

NETWORK = "network.pt"


@dataclass(frozen=True)
class RunFolder:
    """Where the parts of one run are. Only the methods that list or lock touch the disk."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def network(self) -> Path:
        return self.path / NETWORK

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    def sample_grid(self, kimg: float) -> Path:
        return self.samples / f"{round(kimg):06d}.png"

    def snapshot(self, step: int) -> Path:
        return self.snapshots / f"{step:08d}.pt"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While entered, no other process trains here. The folder must exist.

        Raises UsageError where another one does, OutputError where the folder cannot be written. A
        file system without locks is trusted.
        """
        path = self.path / "lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            try:
                lock(handle)
            except BlockingIOError:
                raise UsageError(
                    f"the run in {self.path} is being trained by another process; wait until it "
                    "has ended, or use another --out"
                ) from None
            except OSError:
                pass
            yield
        finally:
            os.close(handle)

    def list_sample_grids(self) -> list[tuple[int, Path]]:
        """kimg and path of every grid, the newest last; empty where there is no such folder."""
        return _numbered(self.samples, ".png")

    def list_snapshots(self) -> list[Path]:
        """The newest last; empty where there is no such folder."""
        return [path for _, path in _numbered(self.snapshots, ".pt")]


def _numbered(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """Files named by a number of at most nine digits, in its order."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    pattern = re.compile(rf"(\d{{1,9}}){re.escape(suffix)}", re.ASCII)
    found = (pattern.fullmatch(name) for name in names)
    return sorted((int(match[1]), folder / match[0]) for match in found if match)
