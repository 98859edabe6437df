"""The engine that was named, or the fastest that gives the model's exported numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import parse
from tui_draggan.engines import choose
from tui_draggan.engines.auto import AutoEngine
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.engines.choose import CHOICES
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.picks import TURNS, Memory, Pick
from tui_draggan.engines.reference_check import step_times
from tui_draggan.errors import EngineError, UsageError


class Named(OrtEngine):
    """`ort` under another name: `slow`, or giving `wrong` numbers, or not there at all."""

    opened: list[str] = []  # noqa: RUF012 - emptied for every test

    def __init__(self, bundle: ModelBundle, device: str) -> None:
        if self.name.startswith("absent"):
            raise EngineError("not installed; pip install absent")
        super().__init__(bundle, device)
        self.opened.append(self.name)

    def step(self, request: StepRequest) -> StepResult:
        result = super().step(request)
        if self.name == "slow":
            return replace(result, milliseconds=result.milliseconds + 1000)
        if self.name == "wrong":
            return replace(result, gradient_norm=result.gradient_norm * 1.1)
        return result


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, type[Named]]:
    """The engines there are, to be filled; nothing is known of them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Named.opened.clear()
    found: dict[str, type[Named]] = {}
    monkeypatch.setattr(choose, "ENGINES", found)
    monkeypatch.setattr(choose, "NAMED", found)
    return found


def fill(engines: dict[str, type[Named]], *names: str) -> None:
    for name in names:
        engines[name] = type(name, (Named,), {"name": name})


def first_point(engine: LocalEngine) -> None:
    engine.features(np.tile(engine.w_avg, (engine.info.num_ws, 1)), np.zeros((1, 2), np.float32))


