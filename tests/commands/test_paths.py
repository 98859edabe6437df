"""Every option that takes a path, on every path that is none: one line that names it, no traceback.

The options are those of the commands' own parsers, so that new ones are tried too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands.forked import Forker, can_give_up_privileges, forker
from tests.tiny import tiny_generator
from tui_draggan.checkpoints.generator_file import save_generator
from tui_draggan.cli import COMMANDS, EDITOR, Command
from tui_draggan.paths import typed_path

pytestmark = pytest.mark.slow

STATES = ("closed", "full", "missing", "folder", "fifo", "read-only")
REQUIRED = {
    "drag": ["--point", "5,5:9,9", "--steps", "1"],
    "train": [
        *("--data", "PICTURES", "--out", "run", "--resolution", "64", "--channel-base", "512"),
        *("--channel-max", "8", "--batch", "4", "--kimg", "0.004", "--workers", "0"),
    ],
    "evaluate": ["critters", "--data", "PICTURES", "--samples", "8"],
    "import": ["checkpoint.pt"],
    "export": ["checkpoint.pt", "model"],
    "bench": ["--seconds", "1"],
    "score": ["--n", "1", "--points", "1", "--ways", "shipped:space=whitened-w+"],
    "apply": ["--direction", "component 1=-1..1", "--out", "moved.png", "--force"],
    "mix": ["--seeds", "6,12", "--out", "mixed.png", "--force"],
    "batch": ["jobs.jsonl", "--out", "results", "--jobs", "1"],
    "parts": ["--out", "parts.png", "--force"],
    "invert": ["PICTURES/0.png", "--steps", "2", "--class", "cat", "--anyway"],
}
"""What a command needs besides the option that is tried."""
WITH = {
    "--into": ["--out", "moved.png", "--force"],
    "--from": ["--out", "moved.png", "--force"],
    "--labels": ["train", "--names", "ears,rest"],
    "--scores": ["find"],
    "--classifier": ["find", "smile=0"],
    "--discriminator": ["find"],
    "--matrix": ["find", "yaw", "smile", "--renderer", "--samples", "40"],
}
"""What an option needs."""
TELL = {"doctor", "verify"}
"""Commands whose findings, of whatever kind, are what they print."""
ON_A_TERMINAL = {"gallery", "tutorial"}
"""Commands that say first that there is none."""


@dataclass(frozen=True)
class PathOption:
    """An option, or a place, for a path."""

    command: str
    name: str
    """Flag, or `dest` of a place."""
    place: int | None
    """Number of the place among the command's, None for an option with a flag."""
    metavar: str

    def words(self, path: Path) -> list[str]:
        """The command with that path."""
        words = [self.command, *REQUIRED.get(self.command, [])]
        needed = WITH.get(self.name, [])
        if needed and needed[0] not in words:
            words += needed
        if self.place is None:
            return [*without(words, self.name), self.name, str(path)]
        places = [i for i in range(1, len(words)) if is_place(words, i)]
        if self.place < len(places):
            words[places[self.place]] = str(path)
            return words
        return [*words, str(path)]


def is_place(words: list[str], index: int) -> bool:
    return not words[index].startswith("-") and not words[index - 1].startswith("-")


def without(words: list[str], flag: str) -> list[str]:
    if flag not in words:
        return words
    at = words.index(flag)
    return words[:at] + words[at + 2 :]


def actions_of(command: Command) -> list[argparse.Action]:
    parser = argparse.ArgumentParser()
    import_module(f"tui_draggan.commands.{command.module}").add_arguments(parser)
    return [action for action in parser._actions if action.dest != "help"]


def path_options() -> Iterator[PathOption]:
    for command in COMMANDS:
        places = 0
        for action in actions_of(command):
            metavar = str(action.metavar)
            if action.type is typed_path or "FOLDER" in metavar:
                flag = action.option_strings[0] if action.option_strings else None
                place = places if flag is None else None
                yield PathOption(command.name, flag or action.dest, place, metavar)
            places += not action.option_strings


OPTIONS = tuple(path_options())


def test_the_editors_paths_are_the_drags() -> None:
    flags = {option.name for option in OPTIONS if option.command == "drag"}
    for action in actions_of(EDITOR):
        if action.type is typed_path or "FOLDER" in str(action.metavar):
            assert action.option_strings[0] in flags


def test_no_option_takes_a_path_in_another_way() -> None:
    """`~nobody`, for one, is an error of one line in `typed_path` alone."""
    for command in (EDITOR, *COMMANDS):
        assert all(action.type is not Path for action in actions_of(command))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("paths")
    random = np.random.default_rng(0)
    (folder / "PICTURES").mkdir()
    for number in range(16):
        picture = Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8))
        picture.save(folder / "PICTURES" / f"{number}.png")
    save_generator(tiny_generator(), (), folder / "checkpoint.pt")
    (folder / "jobs.jsonl").write_text('{"point": "5,5:9,9", "steps": 1}')
    (folder / "closed").mkdir()
    (folder / "closed").chmod(0)
    (folder / "full").mkdir()
    yield folder
    (folder / "closed").chmod(0o700)


