"""How `auto` picks: by turns, provisionally where it had to hurry, and not for good."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tui_draggan.bundle import ModelBundle, ReferenceStep
from tui_draggan.engines import choose, reference_check, remeasuring
from tui_draggan.engines.auto import WATCHED, AutoEngine
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.picks import TURNS, Memory, Pick
from tui_draggan.engines.remeasuring import Remeasuring
from tui_draggan.testing.waiting import wait_until

MEMORY = Memory("this model here")


class Scripted(OrtEngine):
    """`ort` under another name; how long its steps take is said for each of its runs."""

    script: ClassVar[list[float]]
    """Milliseconds of a step in the first run, the second, …; the last number holds on."""
    runs: ClassVar[int]

    def begin(self, problem: Problem) -> None:
        type(self).runs += 1
        super().begin(problem)

    def step(self, request: StepRequest) -> StepResult:
        at = min(self.runs, len(self.script)) - 1
        return replace(super().step(request), milliseconds=self.script[at])


class Machine:
    """Engines by their scripts, on one bundle."""

    def __init__(self, bundle: ModelBundle) -> None:
        assert bundle.info.drag.reference is not None
        self.reference: ReferenceStep = bundle.info.drag.reference
        self.engines: dict[str, type[Scripted]] = {}
        self._bundle = bundle

    def has(self, **scripts: list[float]) -> None:
        for name, script in scripts.items():
            made = {"name": name, "script": script, "runs": 0}
            self.engines[name] = type(name, (Scripted,), made)

    def auto(self, again: Remeasuring | None = None) -> AutoEngine:
        candidates: dict[str, Callable[[], LocalEngine]] = {
            name: partial(engine, self._bundle, "cpu") for name, engine in self.engines.items()
        }
        return AutoEngine(candidates, self.reference, MEMORY, again)

    def request(self, engine: LocalEngine) -> StepRequest:
        reference = self.reference
        points = np.array(reference.points, np.float32)
        return StepRequest(
            handles=np.array(reference.handles, np.float32),
            targets=np.array(reference.targets, np.float32),
            templates=engine.features(mean(engine), points),
            r1=reference.r1,
            r2=reference.r2,
            mask_weight=20.0,
            learning_rate=0.0,
        )


def mean(engine: LocalEngine) -> np.ndarray:
    return np.tile(engine.w_avg, (engine.info.num_ws, 1))


def first_point(engine: LocalEngine) -> None:
    engine.features(mean(engine), np.zeros((1, 2), np.float32))


def recalled() -> Pick:
    pick = MEMORY.recall()
    assert pick is not None
    return pick


@pytest.fixture
def machine(tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> Machine:
    MEMORY.forget()
    monkeypatch.setattr(reference_check, "SECONDS", float("inf"))  # however slow this machine is
    return Machine(tiny_bundle)


def test_turns_are_interleaved_and_a_busy_one_makes_the_pick_provisional(machine: Machine) -> None:
    machine.has(quick=[900, 100, 100], slow=[300])
    quick, slow = machine.engines.values()
    engine = machine.auto()
    turns = []
    while engine.warm_up():
        turns.append((quick.runs, slow.runs))
    assert turns == [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (3, 3)]
    pick = recalled()
    assert engine.name == pick.engine == "quick"
    assert pick.milliseconds == {"quick": 100, "slow": 300}
    assert pick.doubt == "the machine was busy"


def test_a_point_waits_for_one_turn_of_each_and_the_pick_is_provisional(machine: Machine) -> None:
    machine.has(quick=[900, 100], slow=[300])
    engine = machine.auto()
    first_point(engine)
    assert engine.name == recalled().engine == "slow"
    assert [engine.runs for engine in machine.engines.values()] == [1, 1]
    assert recalled().doubt == "it was measured in a hurry"


@pytest.fixture
def child(tmp_path: Path) -> list[str]:
    """A command that says that it runs, and runs on."""
    code = (
        f"import pathlib, time; pathlib.Path({str(tmp_path / 'runs')!r}).touch(); time.sleep(600)"
    )
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("question", ["map", "render", "step"])
def test_a_provisional_pick_is_measured_at_rest_and_every_question_ends_that(
    machine: Machine,
    child: list[str],
    question: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remeasuring, "REST", 0.0)
    machine.has(quick=[100], slow=[300])
    MEMORY.keep(Pick.of({"quick": [100.0], "slow": [90.0]}, turns=1))
    again = Remeasuring(child)
    engine = machine.auto(again)
    assert engine.name == "slow"
    request = machine.request(engine)
    engine.begin(Problem(mean(engine)))
    assert not again.is_running, "nothing is measured while something is asked"
    wait_until(lambda: engine.warm_up() and (tmp_path / "runs").exists(), "the measurement")
    assert again.is_running
    if question == "map":
        engine.map(np.ones(engine.info.z_dim, np.float32))
    elif question == "render":
        engine.render(mean(engine))
    else:
        engine.step(request)
    assert not again.is_running
    assert engine.name == "slow", "another engine in the middle of an edit would have to open"


def test_a_pick_without_doubt_is_not_measured_again(machine: Machine, child: list[str]) -> None:
    machine.has(quick=[100], slow=[300])
    MEMORY.keep(Pick.of({"quick": [100.0] * 9, "slow": [300.0] * 9}, TURNS))
    again = Remeasuring(child)
    engine = machine.auto(again)
    while engine.warm_up():
        pass
    assert engine.name == "quick" and not again.is_running
    assert [engine.runs for engine in machine.engines.values()] == [0, 0]


@pytest.mark.parametrize(
    ("milliseconds", "steps", "masked", "forgotten"),
    [
        (210, WATCHED, False, True),
        (210, WATCHED - 1, False, False),
        (190, WATCHED, False, False),
        (51, WATCHED, False, False),
        (49, WATCHED, False, True),
        (210, WATCHED, True, False),
    ],
    ids=["slow", "too few", "not so slow", "not so fast", "fast", "with a mask"],
)
def test_a_pick_twice_as_slow_or_fast_as_measured_is_forgotten(
    machine: Machine,
    milliseconds: float,
    steps: int,
    masked: bool,
    forgotten: bool,
) -> None:
    """Steps with a mask are more work than the measured one."""
    machine.has(quick=[milliseconds], slow=[300])
    MEMORY.keep(Pick.of({"quick": [100.0] * 9, "slow": [300.0] * 9}, TURNS))
    engine = machine.auto()
    request = machine.request(engine)
    editable = np.zeros(engine.info.size, bool)
    editable[:8] = True
    engine.begin(Problem(mean(engine), editable=editable if masked else None))
    for _ in range(steps):
        engine.step(request)
    assert engine.name == "quick"
    assert (MEMORY.recall() is None) == forgotten


def test_what_another_process_measured_meanwhile_is_not_forgotten(machine: Machine) -> None:
    machine.has(quick=[900], slow=[300])
    MEMORY.keep(Pick.of({"quick": [100.0] * 9, "slow": [300.0] * 9}, TURNS))
    engine = machine.auto()
    request = machine.request(engine)
    newer = Pick.of({"quick": [900.0] * 9, "slow": [300.0] * 9}, TURNS)
    MEMORY.keep(newer)
    engine.begin(Problem(mean(engine)))
    for _ in range(2 * WATCHED):
        engine.step(request)
    assert recalled() == newer


@pytest.mark.slow
def test_the_real_engines_are_measured_again_at_the_next_opening(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if len(choose.candidates(tiny_bundle, "cpu")) < 2:
        pytest.skip("one engine alone is not measured")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(remeasuring, "REST", 0.0)
    first_point(choose.open_engine(tiny_bundle, "cpu"))
    hurried = choose.remembered(tiny_bundle, "cpu")
    assert hurried is not None and hurried.turns == 1 and hurried.doubt
    engine = choose.open_engine(tiny_bundle, "cpu")
    assert engine.name == hurried.engine
    engine.render(mean(engine))
    wait_until(lambda: not engine.warm_up(), "the end of the measurement")
    full = choose.remembered(tiny_bundle, "cpu")
    assert full is not None and full.turns == TURNS and full.measured_at > hurried.measured_at
    assert full.milliseconds.keys() == hurried.milliseconds.keys()
