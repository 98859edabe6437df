"""Folders appear when they are complete, whoever else writes beside them and whenever a process is
killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui_draggan import folders
from tui_draggan.errors import OutputError
from tui_draggan.files import TEMPORARY
from tui_draggan.folders import new_folder, size_on_disk, sweep, temporary_folder
from tui_draggan.testing.pane import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def model(path: Path, text: str = "before") -> Path:
    with new_folder(path) as work:
        (work / "file").write_text(text)
    return path


@pytest.fixture(params=[True, False], ids=["exchanged", "one after the other"])
def exchanging(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a file system on which two folders change places at once."""
    if not request.param:
        monkeypatch.setattr(folders, "_exchanged", lambda *_: False)


def test_what_is_interrupted_never_exists(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "spot") as work:
        (work / "file").write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


@pytest.mark.parametrize("length", [250, 255])
def test_a_name_as_long_as_names_may_be(tmp_path: Path, length: int) -> None:
    model(tmp_path / ("a" * length))
    assert names(tmp_path) == ["a" * length]


@pytest.mark.usefixtures("exchanging")
def test_what_is_there_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = model(tmp_path / "spot")
    with pytest.raises(OutputError, match="exists"), new_folder(path):
        pass
    with pytest.raises(RuntimeError), new_folder(path, replace=True):
        raise RuntimeError
    assert (path / "file").read_text() == "before"
    with new_folder(path, replace=True) as work:
        (work / "new").touch()
    assert names(tmp_path) == ["spot"] and names(path) == ["new"]


@pytest.mark.usefixtures("exchanging")
def test_a_link_to_a_folder_is_replaced_and_its_folder_stays(tmp_path: Path) -> None:
    real = model(tmp_path / "real")
    (tmp_path / "linked").symlink_to(real)
    with new_folder(tmp_path / "linked", replace=True) as work:
        (work / "new").touch()
    assert names(tmp_path) == ["linked", "real"] and names(tmp_path / "linked") == ["new"]
    assert not (tmp_path / "linked").is_symlink() and (real / "file").read_text() == "before"


@pytest.mark.parametrize("replace", [False, True])
def test_of_two_that_write_one_name_the_second_is_refused_at_once(
    tmp_path: Path, replace: bool
) -> None:
    path = tmp_path / "spot"
    with new_folder(path, replace=replace) as work:
        (work / "file").write_text("first")
        with (
            pytest.raises(OutputError, match="is being written by another process"),
            new_folder(path, replace=replace),
        ):
            pass
        model(tmp_path / "another")
    assert (path / "file").read_text() == "first"
    assert names(tmp_path) == ["another", "spot"]


def test_one_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    """Written by something that holds no lock."""
    with pytest.raises(OutputError, match="exists"), new_folder(tmp_path / "spot"):
        (tmp_path / "spot").mkdir()
        (tmp_path / "spot" / "other").touch()
    assert names(tmp_path) == ["spot"] and names(tmp_path / "spot") == ["other"]


KILLED = """
import os, signal, sys
from pathlib import Path
from tui_draggan import folders

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

folders._exchanged = lambda *_: False
moment, path = sys.argv[1], Path(sys.argv[2])
if moment == "between":
    rename, renames = Path.rename, []
    def renamed(self, target):
        renames.append(self)
        return kill() if len(renames) == 2 else rename(self, target)
    Path.rename = renamed
with folders.new_folder(path, replace=True) as work:
    (work / "file").write_text("after")
    if moment == "writing":
        kill()
    if moment == "after":
        folders._remove = kill
"""


@pytest.mark.parametrize(
    ("moment", "left"), [("writing", "before"), ("between", "before"), ("after", "after")]
)
def test_a_kill_at_any_moment_loses_nothing_and_what_it_left_is_swept(
    tmp_path: Path, moment: str, left: str
) -> None:
    """Where folders cannot be exchanged there is a moment without either."""
    path = model(tmp_path / "spot")
    done = subprocess.run([sys.executable, "-c", KILLED, moment, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) > 1 and path.exists() == (moment != "between")
    sweep(tmp_path)
    assert [name for name in names(tmp_path) if not name.endswith(".lock")] == ["spot"]
    assert (path / "file").read_text() == left and names(path) == ["file"]
    model(tmp_path / "another")  # and nobody is kept out by the lock of a dead process
    with new_folder(path, replace=True):
        pass
    assert names(tmp_path) == ["another", "spot"]


def test_what_is_being_written_is_not_swept(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as work:
        (work / "file").touch()
        sweep(tmp_path)
        assert names(work) == ["file"]
    (tmp_path / f"{TEMPORARY}left").mkdir()
    (tmp_path / ".of another program").mkdir()
    sweep(tmp_path)
    assert names(tmp_path) == [".of another program"]


def test_a_file_with_several_names_counts_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "file").write_bytes(bytes(1000))
    os.link(tmp_path / "one" / "file", tmp_path / "two" / "same")
    (tmp_path / "two" / "other").write_bytes(bytes(10))
    assert size_on_disk(tmp_path / "one", tmp_path / "two") == 1010
    counted: set[tuple[int, int]] = set()
    sizes = [size_on_disk(tmp_path / name, counted=counted) for name in ("one", "two", "none")]
    assert sizes == [1000, 10, 0]
