"""`tui-draggan doctor`: what is found, what is missing and why, and the exit status."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.commands import doctor
from tui_draggan.commands.doctor import Finding
from tui_draggan.engines import choose, runtime
from tui_draggan.engines.picks import TURNS, Pick
from tui_draggan.errors import EngineError
from tui_draggan.testing.pane import Pane
from tui_draggan.tui.terminal import graphics

BUNDLED = Path(__file__).parents[2] / "artifacts/critters"


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_all_is_well_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for word in ("CPU", "ort-training", "torch", "critters", "journals"):
        assert word in told


def test_a_damaged_model_is_named_and_the_status_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(BUNDLED, damaged)
    weights = damaged / "drag/weights.bin"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    assert main(["doctor", "--model", str(damaged)]) == 1
    told = "".join(capsys.readouterr().out.split())  # a long path is folded
    assert "weights.binisdamaged" in told


def test_a_missing_training_api_comes_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_training_api", lambda _: False)
    found = by_name(doctor.engines())["ort-training"]
    assert found.state == "missing"
    assert "pip install onnxruntime-training" in found.advice


def test_a_missing_torch_comes_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    found = by_name(doctor.engines())["torch"]
    assert found.state == "missing"
    assert found.advice == "pip install 'tui-draggan[torch]'"


def auto() -> Finding:
    return by_name(doctor.models(str(BUNDLED)))["· auto"]


def test_the_picked_engine_is_told_with_the_figures_it_was_picked_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pick = Pick("ort", {"torch": 35.12, "ort": 18.61}, 0.02, TURNS, 1_700_000_000)
    monkeypatch.setattr(choose, "remembered", lambda _: pick)
    found = auto()
    assert found.state == "good" and not found.advice
    when = time.strftime("%d %b %Y, %H:%M", time.localtime(1_700_000_000))
    assert found.words == f"ort (ort 18.6 ms, torch 35.1 ms a step, measured {when})"

    monkeypatch.setattr(choose, "remembered", lambda _: replace(pick, spread=0.8))
    found = auto()
    assert found.state == "missing" and "doctor --measure" in found.advice
    assert found.words.endswith("; provisional: the machine was busy")


def test_where_nothing_was_picked_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "remembered", lambda _: None)
    monkeypatch.setattr(choose, "candidates", lambda _: {"ort": None, "torch": None})
    assert "not measured yet" in auto().words and "doctor --measure" in auto().advice
    monkeypatch.setattr(choose, "candidates", lambda _: {"ort": None})
    assert auto().words == "ort, without measuring"

    def none(_: object) -> None:
        raise EngineError("ort: not installed")

    monkeypatch.setattr(choose, "remembered", none)
    assert auto().words == "ort: not installed"


@pytest.mark.slow
def test_measure_measures_and_remembers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--measure"]) == 0
    assert "ms a step, measured" in " ".join(capsys.readouterr().out.split())
    bundle = ModelBundle.open(BUNDLED)
    kept = choose.remembered(bundle)
    assert kept is not None and kept.turns == TURNS
    assert kept.milliseconds.keys() == choose.candidates(bundle).keys()


def test_without_a_terminal_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics, "terminal_problem", lambda: "standard input is a pipe")
    (found,) = doctor.terminal()
    assert found.state == "missing" and "standard input is a pipe" in found.words


@pytest.mark.terminal
def test_in_a_terminal_it_knows_size_multiplexer_and_signs() -> None:
    pane = Pane((100, 50))
    try:
        pane.run("python", "-m", "tui_draggan", "doctor")
        screen = pane.wait_for("cache")
    finally:
        pane.close()
    for words in ("100×50", "multiplexer", "one cell each"):
        assert words in screen