@pytest.mark.slow
def test_every_engine_here_gives_the_exported_numbers(
    tiny_bundle: ModelBundle, critters: ModelBundle, engine_name: str
) -> None:
    for bundle in tiny_bundle, critters:
        assert bundle.info.drag.reference is not None
        engine = choose.open_engine(bundle, "cpu", engine_name)
        times = step_times(engine, bundle.info.drag.reference)
        assert 0 < min(times) <= max(times) < 5000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": 1.0}, "loss of .* instead of 1$"),
        ({"gradient_norm": 1e-3}, "gradient of"),
        ({"loss": float("nan")}, "loss of"),
        ({"points": [[12, 16], [22, 12]]}, "tracks 3 px beside"),
    ],
)
def test_another_number_is_refused(
    tiny_bundle: ModelBundle,
    change: dict[str, Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = tiny_bundle.info.drag.reference
    assert reference is not None
    engine = choose.open_engine(tiny_bundle, "cpu", "ort")
    if "points" in change:  # the templates come from there, so the features do too
        at = np.array(reference.points, np.float32)
        features = engine.features
        monkeypatch.setattr(engine, "features", lambda ws, _: features(ws, at))
    with pytest.raises(EngineError, match=words):
        step_times(engine, replace(reference, **change))


def test_the_fastest_that_is_right_is_found_before_the_first_point_and_remembered(
    tiny_bundle: ModelBundle, engines: dict[str, type[Named]]
) -> None:
    fill(engines, "slow", "absent", "wrong", "quick")
    engine = choose.open_engine(tiny_bundle, "cpu")
    z = np.ones(engine.info.z_dim, np.float32)
    picture = engine.render(np.tile(engine.map(z), (engine.info.num_ws, 1)))
    assert engine.name == "auto" and not paths.chosen_engines().exists()
    first_point(engine)
    assert engine.name == "quick"
    np.testing.assert_array_equal(
        engine.render(np.tile(engine.map(z), (engine.info.num_ws, 1))), picture
    )

    engines["slow"].opened.clear()
    again = choose.open_engine(tiny_bundle, "cpu")
    assert again.name == "quick" and "slow" not in Named.opened[-1:]
    assert json.loads(paths.chosen_engines().read_text()).popitem()[1]["engine"] == "quick"


def test_idle_time_is_used_in_small_parts(
    tiny_bundle: ModelBundle, engines: dict[str, type[Named]]
) -> None:
    fill(engines, "slow", "quick")
    engine = choose.open_engine(tiny_bundle, "cpu")
    parts = 0
    while engine.warm_up():
        parts += 1
    assert parts == 2 * TURNS + 1 and engine.name == "quick"  # two in turns, one opened


def test_what_is_remembered_holds_for_this_model_device_and_engines_only(
    tiny_bundle: ModelBundle, critters: ModelBundle, engines: dict[str, type[Named]]
) -> None:
    fill(engines, "slow", "quick")
    first_point(choose.open_engine(tiny_bundle, "cpu"))
    assert choose.open_engine(tiny_bundle, "cpu").name == "quick"
    assert choose.open_engine(critters, "cpu").name == "auto"
    assert choose.open_engine(tiny_bundle, "auto").name == "auto"
    fill(engines, "other")
    assert choose.open_engine(tiny_bundle, "cpu").name == "auto"


@pytest.mark.slow
@pytest.mark.parametrize("first", ["picture", "point", "idle"])
def test_where_the_remembered_one_cannot_be_opened_another_is_chosen(
    tiny_bundle: ModelBundle,
    engines: dict[str, type[Named]],
    first: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What opened yesterday may not today: a library was removed, memory is short."""
    fill(engines, "slow", "quick")
    first_point(choose.open_engine(tiny_bundle, "cpu"))
    fill(engines, "other")
    paths.chosen_engines().unlink()
    first_point(choose.open_engine(tiny_bundle, "cpu"))
    (key,) = json.loads(paths.chosen_engines().read_text())
    Memory(key).keep(Pick.of({"quick": [1.0], "slow": [2.0]}, TURNS))

    def fails(*_: object) -> None:
        raise EngineError("out of memory")

    monkeypatch.setattr(engines["quick"], "_open_optimizer", fails)
    monkeypatch.setattr(engines["quick"], "render", fails)
    engine = choose.open_engine(tiny_bundle, "cpu")
    assert engine.name == "quick"
    if first == "picture":
        engine.render(np.tile(engine.w_avg, (engine.info.num_ws, 1)))
    elif first == "idle":
        while engine.warm_up():
            pass
    first_point(engine)
    assert engine.name == "other"
    assert caplog.messages == ["quick, the fastest engine so far, cannot be opened: out of memory"]
    kept = Memory(key).recall()
    assert kept is not None and kept.engine == "other"
    engine.render(np.tile(engine.w_avg, (engine.info.num_ws, 1)))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 3}'])
def test_a_damaged_memory_is_no_memory(
    tiny_bundle: ModelBundle, engines: dict[str, type[Named]], text: str
) -> None:
    fill(engines, "slow", "quick")
    paths.chosen_engines().parent.mkdir(parents=True, exist_ok=True)
    paths.chosen_engines().write_text(text)
    engine = choose.open_engine(tiny_bundle, "cpu")
    assert isinstance(engine, AutoEngine)
    first_point(engine)
    kept = choose.remembered(tiny_bundle, "cpu")
    assert kept is not None and kept.engine == "quick"


@pytest.mark.slow
def test_where_nothing_can_be_remembered_it_is_found_out_again(
    tiny_bundle: ModelBundle,
    engines: dict[str, type[Named]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    fill(engines, "slow", "quick")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        engine = choose.open_engine(tiny_bundle, "cpu")
        first_point(engine)
        assert engine.name == "quick"


def test_when_none_is_right_the_numbers_are_said(
    tiny_bundle: ModelBundle, engines: dict[str, type[Named]]
) -> None:
    fill(engines, "wrong")
    assert choose.open_engine(tiny_bundle, "cpu").name == "wrong"  # nothing to choose from
    engines["too"] = type("wrong", (Named,), {"name": "wrong"})
    engine = choose.open_engine(tiny_bundle, "cpu")
    with pytest.raises(EngineError, match=r"no engine reproduces tiny's .* gradient of"):
        first_point(engine)
    with pytest.raises(EngineError, match="no engine reproduces"):
        engine.begin(Problem(np.zeros((8, 16), np.float32)))


def test_names(tiny_bundle: ModelBundle, engines: dict[str, type[Named]]) -> None:
    fill(engines, "absent", "quick")
    assert choose.open_engine(tiny_bundle, "cpu").name == "quick"
    with pytest.raises(EngineError, match="pip install absent"):
        choose.open_engine(tiny_bundle, "cpu", "absent")
    with pytest.raises(UsageError, match="no engine named 'fast'; available: auto, ort"):
        choose.open_engine(tiny_bundle, "cpu", "fast")
    engines.pop("quick")
    fill(engines, "absent too")
    with pytest.raises(EngineError, match=r"^absent, absent too: not installed; pip"):
        choose.open_engine(tiny_bundle, "cpu")


@pytest.mark.parametrize("engine", CHOICES)
def test_the_command_line_takes_every_engine(engine: str) -> None:
    """It lists them itself: --help does not wait for the engines."""
    assert parse(["--engine", engine]).engine == engine