@pytest.fixture(scope="module")
def commands(folder: Path) -> Iterator[Forker]:
    with forker(folder) as running:
        yield running


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[None]:
    """A file system of its own, in a folder."""
    size = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(size, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture(scope="module")
def full(folder: Path) -> Iterator[None]:
    """A file system without a byte left."""
    with small_disk(folder / "full", 64):
        with pytest.raises(OSError), (folder / "full" / "all").open("wb") as stream:
            while True:
                stream.write(bytes(1024))
        yield


SUFFIXES = {"PNG": ".png", "JSONL": ".jsonl", "--animation": ".gif"}


@pytest.fixture
def path(option: PathOption, state: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    suffix = SUFFIXES.get(option.name) or SUFFIXES.get(option.metavar, "")
    name = f"{option.command}-{option.name.lstrip('-')}{suffix}"
    if state == "full":
        request.getfixturevalue("full")
    if state in ("closed", "full", "missing"):
        return folder / state / name
    path = folder / f"{state}-{name}"
    if state == "folder":
        path.mkdir()
    elif state == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"x")
        path.chmod(0o444)
    return path


FINE = {
    ("train", "--out", "folder"),
    ("train", "--out", "missing"),
    ("train", "--watch", "folder"),
    ("import", "--out", "missing"),
    ("export", "out", "missing"),
    ("invert", "--out", "missing"),
    ("invert", "--out", "folder"),
    ("batch", "--out", "missing"),
    ("batch", "--out", "folder"),
    ("batch", "jobs", "read-only"),
}
"""What is no wrong path: folders are made, a run's folder may be there, empty, and what is wrong in
a file of jobs is said line by line."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.command} {option.name}")
def test_a_path_that_is_none_is_one_line(
    option: PathOption, state: str, path: Path, commands: Forker
) -> None:
    if (option.command, option.name, state) in FINE:
        pytest.skip("this is fine")
    if state == "closed" and os.geteuid() == 0 and not can_give_up_privileges():
        pytest.skip("root reads and writes what is closed")
    ended = commands.run(option.words(path))
    assert ended.status in (1, 2), ended
    assert "Traceback" not in ended.err + ended.out, ended.err
    if option.command in TELL:
        assert str(path) in ended.out
        return
    *before, line = ended.err.splitlines()
    named = "is not a terminal" if option.command in ON_A_TERMINAL else str(path)
    assert line.startswith("tui-draggan: ") and named in line
    assert not any(
        other.startswith("tui-draggan: ") for other in before if "deprecated" not in other
    )


def test_home_folders_of_nobody_are_one_line(commands: Forker) -> None:
    for option in OPTIONS:
        if option.command in ON_A_TERMINAL:
            continue
        ended = commands.run(option.words(Path("~nosuchuser/it.png")))
        assert ended.status in (1, 2), (option, ended)
        assert "~nosuchuser has no home folder" in ended.err + ended.out, (option, ended)
        assert "Traceback" not in ended.err + ended.out


def test_what_a_failed_output_leaves_and_what_it_does_not_stop(
    folder: Path, full: None, commands: Forker
) -> None:
    good, log = folder / "good", folder / "full" / "steps.jsonl"
    good.mkdir()
    words = ["drag", "--point", "5,5:9,9", "--steps", "2", "--log", str(log)]
    words += ["--out", str(good / "a.png"), "--save", str(good / "a.json")]
    ended = commands.run([*words, "--animation", str(folder / "full" / "a.gif")])
    assert ended.status == 1
    assert sorted(path.name for path in good.iterdir()) == ["a.json", "a.png"]
    assert [path.name for path in log.parent.glob("*.gif")] == []
    said = [line for line in ended.err.splitlines() if line.startswith("tui-draggan: output: ")]
    assert [line.rpartition(": ")[2] for line in said] == ["No space left on device"] * 2
    written = next(line for line in ended.err.splitlines() if line.startswith("written: "))
    assert written == f"written: {good / 'a.png'}, {good / 'a.json'}"


def test_a_disk_that_fills_up_while_training_is_one_line(folder: Path, commands: Forker) -> None:
    """Torch's own error says nothing of the disk; what is written last is whole or not there."""
    disk = folder / "small"
    disk.mkdir()
    with small_disk(disk, 400):
        out = ["--out", str(disk / "run")]
        ended = commands.run(["train", *without(REQUIRED["train"], "--out"), *out])
        assert ended.status == 1, ended
        assert ended.err.splitlines()[-1] == (
            f"tui-draggan: output: {disk}/run/snapshots/00000001.pt cannot be written: "
            "No space left on device"
        )
        assert "Traceback" not in ended.err
        assert list((disk / "run" / "snapshots").iterdir()) == []
