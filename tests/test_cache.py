"""The cache is the user's alone, remembers hashes, and is never needed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tui_draggan import cache, files, paths


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "deep" / "cache"))
    return paths.cache()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to be hashed."""
    read: list[Path] = []
    plain = files.sha256

    def counted(path: Path) -> str:
        read.append(path)
        return plain(path)

    monkeypatch.setattr(files, "sha256", counted)
    return read


def written(path: Path, content: bytes, age: float = 60.0) -> Path:
    """A file that changed so many seconds ago, as the clock is set then."""
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute after everything here was written."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)


@pytest.mark.usefixtures("later")
def test_a_file_is_hashed_once_until_it_changes(tmp_path: Path, hashed: list[Path]) -> None:
    file = written(tmp_path / "file", b"one")
    first = cache.sha256(file)
    assert cache.sha256(file) == first == files.sha256(file)
    assert hashed == [file, file]  # once for the cache, once for this test
    written(file, b"two")
    assert cache.sha256(file) == files.sha256(file) != first
    os.replace(written(tmp_path / "other", b"six"), file)  # noqa: PTH105 - the same place
    assert cache.sha256(file) == files.sha256(file) != first


def test_a_file_that_changed_just_now_is_hashed_again(tmp_path: Path, hashed: list[Path]) -> None:
    """Another change within the same tick would not show. (Its own time is set back; that of the
    change of the file's entry cannot be.)"""
    file = written(tmp_path / "file", b"one")
    assert cache.sha256(file) == cache.sha256(file)
    assert len(hashed) == 2 and not paths.hashes().exists()


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 3}', "\xff", "5"])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    file = written(tmp_path / "file", b"one")
    cache.write_own(paths.hashes(), "{}")
    paths.hashes().write_bytes(text.encode("latin-1"))
    assert cache.sha256(file) == files.sha256(file)


@pytest.mark.usefixtures("later")
def test_a_memory_others_could_have_written_is_none(tmp_path: Path) -> None:
    file = written(tmp_path / "file", b"one")
    true = cache.sha256(file)
    lie = paths.hashes().read_text().replace(true, "0" * 64)
    paths.hashes().write_text(lie)
    assert cache.sha256(file) == "0" * 64
    paths.hashes().chmod(0o666)
    assert cache.sha256(file) == true


@pytest.mark.usefixtures("later")
def test_few_hashes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "REMEMBERED", 3)
    for number in range(6):
        cache.sha256(written(tmp_path / str(number), bytes(number)))
    assert paths.hashes().read_text().count(":") == 3


def test_folders_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        assert cache.private_folder(folder / "graphs") == folder / "graphs"
        cache.write_own(folder / "file.json", "{}")
    finally:
        os.umask(before)
    for path in (folder.parents[1], folder.parent, folder, folder / "graphs"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (folder / "file.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_was_open_is_closed(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert cache.private_folder(folder / "graphs") == folder / "graphs"
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "graphs").chmod(0o720)
    assert cache.private_folder(folder / "graphs") is None


def test_a_link_to_a_folder_of_the_users_own_is_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(0o700)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "disk")
    assert cache.private_folder(folder) == folder


@pytest.mark.parametrize("whose", ["link", "target"])
def test_what_belongs_to_another_is_ignored(
    folder: Path, tmp_path: Path, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    (tmp_path / "disk").mkdir(0o700)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "disk")
    os.chown(folder if whose == "link" else tmp_path / "disk", 12345, -1, follow_symlinks=False)
    assert cache.private_folder(folder) is None
    cache.write_own(folder / "engines.json", "{}")
    assert not list((tmp_path / "disk").iterdir())
    assert cache.read_own(folder / "engines.json") is None


@pytest.mark.parametrize("kind", ["a file", "below a file", "a fifo", "read-only"])
def test_where_there_can_be_none_there_is_none(
    folder: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "read-only":
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/cache")
    else:
        folder.parent.mkdir(parents=True)
        if kind == "a fifo":
            os.mkfifo(folder)
        elif kind == "a file":
            folder.write_text("")
        else:
            folder.parent.rmdir()
            folder.parent.write_text("")
    assert cache.private_folder(paths.optimised_graphs()) is None
    cache.write_own(paths.chosen_engines(), "{}")
    assert cache.read_own(paths.chosen_engines()) is None
    file = written(tmp_path / "file", b"one")
    assert cache.sha256(file) == files.sha256(file)
