"""Every command that takes weights, on files that are none or mean harm: one line, at once.

Nothing that a file names is run, and torch, which would advise to read it without protection, is
not asked.
"""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import tiny_generator
from tui_draggan.cli import main

pytestmark = pytest.mark.slow

ADVICE = ("weights_only", "torch.load", "safe_globals", "Unpickl", "trust", "Traceback")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pwned",)


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def own(**more: Any) -> dict[str, Any]:
    generator = tiny_generator()
    return {"config": generator.config.to_dict(), "state": generator.state_dict(), **more}


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a call": (lambda: saved(Evil()), "names posix.system"),
    "a call, old": (lambda: saved(Evil(), zipped=False), "names posix.system"),
    "a call, pickled": (lambda: pickle.dumps(Evil()), "names posix.system"),
    "a call beside weights": (lambda: saved(own(note=Evil())), "names posix.system"),
    "a call instead of a tensor": (
        lambda: saved(own(state={"synthesis.b4.const": Evil()})),
        "names posix.system",
    ),
    "a module": (lambda: saved(torch.nn.Linear(2, 2)), "names torch.nn.modules.linear.Linear"),
    "half a file": (lambda: saved(own())[:5000], "damaged zip archive"),
    "a page": (lambda: b"<!doctype html><html>", "is a web page"),
    "text": (lambda: b"no weights", "unknown format"),
}
COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    "import": lambda file, folder: ["import", str(file), "--name", "zoo"],
    "export": lambda file, folder: ["export", str(file), str(folder / "zoo")],
    "train": lambda file, folder: [
        *("train", "--data", str(folder / "pictures"), "--out", str(folder / "run")),
        *("--resolution", "64", "--from", str(file)),
    ],
    "evaluate": lambda file, folder: ["evaluate", str(file), "--data", "critters"],
    "evaluate --features": lambda file, folder: [
        *("evaluate", "critters", "--data", str(folder / "pictures"), "--features", str(file)),
    ],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_generator_s(
    name: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    picture = np.zeros((64, 64, 3), np.uint8)
    for number in range(3):
        Image.fromarray(picture + number).save(tmp_path / "pictures" / f"{number}.png")
    file = tmp_path / "weights.pt"
    write, words = FILES[name]
    file.write_bytes(write())

    assert main(COMMANDS[command](file, tmp_path)) == 2

    said, error = capsys.readouterr()
    *remarks, line = error.splitlines()
    assert str(file) in line and words in line
    # On a busy machine a part of the work takes over a second, and says so.
    telling = [remark for remark in remarks if not re.fullmatch(r"[a-z ]+, \d+ s", remark)]
    assert all("deprecated" in remark for remark in telling), remarks
    assert not any(word in said + error for word in ADVICE)
    assert not (tmp_path / "pwned").exists()
    assert not (tmp_path / "XDG_CACHE_HOME/tui-draggan/pictures").exists(), "read before long work"
    assert not list(tmp_path.glob("XDG_DATA_HOME/tui-draggan/models/*"))
    assert not (tmp_path / "run").exists() and not (tmp_path / "zoo").exists()
