"""The engine in a process of its own answers as the engine does, and never outlives its owner."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import Engine, Problem, StepRequest
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.process import EngineProcess
from tui_draggan.errors import EngineError, UsageError

BUNDLE = ModelBundle.open(paths.bundled_models() / "critters")


@pytest.fixture
def child() -> Iterator[EngineProcess]:
    engine = EngineProcess(BUNDLE, "cpu", "ort")
    yield engine
    engine.close()


def drag(engine: Engine, steps: int) -> list[np.ndarray]:
    ws = latent_from_seed(engine, 3, 0.7).ws
    handles = np.array([[32, 44], [20, 20]], np.float32)
    targets = handles + 6
    templates = engine.features(ws, handles)
    engine.begin(Problem(ws))
    results: list[np.ndarray] = [engine.render(ws)]
    for _ in range(steps):
        result = engine.step(StepRequest(handles, targets, templates, 2, 6, 20.0, 0.01))
        handles = result.handles
        results += [result.ws, result.handles, result.image, np.array(result.loss)]
    return results


def test_it_computes_what_the_engine_computes(child: EngineProcess) -> None:
    here = open_engine(BUNDLE, "cpu", "ort")
    assert (child.name, child.device, child.info) == (here.name, here.device, here.info)
    for ours, theirs in zip(drag(child, 3), drag(here, 3), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_what_it_raises_is_raised_here_and_it_goes_on(child: EngineProcess) -> None:
    broken = np.full((BUNDLE.info.num_ws, BUNDLE.info.w_dim), np.nan, np.float32)
    with pytest.raises(EngineError, match="not finite"):
        child.render(broken)
    with pytest.raises(ValueError, match="shape"):
        child.render(broken[:2])
    assert child.render(np.zeros_like(broken)).any()


def test_a_device_that_is_not_there_is_said_at_the_door() -> None:
    with pytest.raises(UsageError, match="no device 'abacus'"):
        EngineProcess(BUNDLE, "abacus")


def test_its_death_is_one_error_not_a_hang(child: EngineProcess) -> None:
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match=r"process has ended \(status -9\)"):
        latent_from_seed(child, 1, 0.7)


def test_the_terminals_signals_are_not_its_business(child: EngineProcess) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(child._process.pid, number)
    time.sleep(0.1)
    assert latent_from_seed(child, 1, 0.7).ws.any()


def test_it_ends_with_its_owner() -> None:
    engine = EngineProcess(BUNDLE, "cpu")
    process = engine._process
    engine.close()
    assert process.poll() is not None
