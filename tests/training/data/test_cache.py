"""Pictures are prepared once, whole or not at all, by one process of several."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image

from tests.training.data.shared import SIDE, prepared, save
from tui_draggan.arrays import Bytes
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import TEMPORARY
from tui_draggan.pictures.reading import PictureFile
from tui_draggan.size import Size
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.waiting import LIMIT
from tui_draggan.training.data import cache as module
from tui_draggan.training.data.pictures import middle_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(8):
        save(tmp_path / "pictures" / f"{number}.png", (10 * number, 0, 0))
    return tmp_path / "pictures"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read."""
    names: list[str] = []

    def noted(file: PictureFile, size: Size) -> Bytes:
        names.append(file.name)
        return middle_of(file, size)

    monkeypatch.setattr(module, "middle_of", noted)
    return names


def kept(cache: Path) -> list[str]:
    return sorted(path.suffix for path in cache.iterdir())


def test_prepared_once_until_a_file_changes(folder: Path, cache: Path, decoded: list[str]) -> None:
    first = prepared(folder, SIDE, cache)
    assert isinstance(first.pictures, np.memmap) and not first.pictures.flags.writeable
    assert len(decoded) == 8
    again = prepared(folder, SIDE, cache)
    assert len(decoded) == 8 and np.array_equal(first.pictures, again.pictures)
    save(folder / "3.png", (255, 0, 0), size=(50, 50))
    assert prepared(folder, SIDE, cache).pictures[3, 0, 0, 0] == 255
    assert len(decoded) == 16
    save(folder / "8.png")
    assert len(prepared(folder, SIDE, cache).pictures) == 9
    (folder / "0.png").rename(folder / "9.png")
    assert prepared(folder, SIDE, cache).pictures[8, 0, 0, 0] == 0


def test_what_was_prepared_before_a_change_goes(folder: Path, cache: Path) -> None:
    old = prepared(folder, SIDE, cache)
    prepared(folder, 2 * SIDE, cache)
    save(folder / "8.png")
    prepared(folder, SIDE, cache)
    assert kept(cache) == [".json", ".json", ".lock", ".lock", ".npy", ".npy"]
    assert old.pictures[:, 0, 0, 0].tolist() == [10 * n for n in range(8)], "still to be read"


def test_folders_of_the_same_names_are_not_mixed_up(
    folder: Path, cache: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)  # and their times
    prepared(folder, SIDE, cache)
    Image.new("RGB", (20, 20), (77, 0, 0)).save(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    times = (other / "1.png").stat()
    (other / "1.png").write_bytes(content[: times.st_size].ljust(times.st_size, b"\0"))
    os.utime(other / "1.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert prepared(other, SIDE, cache).pictures[1, 0, 0, 0] == 77


def test_nothing_half_written_is_left(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"none of the 1 pictures .*a\.png: not a picture"):
        prepared(tmp_path, SIDE, cache)
    assert kept(cache) == [".lock"]


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("length", [0, 50, 300])
def test_a_damaged_cache_is_made_again(
    folder: Path, cache: Path, decoded: list[str], suffix: str, length: int
) -> None:
    prepared(folder, SIDE, cache)
    (damaged,) = (path for path in cache.iterdir() if path.suffix == suffix)
    with damaged.open("r+b") as file:
        file.truncate(min(length, damaged.stat().st_size - 1))
    assert prepared(folder, SIDE, cache).pictures[:, 0, 0, 0].tolist() == [10 * n for n in range(8)]
    assert len(decoded) == 16


def script(folder: Path, cache: Path, progress: str) -> list[str]:
    code = (
        "import os, sys, time; from pathlib import Path; "
        "from tui_draggan.size import Size\n"
        "from tui_draggan.training.data import prepare, survey\n"
        f"found = survey(Path({str(folder)!r}))\n"
        f"data = prepare(found, Size.square({SIDE}), Path({str(cache)!r}), {progress})\n"
        "print('pictures', data.pictures[:, 0, 0, 0].tolist())"
    )
    return [sys.executable, "-c", code]


@pytest.mark.slow
def test_several_processes_prepare_once_between_them(folder: Path, cache: Path) -> None:
    progress = "lambda *a: (time.sleep(0.05), print('decoded', flush=True))"
    running = [
        subprocess.Popen(
            script(folder, cache, progress), stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=LIMIT)[0] for process in running]
    assert sum(words.count("decoded") for words in said) == 8
    expected = f"pictures {[10 * n for n in range(8)]}\n"
    assert all(words.endswith(expected) for words in said)


def test_without_locks_nobody_removes_what_another_writes(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> NoReturn:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    cache.mkdir()
    prepared(folder, SIDE, cache)
    (whole,) = cache.glob("*.npy")
    unfinished = cache / f"{TEMPORARY}abc.npy"
    unfinished.touch()
    save(folder / "8.png")
    assert len(prepared(folder, SIDE, cache).pictures) == 9
    assert whole.exists() and unfinished.exists()


def test_a_killed_process_leaves_nothing_that_matters(folder: Path, cache: Path) -> None:
    progress = "lambda done, total: done == 5 and os.kill(os.getpid(), 9)"
    killed = subprocess.run(script(folder, cache, progress), cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert [path for path in cache.iterdir() if path.name.startswith(".")], "half a file"
    assert len(prepared(folder, SIDE, cache).pictures) == 8
    assert kept(cache) == [".json", ".lock", ".npy"]


def test_an_interrupted_process_cleans_up(folder: Path, cache: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(folder, SIDE, cache, interrupt)
    assert kept(cache) == [".lock"]


def test_a_full_disk_is_said_before_the_work(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 1000))
    with pytest.raises(OutputError, match=r"room for 0\.0 GB; .* XDG_CACHE_HOME"):
        prepared(folder, SIDE, cache)
    assert kept(cache) == [".lock"]


def test_a_disk_that_fills_up_meanwhile_is_one_line(folder: Path, cache: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            prepared(folder, SIDE, cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert kept(cache) == [".lock"]


def test_a_cache_that_cannot_be_written_is_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written: Not a directory; .*XDG_CACHE_HOME"):
        prepared(folder, SIDE, tmp_path / "file" / "cache")
