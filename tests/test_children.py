"""Child processes run this program, whatever lies in the folder they are started in."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tui_draggan
from tui_draggan import children, paths
from tui_draggan.bench.contenders import SGEMM

pytestmark = pytest.mark.slow

PACKAGE = Path(tui_draggan.__file__).parent
BUNDLE = paths.bundled_models() / "critters"
OURS = ("onnxruntime", "numpy", "PIL", "platformdirs", "torch", "onnx", "sitecustomize")
HOSTILE = 'import os; open(os.environ["RAN"], "a").write(__name__ + "\\n")'

ENGINE = """
import numpy as np
from tui_draggan.engines.process import EngineProcess
engine = EngineProcess(bundle, "cpu", "ort")
print(engine.map(np.zeros(engine.info.z_dim, np.float32), 0).shape)
engine.close()
"""
BENCH = """
from tui_draggan.bench.turns import measure
(measured,) = measure(bundle, 1, seconds=0.1, engines=["ort"], reference=False)
print(measured.contender, bool(measured.stages))
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module for each that Python or this program might look for."""
    folder = tmp_path / "hostile"
    (folder / "tui_draggan").mkdir(parents=True)
    (folder / "tui_draggan" / "__init__.py").write_text(HOSTILE)
    for name in {*sys.stdlib_module_names, *OURS}:
        (folder / f"{name}.py").write_text(HOSTILE)
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    return folder


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    ran = Path(os.environ["RAN"])
    assert not ran.exists(), ran.read_text()
    return done.stdout


@pytest.mark.parametrize(("does", "says"), [(ENGINE, "(256,)"), (BENCH, "ort True")])
def test_nothing_of_the_folder_one_stands_in_runs(hostile: Path, does: str, says: str) -> None:
    """As the installed command is started: its path does not have that folder."""
    program = f"""
import sys
sys.path[:0] = [{str(PACKAGE.parent)!r}]
from pathlib import Path
from tui_draggan.bundle import ModelBundle
bundle = ModelBundle.open(Path({str(BUNDLE)!r}))
{does}"""
    assert run([sys.executable, "-I", "-c", program], hostile).strip() == says


def test_a_folder_python_put_first_is_left_out(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `python -m` and `python -c` do it."""
    monkeypatch.chdir(hostile)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "path", ["", str(hostile), *sys.path])
        command = children.command("tui_draggan.bench.contenders", SGEMM, str(BUNDLE), "1")
    assert json.loads(run(command, hostile)) == {"ready": SGEMM}


def test_a_child_finds_what_its_parent_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of PYTHONPATH too, in the same order, relative ones where they are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["/first", "here", *sys.path, "/last"])
    (tmp_path / "shown.py").write_text("def main(): import sys; print(sys.path)")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "shown.py").write_text((tmp_path / "shown.py").read_text())
    done = subprocess.run(children.command("shown"), capture_output=True, text=True, check=True)
    path = [folder for folder in ast.literal_eval(done.stdout) if folder != str(PACKAGE.parent)]
    assert path[:2] == ["/first", str(tmp_path / "here")]
    assert "/last" in path and str(tmp_path) not in path


def test_every_child_is_started_so() -> None:
    """Nothing but `children` names the interpreter, and what starts programs for tests."""
    users = [
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "executable"
    ]
    for_tests = {f"testing/{name}.py" for name in ("cluster", "fake_terminal", "pane")}
    assert set(users) <= {"children.py"} | for_tests
