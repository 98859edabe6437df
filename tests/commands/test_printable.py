"""Nothing that a file, a path or a variable says reaches the terminal as a control sequence."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny import tiny_generator
from tui_draggan import library, paths
from tui_draggan.api import Model
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator_file import save_generator
from tui_draggan.cli import COMMANDS, main
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Photo
from tui_draggan.edit.store import decode, encode
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.export.bundle_writer import export_bundle

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\u2066[/x][red]\x9b31m\r\n"
"""Sets a title, clears the screen, turns the line round, closes a tag that is not open."""
NAME = EVIL.replace("/", "")
"""As much of it as a file can be called."""
UNSAFE = re.compile("[^\n\x20-\x7e\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose every text is `EVIL`."""
    folder = tmp_path_factory.mktemp("bundles") / "hostile"
    export_bundle(tiny_generator(c_dim=2), folder, name="hostile", classes=("cat", "dog"))
    manifest = folder / "bundle.json"
    values = json.loads(manifest.read_text())
    values |= {name: EVIL + name for name in ("name", "description", "licence", "origin")}
    values["classes"] = [EVIL + name for name in values["classes"]]
    manifest.write_text(json.dumps(values))
    return folder


@pytest.fixture
def models(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It under a name that is no better, beside a damaged one, among the user's models."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = paths.user_models()
    shutil.copytree(hostile, folder / f"{NAME}model")
    (folder / f"{NAME}empty").mkdir()
    return folder


DRAG = ["drag", "--model", f"{NAME}model", "--point", "10,10:12,10", "--steps", "1"]
MIX = ["mix", "--seeds", "1,2", "--out", "a.png"]
APPLY = ["apply", "--direction", f"{EVIL}=1", "--out", "a.png"]
CASES = {
    "list": (["models"], 0),
    "one": (["models", f"{NAME}model"], 0),
    "damaged": (["models", f"{NAME}empty"], 2),
    "verify": (["models", "--verify"], 2),
    "remove": (["models", f"{NAME}model", "--remove", "--yes"], 0),
    "no model": (["models", f"{NAME}none"], 2),
    "drag": (DRAG, 3),
    "drag, no class": ([*DRAG, "--class", EVIL], 2),
    "drag, no folder": ([*DRAG, "--out", f"{EVIL}/a.png"], 1),
    "drag, no session": (["drag", "--session", f"{EVIL}.json"], 2),
    "drag, no point": (["drag", "--point", EVIL], 2),
    "import": (["import", f"{EVIL}.pkl"], 2),
    "train": (["train", "--data", EVIL, "--out", "run"], 2),
    "evaluate": (["evaluate", f"{NAME}model", "--data", EVIL, "--samples", "40"], 2),
    "doctor": (["doctor", "--model", f"{NAME}model"], 0),
    "doctor, damaged": (["doctor", "--model", f"{NAME}empty"], 1),
    "bench": (["bench", "--model", f"{NAME}none"], 2),
    "export": (["export", f"{EVIL}.pt", "folder"], 2),
    "score": (["score", "--model", f"{NAME}none"], 2),
    "directions": (["directions", "--model", f"{NAME}model"], 0),
    "directions, none": (["directions", "rename", EVIL, EVIL, "--model", f"{NAME}model"], 2),
    "attributes": (["attributes", "find", EVIL, "--model", f"{NAME}model"], 2),
    "attributes, no table": (["attributes", "find", "--scores", f"{EVIL}.csv"], 2),
    "parts": (["parts", "--model", f"{NAME}model", "--out", "a.png"], 2),
    "parts, no folder": (["parts", "train", "--labels", EVIL, "--names", "a,b"], 2),
    "apply": ([*APPLY, f"{EVIL}.json"], 2),
    "apply, no direction": ([*APPLY, "--model", f"{NAME}model"], 2),
    "gallery": (["gallery", "--colour", EVIL], 2),
    "tutorial": (["tutorial", "--colour", EVIL], 2),
    "completion": (["completion", EVIL], 2),
    "invert": (["invert", f"{EVIL}.jpg"], 2),
    "mix": (["mix", "--seeds", "1,2", "--rows", EVIL, "--out", "a.png"], 2),
    "invert, no model": (["invert", f"{EVIL}.png", "--model", f"{NAME}none"], 2),
    "mix, no folder": (["mix", "--seeds", "1,2", "--out", f"{EVIL}/a.png"], 1),
    "mix, no class": ([*MIX, "--model", f"{NAME}model", "--class", EVIL], 2),
    "batch": (["batch", f"{EVIL}.jsonl", "--out", "results"], 2),
    "config": (["config"], 2),
    "verify, no file": (["verify", f"{EVIL}.png"], 2),
    "an option": ([f"--{EVIL}"], 2),
    "a command": ([EVIL], 2),
}


PROGRESS = re.compile(r", \d+ s$")
"""What a busy machine needs more than a second for."""
SILENT = ("drag", "doctor", "gallery", "tutorial")
"""Commands that do not repeat what they were given: of those with a screen, without a terminal."""


def test_no_command_is_left_out() -> None:
    tried = {words[0] for words, _ in CASES.values()}
    assert {command.name for command in COMMANDS} <= tried


@pytest.mark.parametrize(("words", "status"), CASES.values(), ids=CASES)
def test_every_command(
    words: list[str],
    status: int,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUI_DRAGGAN_THEME" if words == ["config"] else "UNRELATED", EVIL)
    assert main(words) == status
    out, err = capsys.readouterr()
    assert "\\x1b]0;owned" in out + err or words[0] in SILENT, "it is spelt"
    assert UNSAFE.findall(out + err) == []
    if status == 2 and not {"verify", "--verify"} & {*words}:
        said = [line for line in err.splitlines() if not PROGRESS.search(line)]
        assert len(said) == 1 + (words[0] == "export"), "which says that it is old"


def test_a_hostile_file_name_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    file = tmp_path / f"{NAME}.pt"
    save_generator(tiny_generator(), (), file)
    assert main(["import", str(file), "--name", "tame"]) == 0
    out, err = capsys.readouterr()
    assert "\\x1b]0;owned" in out and UNSAFE.findall(out + err) == []


def test_what_the_editor_shows_of_a_model(models: Path) -> None:
    info = library.look_up(f"{NAME}model").opened().info
    shown = [info.name, *info.classes, info.description, info.licence, info.origin]
    assert all("\\x1b]0;owned" in text and text.isprintable() for text in shown)
    damaged = library.look_up(f"{NAME}empty")
    assert damaged.problem.isprintable()


@pytest.mark.parametrize("kind", [DragganError, *DragganError.__subclasses__()])
def test_an_error_is_one_printable_line(kind: type[DragganError]) -> None:
    if kind.__init__ is Exception.__init__:
        assert kind(EVIL).line.isprintable() and str(kind(EVIL)).isprintable()
        assert f"{UsageError(kind(EVIL))}" == str(kind(EVIL)), "quoted once"


def test_a_manifest_that_is_too_deep_is_damaged(hostile: Path, tmp_path: Path) -> None:
    copy = tmp_path / "deep"
    shutil.copytree(hostile, copy)
    (copy / "bundle.json").write_text("[" * 100_000)
    with pytest.raises(DragganError, match=r"bundle\.json cannot be read"):
        ModelBundle.open(copy)


def test_a_photo_s_name_in_a_session_is_printable(models: Path) -> None:
    bundle = library.look_up(f"{NAME}model").opened()
    model = Model(bundle, lambda: open_engine(bundle, "cpu", "ort"))
    latent = replace(model.latent(model.seed(0)), origin=Photo(NAME, "0" * 64))
    origin = decode(encode(Document(latent), bundle.info.name), bundle.info).latent.origin
    assert isinstance(origin, Photo) and origin.file.isprintable()
