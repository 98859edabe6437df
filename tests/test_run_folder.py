"""The names in a run's folder, and its lock."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui_draggan.errors import OutputError, UsageError
from tui_draggan.run_folder import RunFolder

HOLDER = """
import sys, time
from pathlib import Path
from tui_draggan.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    time.sleep(600)
"""


def test_files_are_listed_by_their_numbers_and_others_are_passed_over(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.list_snapshots() == [] and run.list_sample_grids() == []
    run.snapshots.mkdir()
    run.samples.mkdir()
    for step in (1250, 7, 1_000_000):
        run.snapshot(step).touch()
    for kimg in (120.4, 0.2, 5000):
        run.sample_grid(kimg).touch()
    for name in ("best.pt", "12.png", ".00000007.pt", "7.pt.old"):
        (run.snapshots / name).touch()
    assert [path.name for path in run.list_snapshots()] == [
        *("00000007.pt", "00001250.pt", "01000000.pt")
    ]
    assert [kimg for kimg, _ in run.list_sample_grids()] == [0, 120, 5000]


def test_a_lock_is_held_until_its_process_ends_however_it_ends(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "locked\n"
        with pytest.raises(UsageError, match="is being trained by another process"), run.locked():
            pass
        holder.send_signal(signal.SIGKILL)
    with run.locked():
        pass
    with run.locked():
        pass


def test_a_file_system_without_locks_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with RunFolder(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(OutputError, match=r"lock cannot be written"), RunFolder(tmp_path).locked():
        pass
