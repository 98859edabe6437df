"""Nothing is sent: commands run without a network, under a hook that tells of every attempt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from tui_draggan.testing.pane import ROOT, Pane, has_tmux

HOOK = """
import os, sys

def tell(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        if event != "socket.getaddrinfo" and isinstance(address, (str, bytes)):
            return  # a socket of this machine's file system
        with open(os.environ["TOLD"], "a") as told:
            told.write(f"{event} {address!r} by {sys.argv}\\n")

sys.addaudithook(tell)
"""
POINT = ("--seed", "6", "--point", "27,27:30,8")
COMMANDS = {
    "version": ("--version",),
    "doctor": ("doctor",),
    "models": ("models",),
    "config": ("config",),
    "completion": ("completion", "bash"),
    "directions": ("directions",),
    "drag": ("drag", *POINT, "--steps", "3", "--engine", "auto", "--out", "out.png"),
    "drag in torch": ("drag", *POINT, "--steps", "2", "--engine", "torch", "--out", "out.png"),
    "mix": ("mix", "--seeds", "6,7", "--out", "out.png"),
    "apply": ("apply", "--seed", "6", "--direction", "component 1=1", "--out", "out.png"),
    "import": ("import", str(ROOT / "artifacts/critters/generator.pt"), "--out", "mine"),
}
STATUS = {"drag": 3, "drag in torch": 3}
"""Of the commands that do not end with 0: three steps do not reach the target."""


@cache
def alone() -> tuple[str, ...]:
    """What starts a command in a network of its own, without a way out, where that can be had."""
    command = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") is None:
        return ()
    return command if subprocess.run([*command, "true"]).returncode == 0 else ()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file to which every Python process that is started now tells what it tries."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "hook"), str(ROOT)]))
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "told"


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_asks_nobody(name: str, told: Path) -> None:
    if name in ("drag in torch", "import"):
        pytest.importorskip("torch")
    command = [*alone(), sys.executable, "-m", "tui_draggan", *COMMANDS[name]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == STATUS.get(name, 0), done.stderr
    assert not told.exists(), told.read_text()


@pytest.mark.terminal
@pytest.mark.skipif(not has_tmux(), reason="no tmux here")
def test_the_editor_asks_nobody(told: Path) -> None:
    environment = {name: os.environ[name] for name in ("PYTHONPATH", "TOLD")}
    with closing(Pane((100, 30), **environment)) as pane:
        pane.run(*alone(), "python", "-m", "tui_draggan", "--seed", "6")
        pane.wait_for("critters")
        pane.keys("g")
        pane.wait_for("x,y moves")
        pane.keys("Escape", "C-c")
        pane.wait_until_sane()
    assert not told.exists(), told.read_text()


def test_the_hook_tells(told: Path) -> None:
    """So that the tests above can fail."""
    attempt = "import socket; socket.socket(type=socket.SOCK_DGRAM).bind(('127.0.0.1', 0))"
    subprocess.run([sys.executable, "-c", attempt], check=True)
    assert "socket.bind ('127.0.0.1', 0)" in told.read_text()
