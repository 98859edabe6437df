"""What Tab completes, asked of the shells themselves."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import COMMANDS
from tui_draggan.commands.completion import SHELLS
from tui_draggan.library import DEFAULT_MODEL
from tui_draggan.paths import bundled_models
from tui_draggan.testing.pane import Pane, has_tmux

CLASSES = set(ModelBundle.open(bundled_models() / DEFAULT_MODEL).info.classes)

ASK = {
    "bash": "source {script}; COMP_WORDS=({words}); COMP_CWORD={last}; _shtab_tui_draggan; "
    'printf "%s\\n" "${{COMPREPLY[@]}}"',
    "fish": "source {script}; complete -C {line}",
}
"""How a shell without a terminal is asked what it would offer."""


def offers(shell: str, script: Path, *words: str) -> set[str]:
    """What the shell offers for the last of the words."""
    ask = ASK[shell].format(
        script=shlex.quote(str(script)),
        words=shlex.join(words),
        last=len(words) - 1,
        line=shlex.quote(" ".join(words)),
    )
    plain = ["--norc"] if shell == "bash" else ["--no-config"]
    run = subprocess.run(
        [shell, *plain, "-c", ask], capture_output=True, text=True, check=True, timeout=60
    )
    return {line.partition("\t")[0] for line in run.stdout.splitlines()}


@pytest.fixture(scope="module", params=SHELLS)
def script(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of a shell that this machine has, named after the shell."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    command = [sys.executable, "-m", "tui_draggan", "completion", shell]
    file = tmp_path_factory.mktemp("completion") / shell
    file.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return file


def test_the_shell_can_read_it(script: Path) -> None:
    subprocess.run([script.name, "-n", str(script)], check=True, timeout=60)


def test_what_is_offered(script: Path) -> None:
    shell = script.name
    if shell not in ASK:
        pytest.skip(f"{shell} completes in a terminal only")
    listed = {command.name for command in COMMANDS if command.help}
    assert listed <= offers(shell, script, "tui-draggan", "")
    assert DEFAULT_MODEL in offers(shell, script, "tui-draggan", "--model", "cr")
    assert not CLASSES - offers(shell, script, "tui-draggan", "drag", "--class", "")
    assert "--tolerance" in offers(shell, script, "tui-draggan", "drag", "--tol")
    assert {"ort", "torch"} <= offers(shell, script, "tui-draggan", "gallery", "--engine", "")


def test_files_are_offered_by_their_kind(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = script.name
    if shell not in ASK:
        pytest.skip(f"{shell} completes in a terminal only")
    (tmp_path / "edit.json").touch()
    (tmp_path / "edit.png").touch()
    monkeypatch.chdir(tmp_path)
    found = offers(shell, script, "tui-draggan", "drag", "--session", "edi")
    assert "edit.json" in found and "edit.png" not in found


@pytest.mark.terminal
@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
@pytest.mark.skipif(not has_tmux(), reason="no tmux here")
def test_zsh_completes_as_it_is_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_draggan", "completion", "zsh"]
    made = subprocess.run(command, capture_output=True, check=True)
    (tmp_path / "_tui-draggan").write_bytes(made.stdout)
    with closing(Pane((100, 20))) as pane:
        pane.run("zsh", "-f", "-i")
        pane.run("PS1=zsh:")
        pane.wait_for("\nzsh:")
        pane.type(f"fpath=({shlex.quote(str(tmp_path))} $fpath); ")
        pane.type("autoload -U compinit; compinit -u -D; PS1=ready:")
        pane.keys("Enter")
        pane.wait_for("\nready:")
        for typed, completed in (
            ("tui-draggan dra", "drag"),
            (" --model cr", "critters"),
            (" --class f", "fox"),
            (" --tol", "--tolerance"),
        ):
            pane.type(typed)
            pane.keys("Tab")
            pane.wait_for(f" {completed}")
