"""Files are written whole or not at all, whatever ends the process that writes them."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tui_draggan import files
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_writable, free_name, replacing
from tui_draggan.paths import typed_path
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.waiting import LIMIT

LONG_NAMES = ["a" * 251 + ".png", "é" * 127, "a." + "b" * 253]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, text: str) -> None:
    with replacing(path) as work:
        work.write_text(text)


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write(path, "first")
    with pytest.raises(ValueError, match="half"), replacing(path) as work:
        assert work.suffix == ".json" and work.parent == tmp_path
        work.write_text("sec")
        raise ValueError("half")
    assert path.read_text() == "first" and names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_others_may_read_it_as_any_file_of_the_person(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("name", LONG_NAMES, ids=["stem", "letters of two bytes", "suffix"])
def test_a_name_as_long_as_names_may_be_is_no_reason_to_lose_the_result(
    tmp_path: Path, name: str
) -> None:
    assert 250 <= len(os.fsencode(name)) <= 255
    path = tmp_path / name
    check_writable(path)
    write(path, "whole")
    assert path.read_text() == "whole" and names(tmp_path) == [name]


def test_a_longer_one_is_said_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 256)
    for check in (check_writable, lambda path: write(path, "x")):
        with pytest.raises(OutputError, match="cannot be written: File name too long"):
            check(path)


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    for name, kind in (("pipe", "a pipe"), ("folder", "a folder"), ("null", "a device")):
        for check in (check_writable, lambda path: write(path, "x")):
            with pytest.raises(OutputError, match=f"{name} is {kind}; expected a file name"):
                check(tmp_path / name)
    assert names(tmp_path) == ["folder", "null", "pipe"]


@pytest.mark.parametrize("place", ["missing/a", "file/a", "loop/a"])
def test_a_place_that_is_none(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for check in (check_writable, lambda path: write(path, "x")):
        with pytest.raises(OutputError, match=rf"{place} cannot be written: [A-Z][\w ]+"):
            check(tmp_path / place)


def test_a_disk_that_fills_up_meanwhile(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            write(tmp_path / "a", "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path) == []


def test_free_names_are_told_without_looking_into_closed_places(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert free_name(tmp_path / "a.png").name == "a-2.png"
    assert free_name(tmp_path / ("a" * 300)).name == "a" * 300


# -- processes that end --------------------------------------------------------------------------


def writer(path: Path, does: str = "while True: time.sleep(0.1)") -> subprocess.Popen[str]:
    """A process in the middle of writing `path`."""
    code = (
        "import sys, time; from pathlib import Path; from tui_draggan.files import replacing\n"
        f"with replacing(Path({str(path)!r})) as work:\n"
        "    work.write_text('half')\n"
        "    print('writing', flush=True)\n"
        f"    {does}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_process_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = writer(tmp_path / "a.png")
    process.send_signal(number)
    assert process.wait(LIMIT) == -number, "and is seen to have ended by the signal"
    assert names(tmp_path) == []


def test_what_a_killed_process_left_goes_when_the_next_one_writes_there(tmp_path: Path) -> None:
    process = writer(tmp_path / "a.png")
    process.kill()
    process.wait(LIMIT)
    (stale,) = names(tmp_path)
    assert stale.startswith(files.TEMPORARY)
    (tmp_path / ".tui-draggan-notes").mkdir()
    write(tmp_path / "b.png", "x")
    assert names(tmp_path) == [".tui-draggan-notes", "b.png"]


def test_what_another_is_writing_stays(tmp_path: Path) -> None:
    process = writer(tmp_path / "a.png", "sys.stdin.readline()")
    write(tmp_path / "b.png", "x")
    assert len(names(tmp_path)) == 2
    process.terminate()
    process.wait(LIMIT)


def test_without_locks_nothing_is_taken_for_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> NoReturn:
        raise OSError(errno.ENOLCK, "No locks available")

    (tmp_path / f"{files.TEMPORARY}1234").touch()
    monkeypatch.setattr(fcntl, "flock", no_locks)
    write(tmp_path / "a", "x")
    assert names(tmp_path) == [f"{files.TEMPORARY}1234", "a"]


def test_a_forked_process_leaves_its_parents_file_alone(tmp_path: Path) -> None:
    ready, tell = os.pipe()
    with replacing(tmp_path / "a") as work:
        child = os.fork()
        if child == 0:
            os.write(tell, b"x")  # a signal that comes while forking is lost
            time.sleep(60)
            os._exit(0)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
        work.write_text("whole")
    assert (tmp_path / "a").read_text() == "whole"


def test_signals_are_as_they_were_afterwards(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in files.ENDING_SIGNALS]
    write(tmp_path / "a", "x")
    assert [signal.getsignal(number) for number in files.ENDING_SIGNALS] == before


# -- paths as they are typed ---------------------------------------------------------------------


def test_typed_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert typed_path("~/a.png") == tmp_path / "a.png"
    assert typed_path("b/~c") == Path("b/~c")
    for text in ("~nosuchuser/x.png", "~nosuchuser"):
        with pytest.raises(UsageError, match=r"~nosuchuser has no home folder; write"):
            typed_path(text)
    for text in ("", "a\0b"):
        with pytest.raises(UsageError, match="is not a path"):
            typed_path(text)
