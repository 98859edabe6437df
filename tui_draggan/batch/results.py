"""The folder of results: files of every edit by its key, and an index to which a line is appended
when they are there.

    RESULTS/results.jsonl            a line for each job: key, line, id, outcome, steps, …, files
    RESULTS/3f/3f2a….png .jsonl .json      picture, log and session of one edit

The line is what counts: an edit without one is made again. Shards, which may write into one folder
at the same time, have an index each, `results-2-of-8.jsonl`; folders of several machines are merged
by copying them into one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_draggan.batch.job import Failed, Made, Refused
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_folder, lock, reason_of, replacing, unwritable

SUFFIXES = PICTURE, LOG, SESSION = (".png", ".jsonl", ".json")


@dataclass(frozen=True)
class Shard:
    """Every `count`-th line of the jobs, from line `number` on."""

    number: int = 1
    count: int = 1

    @property
    def index(self) -> str:
        """The name of its index."""
        return "results" + f"-{self.number}-of-{self.count}" * (self.count > 1) + ".jsonl"

    def has(self, line: int) -> bool:
        return (line - self.number) % self.count == 0


class Results:
    """A folder of results that is written to. For one thread."""

    def __init__(self, folder: Path, shard: Shard = Shard()) -> None:
        """Raises OutputError, also where another process is writing to this index."""
        check_folder(folder)
        self._folder = folder
        self._path = folder / shard.index
        self.damaged = 0
        """Lines of indexes that cannot be read; their edits are made again."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(
                self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666
            )
        except OSError as error:
            raise unwritable(self._path, error) from error
        try:
            self._lock()
            self._end_line()
            self._done = {
                key: files
                for path in sorted(folder.glob("results*.jsonl"))
                for key, files in self._read(path)
            }
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        os.close(self._handle)

    def has(self, key: str) -> bool:
        """Whether that edit has been made, and its files are there."""
        files = self._done.get(key)
        return files is not None and all(
            os.path.isfile(self._folder / file)  # noqa: PTH113 - no error for odd names
            for file in files
        )

    def add(self, made: Made) -> None:
        """Writes an edit's files, then its line. Raises OutputError; then it has no line."""
        job = made.job
        contents = (made.picture, made.log.encode(), made.session.encode())
        place = self._folder / job.key[:2]
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(place, error) from error
        files = []
        for suffix, content in zip(SUFFIXES, contents, strict=True):
            path = place / f"{job.key}{suffix}"
            with replacing(path) as work:
                work.write_bytes(content)
            files.append(f"{place.name}/{path.name}")
        more = {"notices": made.notices} if made.notices else {}
        self._append(
            {**_beginning(job), **made.ending, "worker": made.worker, **more, "files": files}
        )
        self._done[job.key] = files

    def fail(self, failed: Failed | Refused) -> None:
        """Writes a failure's line. Raises OutputError."""
        if isinstance(failed, Refused):
            self._append({**_beginning(failed), "error": failed.reason})
        else:
            beginning = _beginning(failed.job)
            self._append({**beginning, "error": failed.reason, "worker": failed.worker})

    def _append(self, values: Mapping[str, Any]) -> None:
        """All of a line or, where it does not fit on the disk, nothing. Raises OutputError."""
        size = os.fstat(self._handle).st_size
        rest = memoryview((json.dumps(values) + "\n").encode())
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._handle, size)
            raise unwritable(self._path, error) from error

    def _lock(self) -> None:
        try:
            lock(self._handle)
        except BlockingIOError:
            raise OutputError(
                f"{self._path} is being written by another batch; wait for it, or give each a "
                "part of the jobs with --shard"
            ) from None
        except OSError:
            pass  # a file system without locks

    def _end_line(self) -> None:
        """What a machine that lost its power has left of a line gets an end. Raises OutputError."""
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            try:
                os.write(self._handle, b"\n")
            except OSError as error:
                raise unwritable(self._path, error) from error

    def _read(self, path: Path) -> list[tuple[str, list[str]]]:
        """Keys and files of the edits in an index. Raises UsageError."""
        found = []
        try:
            with path.open("rb") as stream:
                for line in stream:
                    done = _done(line)
                    self.damaged += done is None
                    if done is not None and done[1]:
                        found.append(done)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
        return found


def _beginning(job: Any) -> dict[str, Any]:
    """Of a line: which job it is about."""
    return {"key": job.key, "line": job.line, **({} if job.id is None else {"id": job.id})}


def _done(line: bytes) -> tuple[str, list[str]] | None:
    """The key and the files, none of a failure, that a line tells; None where it is damaged."""
    try:
        values = json.loads(line)
        key, files = values["key"], values.get("files", [])
        if isinstance(key, str) and all(isinstance(file, str) for file in files):
            return key, files
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return None
