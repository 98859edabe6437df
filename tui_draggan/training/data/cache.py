"""Prepared pictures in the user's cache: KEY.npy, all of one size, and KEY.json, what they are of.

A key says the folder, the size and the state of the files. The notes are written last: with
them the pair is whole. Several processes may want the same at once; one prepares, the others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from tui_draggan.arrays import Bytes
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import replacing
from tui_draggan.pictures.reading import PictureFile, UnreadableError, quiet_decoders
from tui_draggan.size import Size
from tui_draggan.training.data.pictures import middle_of
from tui_draggan.training.data.scanning import ListedPicture
from tui_draggan.wording import printable

FORMAT = 2
"""A change of how pictures are prepared counts it up."""
MOST_THREADS = 8
AHEAD = 4
"""Pictures for each thread that may wait for the one that is written next."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Prepared:
    """pictures (N, H, W, 3), mapped from the file; their names; name and reason of those that
    could not be read."""

    pictures: Bytes
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class Cache:
    """The place of the pictures of one folder, or archive, in one size."""

    def __init__(
        self,
        parent: Path,
        folder: Path,
        root: PictureFile,
        files: Iterable[ListedPicture],
        size: Size,
    ) -> None:
        """root: the folder, or the inside of the archive, where files are found by their names."""
        self._parent, self._folder, self._root = parent, folder, root
        self._size = size
        self._files = tuple(files)
        place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
        listing = [(file.name, file.size, file.changed) for file in self._files]
        state = hashlib.sha256(json.dumps([FORMAT, listing]).encode()).hexdigest()[:16]
        side = "x".join(map(str, dict.fromkeys((size.width, size.height))))
        self._family = f"{place}-{side}"
        self._key = f"{self._family}-{state}"

    @property
    def _pictures(self) -> Path:
        return self._parent / f"{self._key}.npy"

    @property
    def _notes(self) -> Path:
        return self._parent / f"{self._key}.json"

    def load_or_prepare(self, progress: Progress | None) -> Prepared:
        """Raises UsageError where no file can be read, OutputError where the cache cannot be
        written."""
        kept = self._load()
        if kept is not None:
            return kept
        with self._alone() as alone:
            kept = self._load()  # another process may have been here first
            if kept is None:
                if alone:
                    self._remove_others()
                self._prepare(progress)
                kept = self._load()
        if kept is None:
            raise OutputError(
                f"{self._pictures} was written but cannot be read back; check the disk"
            )
        return kept

    def _load(self) -> Prepared | None:
        """None where there is nothing, or nothing whole."""
        try:
            notes = json.loads(self._notes.read_text())
            names = tuple(notes["names"])
            skipped = tuple((name, reason) for name, reason in notes["skipped"])
            shape = (len(names), *self._size, 3)
            pictures = np.load(self._pictures, mmap_mode="r")
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None
        if pictures.shape != shape or pictures.dtype != np.uint8:
            return None
        return Prepared(pictures, names, skipped)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process does the same: some file systems have no locks, and then each
        writes its own and the last one's stays."""
        path = self._parent / f"{self._family}.lock"
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            file = path.open("w")
        except OSError as error:
            raise OutputError(
                f"{self._parent} cannot be written: {error.strerror}; prepared pictures are kept "
                "there, set XDG_CACHE_HOME to another place"
            ) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                yield False
            else:
                yield True

    def _remove_others(self) -> None:
        """What was prepared before the folder changed."""
        for path in self._parent.glob(f"{self._family}-*"):
            with suppress(OSError):
                path.unlink()

    def _prepare(self, progress: Progress | None) -> None:
        self._check_room()
        names: list[str] = []
        skipped: list[tuple[str, str]] = []
        with replacing(self._pictures) as path, path.open("wb") as stream:
            # Written and not mapped: on a full disk a mapped file kills the process.
            self._write_header(stream, len(self._files))
            for done, (file, result) in enumerate(self._middles(), 1):
                if isinstance(result, str):
                    skipped.append((file.name, result))
                else:
                    stream.write(result.data)
                    names.append(file.name)
                if progress:
                    progress(done, len(self._files))
            if not names:
                name, reason = skipped[0]
                raise UsageError(
                    f"none of the {len(self._files)} pictures in {self._folder} can be read "
                    f"({printable(name)}: {reason}); expected intact .png, .jpg or .webp files"
                )
            stream.seek(0)
            self._write_header(stream, len(names))
        with replacing(self._notes) as path:
            path.write_text(json.dumps({"names": names, "skipped": skipped}))

    def _write_header(self, stream: BinaryIO, count: int) -> None:
        """As long for any count: the format leaves room for a first axis that grows."""
        shape = (count, *self._size, 3)
        npy.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def _check_room(self) -> None:
        needed = len(self._files) * self._size.area * 3
        free = shutil.disk_usage(self._parent).free
        if needed > free:
            raise OutputError(
                f"{self._parent} has room for {free / 1e9:.1f} GB; the prepared pictures take "
                f"{needed / 1e9:.1f} GB; set XDG_CACHE_HOME to another place"
            )

    def _middles(self) -> Iterator[tuple[ListedPicture, Bytes | str]]:
        """Every file in order, with its middle or the reason why there is none."""

        def read(file: ListedPicture) -> tuple[ListedPicture, Bytes | str]:
            try:
                return file, np.ascontiguousarray(middle_of(self._root / file.name, self._size))
            except UnreadableError as error:
                return file, str(error)

        count = _threads()
        # Pillow warns of what is odd in a file; what matters of it becomes a reason.
        with quiet_decoders(), ThreadPoolExecutor(count) as threads:
            waiting: deque[Future[tuple[ListedPicture, Bytes | str]]] = deque()
            for file in self._files:
                waiting.append(threads.submit(read, file))
                if len(waiting) > AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def _threads() -> int:
    """Decoders let go of Python's lock."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, MOST_THREADS)
