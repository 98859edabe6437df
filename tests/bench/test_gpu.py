"""The script for a day with a GPU, in full on the CPU: it must not break unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tui_draggan.testing.pane import ROOT

pytestmark = pytest.mark.slow

BARE = """
import runpy, sys
from importlib.machinery import PathFinder

for name in "textual", "textual_image", "tensorboardX", "pytest", "hypothesis":
    sys.modules[name] = None

class Bare:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "platformdirs":
            spec = PathFinder.find_spec(name, [p for p in sys.path if p.endswith("stand-ins")])
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return spec

sys.meta_path.insert(0, Bare)
sys.path.insert(0, "")
runpy.run_module("benchmarks.gpu", run_name="__main__")
"""
"""The script where nothing is installed but what it says it needs."""


def run(tmp_path: Path, *words: str) -> tuple[int, str, dict[str, dict[str, object]]]:
    """Exit status, table, and the lines of the JSON by name."""
    out = tmp_path / "gpu.json"
    small = ["--device", "cpu", "--small", "--json", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", BARE, *small, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert out.exists(), done.stderr
    lines = json.loads(out.read_text())["lines"]
    return done.returncode, done.stdout, {line["name"]: line for line in lines}


def test_every_line_passes_on_the_cpu(tmp_path: Path) -> None:
    status, table, lines = run(tmp_path)
    failed = {name: line["words"] for name, line in lines.items() if line["verdict"] == "FAIL"}
    assert not failed and status == 0
    assert len(lines) == len(table.splitlines()) - 2 == 18
    assert "edit kept" in str(lines["card is gone"]["words"])
    assert "with memory again" in str(lines["out of memory"]["words"])


def test_a_line_that_fails_stops_nothing() -> None:
    from benchmarks import gpu
    from benchmarks.gpu_lines.setting import Setting, Told

    def dies(setting: Setting) -> Told:
        print("the last words")
        raise MemoryError

    def hangs(setting: Setting) -> Told:
        while True:
            pass

    lines: dict[str, gpu.Line] = {
        "dies": gpu.Line(dies, 60),
        "hangs": gpu.Line(hangs, 1.2),
        "fails": gpu.Line(lambda setting: Told("too slow", passed=False), 60),
        "passes": gpu.Line(lambda setting: Told("a | b"), 60),
        "not here": gpu.Line(lambda setting: Told("no such card", passed=None), 60),
    }
    rows = [
        gpu._in_a_fork(name, partial(line.run, None), line.seconds) for name, line in lines.items()
    ]
    assert [row.verdict for row in rows] == ["FAIL", "FAIL", "FAIL", "pass", "-"]
    assert rows[0].words == "status 1: MemoryError" and "the last words" in str(rows[0].values)
    assert rows[1].words == "no answer in 1 s"
    assert rows[3].markdown == "| passes | pass | a / b | 0 |"
